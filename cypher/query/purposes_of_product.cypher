// Which purposes does this product serve?
//
// Parameters:
//   product (text): a product, by the shop's id or by its full key
//   level (integer, default 0): 0 fine, 1 middle, 2 broad
//   limit (integer, default 20): rows at most
// Columns:
//   purpose: the purpose's label
//   cobuys: through how many pairs of products it is served
//   weight: support of what is said of it, added up
//   cluster: the purpose, for `mindgraph explain`
MATCH (p:Product)
WHERE p.key = $product OR p.id = $product
MATCH (p)-[s:SERVES]->(c:IntentionCluster)
WHERE c.level = $level
RETURN c.label AS purpose, s.cobuys AS cobuys, s.weight AS weight, c.id AS cluster
ORDER BY cobuys DESC, weight DESC, cluster
LIMIT $limit
