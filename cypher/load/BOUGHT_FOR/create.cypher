// Make relationships BOUGHT_FOR; a list a column. Fewer rows come back where an end is missing.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:Intention {id: $target[i]}) RETURN t }
CREATE (s)-[:BOUGHT_FOR {id: $id[i], relation: $relation[i], cobuys: $cobuys[i], acceptance: $acceptance[i],
  support: $support[i]}]->(t)
RETURN count(*) AS rows
