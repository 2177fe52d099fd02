// The ids of nodes that another application calls Intention.
MATCH (n:Intention)
WHERE n.id IS NOT NULL AND n.datasets IS NULL
RETURN collect(n.id) AS taken
