// The node on which loads wait for each other; made once.
MERGE (l:MindgraphLoad {dataset: '/'})
RETURN 1 AS rows
