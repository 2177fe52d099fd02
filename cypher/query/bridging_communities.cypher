// Which purposes bridge parts of the shop that are bought apart?
//
// A part is a community of products that are bought with each other. Shown are the two that serve a purpose most.
//
// Parameters:
//   level (integer, default 1): 0 fine, 1 middle, 2 broad
//   limit (integer, default 20): rows at most
// Columns:
//   purpose: the purpose's label
//   communities: how many communities serve it
//   products_one: how many products of the one do
//   such_one: some of these
//   products_other: how many products of the other do
//   such_other: some of these
//   cluster: the purpose, for `mindgraph explain`
MATCH (p:Product)-[s:SERVES]->(c:IntentionCluster)
WHERE c.level = $level AND p.community IS NOT NULL
WITH c, p, s
ORDER BY s.cobuys DESC, p.id
WITH c, p.community AS community, count(*) AS products, collect(p.id)[0..3] AS such
ORDER BY products DESC, community
WITH c, collect(products) AS counts, collect(such) AS examples
WHERE size(counts) > 1
RETURN c.label AS purpose, size(counts) AS communities, counts[0] AS products_one, examples[0] AS such_one,
       counts[1] AS products_other, examples[1] AS such_other, c.id AS cluster
ORDER BY products_other DESC, products_one DESC, cluster
LIMIT $limit
