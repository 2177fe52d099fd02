// Set the properties of relationships SERVES; a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:IntentionCluster {key: $target[i]}) RETURN t }
MATCH (s)-[r:SERVES]->(t)
SET r.cobuys = $cobuys[i], r.weight = $weight[i]
RETURN count(*) AS rows
