// Make generators, or set the properties of those that are there; a list a column.
UNWIND range(0, size($id) - 1) AS i
MERGE (n:Generator {id: $id[i]})
SET n.kind = $kind[i], n.model = $model[i], n.revision = $revision[i],
    n.parameters = $parameters[i], n.prompt_version = $prompt_version[i], n.datasets = $datasets[i],
    n.contributions = $contributions[i]
RETURN count(*) AS rows
