// Make relationships HAS_INTENTION; a list a column. Fewer rows come back where an end is missing.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:CoBuy {key: $source[i]})
CALL (i) { MATCH (t:Intention {id: $target[i]}) RETURN t }
CREATE (s)-[:HAS_INTENTION {id: $id[i], relation: $relation[i], acceptance: $acceptance[i], support: $support[i],
  generators: $generators[i]}]->(t)
RETURN count(*) AS rows
