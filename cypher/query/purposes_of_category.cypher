// Which purposes do the products of this category serve?
//
// Parameters:
//   category (text): a category's path, or its beginning, such as "Electronics > Cameras"
//   level (integer, default 1): 0 fine, 1 middle, 2 broad
//   limit (integer, default 20): rows at most
// Columns:
//   purpose: the purpose's label
//   products: how many products of the category serve it
//   weight: support of what is said of them, added up
//   cluster: the purpose, for `mindgraph explain`
MATCH (p:Product)-[s:SERVES]->(c:IntentionCluster)
WHERE c.level = $level AND any(path IN p.categories WHERE path STARTS WITH $category)
WITH c, count(p) AS products, sum(s.weight) AS weight
RETURN c.label AS purpose, products, round(weight, 4) AS weight, c.id AS cluster
ORDER BY products DESC, weight DESC, cluster
LIMIT $limit
