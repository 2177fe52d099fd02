// Make relationships OF; a list a column. Fewer rows come back where an end is missing.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:CoBuy {key: $source[i]})
CALL (i) { MATCH (t:Product {key: $target[i]}) RETURN t }
CREATE (s)-[:OF]->(t)
RETURN count(*) AS rows
