// Which intentions are the most generic, said of products of every kind?
//
// Parameters:
//   limit (integer, default 20): rows at most
// Columns:
//   intention: the phrase
//   statements: how many statements say that a product is bought for it, in whichever relation
//   products: how many products are bought for it
//   categories: how many categories these products stand in
//   intention_id: the intention, for `mindgraph explain`
MATCH (i:Intention)
WITH i, COUNT { (i)<-[:BOUGHT_FOR]-() } AS statements
ORDER BY statements DESC, i.id
LIMIT $limit
MATCH (i)<-[:BOUGHT_FOR]-(p:Product)
WITH DISTINCT i, statements, p
UNWIND CASE WHEN size(p.categories) = 0 THEN [null] ELSE p.categories END AS category
WITH i, statements, count(DISTINCT p) AS products, count(DISTINCT category) AS categories
RETURN i.text AS intention, statements, products, categories, i.id AS intention_id
ORDER BY statements DESC, intention_id
