// What was loaded last of a data set, as the digest of its tables; null while a load is not finished.
OPTIONAL MATCH (l:MindgraphLoad {dataset: $dataset})
RETURN l.loaded AS loaded
