// A page of the co-buys that a data set holds, in the order of key: a list a column.
MATCH (n:CoBuy)
WHERE n.key >= $low AND n.key < $high AND n.dataset = $dataset AND n.retired IS NULL
WITH n ORDER BY n.key LIMIT $limit
WITH collect(n) AS nodes
RETURN [n IN nodes | n.key] AS key, [n IN nodes | n.dataset] AS dataset, [n IN nodes | n.id] AS id,
       [n IN nodes | n.weight] AS weight, [n IN nodes | n.lift] AS lift
