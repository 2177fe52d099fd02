// Which purposes bridge two categories?
//
// Parameters:
//   one (text): a category's path, or its beginning
//   other (text): another
//   level (integer, default 1): 0 fine, 1 middle, 2 broad
//   limit (integer, default 20): rows at most
// Columns:
//   purpose: the purpose's label
//   products_one: how many products of the one category serve it
//   products_other: how many products of the other do
//   cluster: the purpose, for `mindgraph explain`
MATCH (a:Product)-[:SERVES]->(c:IntentionCluster)
WHERE c.level = $level AND any(path IN a.categories WHERE path STARTS WITH $one)
WITH c, count(DISTINCT a) AS products_one
MATCH (b:Product)-[:SERVES]->(c)
WHERE any(path IN b.categories WHERE path STARTS WITH $other)
WITH c, products_one, count(DISTINCT b) AS products_other
RETURN c.label AS purpose, products_one, products_other, c.id AS cluster
ORDER BY products_one + products_other DESC, cluster
LIMIT $limit
