// A page of the clusters that a data set holds, in the order of key: a list a column.
MATCH (n:IntentionCluster)
WHERE n.key >= $low AND n.key < $high AND n.dataset = $dataset AND n.retired IS NULL
WITH n ORDER BY n.key LIMIT $limit
WITH collect(n) AS nodes
RETURN [n IN nodes | n.key] AS key, [n IN nodes | n.dataset] AS dataset, [n IN nodes | n.id] AS id,
       [n IN nodes | n.label] AS label, [n IN nodes | n.keywords] AS keywords,
       [n IN nodes | n.level] AS level, [n IN nodes | n.size] AS size,
       [n IN nodes | n.vector] AS vector
