// The intentions that were kept because others hang on to them.
MATCH (n:Intention)
WHERE n.datasets = []
RETURN collect(n.id) AS kept
