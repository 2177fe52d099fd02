// How many nodes and relationships a data set holds, by label and type.
MATCH (n:Product)
WHERE n.key >= $low AND n.key < $high AND n.dataset = $dataset AND n.retired IS NULL
RETURN 'Product' AS name, count(*) AS rows
UNION ALL
MATCH (n:CoBuy)
WHERE n.key >= $low AND n.key < $high AND n.dataset = $dataset AND n.retired IS NULL
RETURN 'CoBuy' AS name, count(*) AS rows
UNION ALL
MATCH (n:IntentionCluster)
WHERE n.key >= $low AND n.key < $high AND n.dataset = $dataset AND n.retired IS NULL
RETURN 'IntentionCluster' AS name, count(*) AS rows
UNION ALL
MATCH (n:Intention)
WHERE n.id IS NOT NULL AND $dataset IN n.datasets
RETURN 'Intention' AS name, count(*) AS rows
UNION ALL
MATCH (n:Generator)
WHERE n.id IS NOT NULL AND $dataset IN n.datasets
RETURN 'Generator' AS name, count(*) AS rows
UNION ALL
MATCH (s:CoBuy)-[r:OF]->(t:Product)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset AND t.dataset = $dataset
RETURN 'OF' AS name, count(*) AS rows
UNION ALL
MATCH (s:CoBuy)-[r:HAS_INTENTION]->(t:Intention)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset AND r.id IS NOT NULL AND t.id IS NOT NULL
RETURN 'HAS_INTENTION' AS name, count(*) AS rows
UNION ALL
MATCH (s:Product)-[r:BOUGHT_FOR]->(t:Intention)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset AND r.id IS NOT NULL AND t.id IS NOT NULL
RETURN 'BOUGHT_FOR' AS name, count(*) AS rows
UNION ALL
MATCH (s:Product)-[r:CO_BOUGHT]->(t:Product)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset AND t.dataset = $dataset
RETURN 'CO_BOUGHT' AS name, count(*) AS rows
UNION ALL
MATCH (s:Intention)-[r:IN_CLUSTER]->(t:IntentionCluster)
WHERE t.key >= $low AND t.key < $high AND t.dataset = $dataset AND s.id IS NOT NULL
RETURN 'IN_CLUSTER' AS name, count(*) AS rows
UNION ALL
MATCH (s:IntentionCluster)-[r:PART_OF]->(t:IntentionCluster)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset AND t.dataset = $dataset
RETURN 'PART_OF' AS name, count(*) AS rows
UNION ALL
MATCH (s:Product)-[r:SERVES]->(t:IntentionCluster)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset AND t.dataset = $dataset
RETURN 'SERVES' AS name, count(*) AS rows
