// What a data set holds of BOUGHT_FOR: a row for each Product, a list a column.
MATCH (s:Product)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset
CALL (s) {
  MATCH (s)-[r:BOUGHT_FOR]->(t:Intention)
  WHERE r.id IS NOT NULL AND t.id IS NOT NULL
  RETURN collect(r) AS found, collect(t.id) AS target
}
WITH s, found, target
WHERE size(found) > 0
RETURN s.key AS source, target, [r IN found | r.id] AS id, [r IN found | r.relation] AS relation,
       [r IN found | r.cobuys] AS cobuys, [r IN found | r.acceptance] AS acceptance,
       [r IN found | r.support] AS support
