// The relationships HAS_INTENTION of these ends and ids: a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:CoBuy {key: $source[i]})
CALL (i) { MATCH (t:Intention {id: $target[i]}) RETURN t }
MATCH (s)-[r:HAS_INTENTION {id: $id[i]}]->(t)
WITH collect(r) AS found, collect(s.key) AS source, collect(t.id) AS target
RETURN source, target, [r IN found | r.id] AS id, [r IN found | r.relation] AS relation,
       [r IN found | r.acceptance] AS acceptance, [r IN found | r.support] AS support,
       [r IN found | r.generators] AS generators
