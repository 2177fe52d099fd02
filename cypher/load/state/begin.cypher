// Say that what a data set holds is being changed.
MERGE (l:MindgraphLoad {dataset: $dataset})
SET l.loaded = null, l.version = $version
RETURN 1 AS rows
