// The products that were kept because others hang on to them.
MATCH (n:Product)
WHERE n.key >= $low AND n.key < $high AND n.dataset = $dataset AND n.retired
RETURN collect(n.key) AS kept
