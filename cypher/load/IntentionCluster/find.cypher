// The clusters of these keys that the data set holds: a list a column.
UNWIND $wanted AS key
MATCH (n:IntentionCluster {key: key})
WHERE n.dataset = $dataset AND n.retired IS NULL
WITH collect(n) AS nodes
RETURN [n IN nodes | n.key] AS key, [n IN nodes | n.dataset] AS dataset, [n IN nodes | n.id] AS id,
       [n IN nodes | n.label] AS label, [n IN nodes | n.keywords] AS keywords,
       [n IN nodes | n.level] AS level, [n IN nodes | n.size] AS size,
       [n IN nodes | n.vector] AS vector
