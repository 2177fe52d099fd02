// A page of the generators that a data set holds, in the order of id: a list a column.
MATCH (n:Generator)
WHERE n.id >= $low AND n.id < $high AND $dataset IN n.datasets
WITH n ORDER BY n.id LIMIT $limit
WITH collect(n) AS nodes
RETURN [n IN nodes | n.id] AS id, [n IN nodes | n.kind] AS kind, [n IN nodes | n.model] AS model,
       [n IN nodes | n.revision] AS revision, [n IN nodes | n.parameters] AS parameters,
       [n IN nodes | n.prompt_version] AS prompt_version, [n IN nodes | n.datasets] AS datasets,
       [n IN nodes | n.contributions] AS contributions
