// Set the properties of relationships HAS_INTENTION; a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:CoBuy {key: $source[i]})
CALL (i) { MATCH (t:Intention {id: $target[i]}) RETURN t }
MATCH (s)-[r:HAS_INTENTION {id: $id[i]}]->(t)
SET r.relation = $relation[i], r.acceptance = $acceptance[i], r.support = $support[i],
    r.generators = $generators[i]
RETURN count(*) AS rows
