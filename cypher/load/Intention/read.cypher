// A page of the intentions that a data set holds, in the order of id: a list a column.
MATCH (n:Intention)
WHERE n.id >= $low AND n.id < $high AND $dataset IN n.datasets
WITH n ORDER BY n.id LIMIT $limit
WITH collect(n) AS nodes
RETURN [n IN nodes | n.id] AS id, [n IN nodes | n.text] AS text, [n IN nodes | n.lang] AS lang,
       [n IN nodes | n.variants] AS variants, [n IN nodes | n.datasets] AS datasets,
       [n IN nodes | n.contributions] AS contributions,
       [n IN nodes | n.vector] AS vector
