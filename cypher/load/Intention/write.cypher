// Make intentions, or set the properties of those that are there; a list a column.
UNWIND range(0, size($id) - 1) AS i
MERGE (n:Intention {id: $id[i]})
SET n.text = $text[i], n.lang = $lang[i], n.vector = $vector[i], n.variants = $variants[i], n.datasets = $datasets[i],
    n.contributions = $contributions[i]
RETURN count(*) AS rows
