// Remove relationships BOUGHT_FOR, all but the first `$keep` of each.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:Intention {id: $target[i]}) RETURN t }
MATCH (s)-[r:BOUGHT_FOR {id: $id[i]}]->(t)
WITH i, collect(r) AS found
FOREACH (r IN found[$keep..] | DELETE r)
RETURN count(*) AS rows
