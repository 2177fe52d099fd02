// The generators that were kept because others hang on to them.
MATCH (n:Generator)
WHERE n.datasets = []
RETURN collect(n.id) AS kept
