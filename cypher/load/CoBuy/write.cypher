// Make co-buys, or set the properties of those that are there; a list a column.
UNWIND range(0, size($key) - 1) AS i
MERGE (n:CoBuy {key: $key[i]})
SET n.dataset = $dataset, n.id = $id[i], n.weight = $weight[i], n.lift = $lift[i], n.retired = null
RETURN count(*) AS rows
