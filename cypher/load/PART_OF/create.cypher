// Make relationships PART_OF; a list a column. Fewer rows come back where an end is missing.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:IntentionCluster {key: $source[i]})
CALL (i) { MATCH (t:IntentionCluster {key: $target[i]}) RETURN t }
CREATE (s)-[:PART_OF]->(t)
RETURN count(*) AS rows
