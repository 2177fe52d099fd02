// What a data set holds of SERVES: a row for each Product, a list a column.
MATCH (s:Product)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset
CALL (s) {
  MATCH (s)-[r:SERVES]->(t:IntentionCluster)
  WHERE t.dataset = $dataset
  RETURN collect(r) AS found, collect(t.key) AS target
}
WITH s, found, target
WHERE size(found) > 0
RETURN s.key AS source, target, [r IN found | r.cobuys] AS cobuys, [r IN found | r.weight] AS weight
