// The relationships SERVES of these ends: a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:IntentionCluster {key: $target[i]}) RETURN t }
MATCH (s)-[r:SERVES]->(t)
WITH collect(r) AS found, collect(s.key) AS source, collect(t.key) AS target
RETURN source, target, [r IN found | r.cobuys] AS cobuys, [r IN found | r.weight] AS weight
