// What a data set holds of CO_BOUGHT: a row for each Product, a list a column.
MATCH (s:Product)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset
CALL (s) {
  MATCH (s)-[r:CO_BOUGHT]->(t:Product)
  WHERE t.dataset = $dataset
  RETURN collect(r) AS found, collect(t.key) AS target
}
WITH s, found, target
WHERE size(found) > 0
RETURN s.key AS source, target, [r IN found | r.weight] AS weight, [r IN found | r.lift] AS lift
