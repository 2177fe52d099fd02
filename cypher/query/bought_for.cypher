// What is this product bought for?
//
// Parameters:
//   product (text): a product, by the shop's id or by its full key
//   limit (integer, default 20): rows at most
// Columns:
//   relation: how the intention joins the products of a purchase
//   intention: what the product is bought for
//   cobuys: in how many pairs of products that is said
//   support: how many answers said it
//   acceptance: how sure the shopper was of it, 0 to 1, on average
//   intention_id: the intention, for `mindgraph explain`
MATCH (p:Product)
WHERE p.key = $product OR p.id = $product
MATCH (p)-[b:BOUGHT_FOR]->(i:Intention)
RETURN b.relation AS relation, i.text AS intention, b.cobuys AS cobuys, b.support AS support,
       b.acceptance AS acceptance, i.id AS intention_id
ORDER BY cobuys DESC, support DESC, coalesce(acceptance, -1.0) DESC, intention, relation, b.id
LIMIT $limit
