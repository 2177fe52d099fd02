// Make clusters, or set the properties of those that are there; a list a column.
UNWIND range(0, size($key) - 1) AS i
MERGE (n:IntentionCluster {key: $key[i]})
SET n.dataset = $dataset, n.id = $id[i], n.label = $label[i], n.keywords = $keywords[i],
    n.level = $level[i], n.size = $size[i], n.vector = $vector[i], n.retired = null
RETURN count(*) AS rows
