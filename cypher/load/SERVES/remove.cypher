// Remove relationships SERVES, all but the first `$keep` of each.
UNWIND range(0, size($source) - 1) AS i
MATCH (s:Product {key: $source[i]})
CALL (i) { MATCH (t:IntentionCluster {key: $target[i]}) RETURN t }
MATCH (s)-[r:SERVES]->(t)
WITH i, collect(r) AS found
FOREACH (r IN found[$keep..] | DELETE r)
RETURN count(*) AS rows
