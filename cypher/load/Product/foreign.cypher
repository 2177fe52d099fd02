// The keys of nodes that another application calls Product.
MATCH (n:Product)
WHERE n.key >= $low AND n.key < $high AND (n.dataset IS NULL OR n.dataset <> $dataset)
RETURN collect(n.key) AS taken
