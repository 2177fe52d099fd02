// What could be bought instead of this product?
//
// Bought for the same and with the same other products, yet never with it: one does the other's work.
//
// Parameters:
//   product (text): a product, by the shop's id or by its full key
//   limit (integer, default 20): rows at most
// Columns:
//   product: the other product's id
//   title: its title
//   same_kind: whether the two share a category; such products come first
//   shared: how many intentions the two share
//   partners: how many products were bought with either of them
//   price: the other product's price
//   intentions: some of what both are bought for
MATCH (p:Product)
WHERE p.key = $product OR p.id = $product
MATCH (p)-[:CO_BOUGHT]-(partner:Product)-[:CO_BOUGHT]-(other:Product)
WHERE other <> p
WITH p, other, count(DISTINCT partner) AS partners
WHERE NOT EXISTS { (other)-[:CO_BOUGHT]-(p) }
MATCH (p)-[:BOUGHT_FOR]->(i:Intention)<-[:BOUGHT_FOR]-(other)
WITH DISTINCT p, other, partners, i.text AS text
ORDER BY text
WITH p, other, partners, collect(text) AS texts
WITH other, partners, texts, any(c IN other.categories WHERE c IN p.categories) AS same_kind
RETURN other.id AS product, other.title AS title, same_kind, size(texts) AS shared, partners,
       other.price AS price, texts[0..3] AS intentions
ORDER BY same_kind DESC, shared DESC, partners DESC, product, other.key
LIMIT $limit
