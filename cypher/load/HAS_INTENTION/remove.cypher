// Remove relationships HAS_INTENTION, all but the first `$keep` of each.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:CoBuy {key: $source[i]})
CALL (i) { MATCH (t:Intention {id: $target[i]}) RETURN t }
MATCH (s)-[r:HAS_INTENTION {id: $id[i]}]->(t)
WITH i, collect(r) AS found
FOREACH (r IN found[$keep..] | DELETE r)
RETURN count(*) AS rows
