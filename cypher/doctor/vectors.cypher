// Whether intentions were loaded with vectors: all of them are, or none.
MATCH (i:Intention)
WITH i LIMIT 1
RETURN i.vector IS NOT NULL AS vectors
