// The relationships CO_BOUGHT of these ends: a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:Product {key: $target[i]}) RETURN t }
MATCH (s)-[r:CO_BOUGHT]->(t)
WITH collect(r) AS found, collect(s.key) AS source, collect(t.key) AS target
RETURN source, target, [r IN found | r.weight] AS weight, [r IN found | r.lift] AS lift
