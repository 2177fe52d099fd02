// The ids that more than one Generator has: they forbid the constraint.
MATCH (n:Generator)
WHERE n.id IS NOT NULL
WITH n.id AS id, count(*) AS copies
WHERE copies > 1
RETURN id ORDER BY id LIMIT 3
