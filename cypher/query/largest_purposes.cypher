// Which purposes are behind most of what is bought?
//
// Parameters:
//   level (integer, default 2): 0 fine, 1 middle, 2 broad
//   limit (integer, default 20): rows at most
// Columns:
//   purpose: the purpose's label
//   intentions: how many intentions stand in it
//   products: how many products serve it
//   such_as: those that serve it through most pairs of products
//   cluster: the purpose, for `mindgraph explain`
MATCH (p:Product)-[s:SERVES]->(c:IntentionCluster)
WHERE c.level = $level
WITH c, p, s
ORDER BY s.cobuys DESC, s.weight DESC, p.id
WITH c, count(*) AS products, collect(p.id)[0..4] AS such_as
RETURN c.label AS purpose, c.size AS intentions, products, such_as, c.id AS cluster
ORDER BY products DESC, intentions DESC, cluster
LIMIT $limit
