// What a data set holds of HAS_INTENTION: a row for each CoBuy, a list a column.
MATCH (s:CoBuy)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset
CALL (s) {
  MATCH (s)-[r:HAS_INTENTION]->(t:Intention)
  WHERE r.id IS NOT NULL AND t.id IS NOT NULL
  RETURN collect(r) AS found, collect(t.id) AS target
}
WITH s, found, target
WHERE size(found) > 0
RETURN s.key AS source, target, [r IN found | r.id] AS id, [r IN found | r.relation] AS relation,
       [r IN found | r.acceptance] AS acceptance, [r IN found | r.support] AS support,
       [r IN found | r.generators] AS generators
