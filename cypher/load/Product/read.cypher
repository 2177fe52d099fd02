// A page of the products that a data set holds, in the order of key: a list a column.
MATCH (n:Product)
WHERE n.key >= $low AND n.key < $high AND n.dataset = $dataset AND n.retired IS NULL
WITH n ORDER BY n.key LIMIT $limit
WITH collect(n) AS nodes
RETURN [n IN nodes | n.key] AS key, [n IN nodes | n.dataset] AS dataset, [n IN nodes | n.id] AS id,
       [n IN nodes | n.title] AS title, [n IN nodes | n.brand] AS brand,
       [n IN nodes | n.categories] AS categories, [n IN nodes | n.price] AS price,
       [n IN nodes | n.image] AS image, [n IN nodes | n.community] AS community
