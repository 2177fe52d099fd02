// Say what the data set holds now, so that the next load writes only what differs from it.
MERGE (l:MindgraphLoad {dataset: $dataset})
SET l.loaded = $loaded
