// The clusters that were kept because others hang on to them.
MATCH (n:IntentionCluster)
WHERE n.key >= $low AND n.key < $high AND n.dataset = $dataset AND n.retired
RETURN collect(n.key) AS kept
