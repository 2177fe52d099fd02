// Which products have these words in their title?
//
// Parameters:
//   words (words): all of them must be there; `charg*` is any word that begins so
//   limit (integer, default 20): rows at most
// Columns:
//   product: the product's id
//   title: its title
//   intentions: how many intentions it is bought for
//   score: how well it matches; comparable within one answer only
//   key: the product's full key
CALL db.index.fulltext.queryNodes('product_title', $words) YIELD node, score
WITH node AS p, score
ORDER BY score DESC, p.key
LIMIT $limit
OPTIONAL MATCH (p)-[:BOUGHT_FOR]->(i:Intention)
RETURN p.id AS product, p.title AS title, count(DISTINCT i) AS intentions, score, p.key AS key
ORDER BY score DESC, key
