// What a data set holds of IN_CLUSTER: a row for each IntentionCluster, a list a column.
MATCH (t:IntentionCluster)
WHERE t.key >= $low AND t.key < $high AND t.dataset = $dataset
CALL (t) {
  MATCH (t)<-[r:IN_CLUSTER]-(s:Intention)
  WHERE s.id IS NOT NULL
  RETURN collect(r) AS found, collect(s.id) AS source
}
WITH t, found, source
WHERE size(found) > 0
RETURN t.key AS target, source, [r IN found | r.weight] AS weight
