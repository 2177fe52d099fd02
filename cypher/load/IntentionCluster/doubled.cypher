// The keys that more than one IntentionCluster has: they forbid the constraint.
MATCH (n:IntentionCluster)
WHERE n.key IS NOT NULL
WITH n.key AS key, count(*) AS copies
WHERE copies > 1
RETURN key ORDER BY key LIMIT 3
