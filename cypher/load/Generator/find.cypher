// The generators of these ids, whichever data set holds them: a list a column.
UNWIND $wanted AS id
MATCH (n:Generator {id: id})
WITH collect(n) AS nodes
RETURN [n IN nodes | n.id] AS id, [n IN nodes | n.kind] AS kind, [n IN nodes | n.model] AS model,
       [n IN nodes | n.revision] AS revision, [n IN nodes | n.parameters] AS parameters,
       [n IN nodes | n.prompt_version] AS prompt_version, [n IN nodes | n.datasets] AS datasets,
       [n IN nodes | n.contributions] AS contributions
