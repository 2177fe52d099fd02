// Which purposes do these products serve together?
//
// Parameters:
//   products (list): products of the basket, by the shop's ids or by their full keys
//   level (integer, default 1): 0 fine, 1 middle, 2 broad
//   limit (integer, default 20): rows at most
// Columns:
//   purpose: the purpose's label
//   products_of_basket: how many of the products serve it
//   weight: support of what is said of them, added up
//   cluster: the purpose, for `mindgraph explain`
UNWIND $products AS wanted
MATCH (p:Product)
WHERE p.key = wanted OR p.id = wanted
WITH DISTINCT p
MATCH (p)-[s:SERVES]->(c:IntentionCluster)
WHERE c.level = $level
WITH c, count(p) AS products_of_basket, sum(s.weight) AS weight
RETURN c.label AS purpose, products_of_basket, round(weight, 4) AS weight, c.id AS cluster
ORDER BY products_of_basket DESC, weight DESC, cluster
LIMIT $limit
