// Which products are bought for the same as this one, but were never bought with it?
//
// Parameters:
//   product (text): a product, by the shop's id or by its full key
//   common (integer, default 100): leave out intentions of more products than this: they say little
//   limit (integer, default 20): rows at most
// Columns:
//   product: the other product's id
//   title: its title
//   shared: how many intentions the two share
//   intentions: some of what both are bought for
MATCH (p:Product)
WHERE p.key = $product OR p.id = $product
MATCH (p)-[:BOUGHT_FOR]->(i:Intention)
WITH DISTINCT p, i
WHERE COUNT { (i)<-[:BOUGHT_FOR]-() } <= $common
MATCH (i)<-[:BOUGHT_FOR]-(other:Product)
WITH p, other, collect(DISTINCT i) AS both
WHERE other <> p AND NOT EXISTS { (other)-[:CO_BOUGHT]-(p) }
WITH other, both, size(both) AS shared
ORDER BY shared DESC, other.id, other.key
LIMIT $limit
UNWIND both AS i
WITH other, shared, i.text AS text
ORDER BY text
WITH other, shared, collect(text) AS texts
RETURN other.id AS product, other.title AS title, shared, texts[0..3] AS intentions
ORDER BY shared DESC, product, other.key
