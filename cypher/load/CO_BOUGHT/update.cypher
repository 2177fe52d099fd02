// Set the properties of relationships CO_BOUGHT; a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:Product {key: $target[i]}) RETURN t }
MATCH (s)-[r:CO_BOUGHT]->(t)
SET r.weight = $weight[i], r.lift = $lift[i]
RETURN count(*) AS rows
