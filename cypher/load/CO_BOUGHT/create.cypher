// Make relationships CO_BOUGHT; a list a column. Fewer rows come back where an end is missing.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:Product {key: $target[i]}) RETURN t }
CREATE (s)-[:CO_BOUGHT {weight: $weight[i], lift: $lift[i]}]->(t)
RETURN count(*) AS rows
