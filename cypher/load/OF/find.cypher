// The relationships OF of these ends: a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:CoBuy {key: $source[i]})
CALL (i) { MATCH (t:Product {key: $target[i]}) RETURN t }
MATCH (s)-[r:OF]->(t)
WITH collect(r) AS found, collect(s.key) AS source, collect(t.key) AS target
RETURN source, target
