// The relationships IN_CLUSTER of these ends: a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Intention {id: $source[i]})
CALL (i) { MATCH (t:IntentionCluster {key: $target[i]}) RETURN t }
MATCH (s)-[r:IN_CLUSTER]->(t)
WITH collect(r) AS found, collect(s.id) AS source, collect(t.key) AS target
RETURN source, target, [r IN found | r.weight] AS weight
