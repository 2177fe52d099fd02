// The relationships PART_OF of these ends: a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:IntentionCluster {key: $source[i]})
CALL (i) { MATCH (t:IntentionCluster {key: $target[i]}) RETURN t }
MATCH (s)-[r:PART_OF]->(t)
WITH collect(r) AS found, collect(s.key) AS source, collect(t.key) AS target
RETURN source, target
