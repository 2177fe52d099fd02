// The co-buys of these keys that the data set holds: a list a column.
UNWIND $wanted AS key
MATCH (n:CoBuy {key: key})
WHERE n.dataset = $dataset AND n.retired IS NULL
WITH collect(n) AS nodes
RETURN [n IN nodes | n.key] AS key, [n IN nodes | n.dataset] AS dataset, [n IN nodes | n.id] AS id,
       [n IN nodes | n.weight] AS weight, [n IN nodes | n.lift] AS lift
