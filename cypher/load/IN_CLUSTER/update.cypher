// Set the properties of relationships IN_CLUSTER; a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Intention {id: $source[i]})
CALL (i) { MATCH (t:IntentionCluster {key: $target[i]}) RETURN t }
MATCH (s)-[r:IN_CLUSTER]->(t)
SET r.weight = $weight[i]
RETURN count(*) AS rows
