// What is this basket for?
//
// Parameters:
//   products (list): products of the basket, by the shop's ids or by their full keys
//   limit (integer, default 20): rows at most
// Columns:
//   intention: what products of the basket are bought for
//   serves: how many products of the basket are bought for it
//   products: which of them
//   support: how many answers said it of them
//   intention_id: the intention, for `mindgraph explain`
UNWIND $products AS wanted
MATCH (p:Product)
WHERE p.key = wanted OR p.id = wanted
WITH DISTINCT p
MATCH (p)-[b:BOUGHT_FOR]->(i:Intention)
WITH i, p, sum(b.support) AS support
ORDER BY p.id, p.key
WITH i, collect(p.id) AS products, sum(support) AS support
RETURN i.text AS intention, size(products) AS serves, products, support, i.id AS intention_id
ORDER BY serves DESC, support DESC, intention, intention_id
LIMIT $limit
