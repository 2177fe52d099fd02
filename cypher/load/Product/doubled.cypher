// The keys that more than one Product has: they forbid the constraint.
MATCH (n:Product)
WHERE n.key IS NOT NULL
WITH n.key AS key, count(*) AS copies
WHERE copies > 1
RETURN key ORDER BY key LIMIT 3
