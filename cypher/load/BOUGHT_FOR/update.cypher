// Set the properties of relationships BOUGHT_FOR; a list a column.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:Intention {id: $target[i]}) RETURN t }
MATCH (s)-[r:BOUGHT_FOR {id: $id[i]}]->(t)
SET r.relation = $relation[i], r.cobuys = $cobuys[i], r.acceptance = $acceptance[i],
    r.support = $support[i]
RETURN count(*) AS rows
