// What a data set holds of PART_OF: a row for each IntentionCluster, a list a column.
MATCH (s:IntentionCluster)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset
CALL (s) {
  MATCH (s)-[r:PART_OF]->(t:IntentionCluster)
  WHERE t.dataset = $dataset
  RETURN collect(r) AS found, collect(t.key) AS target
}
WITH s, found, target
WHERE size(found) > 0
RETURN s.key AS source, target
