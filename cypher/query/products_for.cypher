// Which products are bought for this?
//
// Parameters:
//   intention (text): the intention's id, as `find_intention` gives it
//   limit (integer, default 20): rows at most
// Columns:
//   product: the product's id
//   title: its title
//   relations: in which relations it is said
//   cobuys: in how many purchases at most
//   support: how many answers said it
MATCH (i:Intention)
WHERE i.id = $intention
MATCH (i)<-[b:BOUGHT_FOR]-(p:Product)
WITH p, b
ORDER BY b.relation
WITH p, collect(b.relation) AS relations, max(b.cobuys) AS cobuys, sum(b.support) AS support
RETURN p.id AS product, p.title AS title, relations, cobuys, support
ORDER BY cobuys DESC, support DESC, product, p.key
LIMIT $limit
