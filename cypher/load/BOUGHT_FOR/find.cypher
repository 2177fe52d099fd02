// The relationships BOUGHT_FOR of these ends and ids: a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:Intention {id: $target[i]}) RETURN t }
MATCH (s)-[r:BOUGHT_FOR {id: $id[i]}]->(t)
WITH collect(r) AS found, collect(s.key) AS source, collect(t.id) AS target
RETURN source, target, [r IN found | r.id] AS id, [r IN found | r.relation] AS relation,
       [r IN found | r.cobuys] AS cobuys, [r IN found | r.acceptance] AS acceptance,
       [r IN found | r.support] AS support
