// Make relationships IN_CLUSTER; a list a column. Fewer rows come back where an end is missing.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Intention {id: $source[i]})
CALL (i) { MATCH (t:IntentionCluster {key: $target[i]}) RETURN t }
CREATE (s)-[:IN_CLUSTER {weight: $weight[i]}]->(t)
RETURN count(*) AS rows
