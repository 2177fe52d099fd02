// What is missing in this basket?
//
// Products that are bought for what several products of the basket are bought for, and are not in it.
//
// Parameters:
//   products (list): products of the basket, by the shop's ids or by their full keys
//   serves (integer, default 2): products of the basket that an intention must serve at least
//   common (integer, default 100): leave out intentions of more statements than this: they say little
//   limit (integer, default 20): rows at most
// Columns:
//   product: the product's id
//   title: its title
//   shared: how many of the basket's intentions it is bought for
//   bought_with: with how many products of the basket it was bought
//   intentions: some of those intentions
UNWIND $products AS wanted
MATCH (p:Product)
WHERE p.key = wanted OR p.id = wanted
WITH collect(DISTINCT p) AS basket
UNWIND basket AS p
MATCH (p)-[:BOUGHT_FOR]->(i:Intention)
WITH basket, i, count(DISTINCT p) AS serving
WHERE serving >= $serves AND COUNT { (i)<-[:BOUGHT_FOR]-() } <= $common
MATCH (i)<-[:BOUGHT_FOR]-(other:Product)
WHERE NOT other IN basket
WITH DISTINCT basket, i, other
WITH basket, other, collect(i.text) AS texts
WITH basket, other, texts, size(texts) AS shared
ORDER BY shared DESC, other.id, other.key
LIMIT $limit
UNWIND texts AS text
WITH basket, other, shared, text
ORDER BY text
WITH basket, other, shared, collect(text) AS texts
OPTIONAL MATCH (other)-[:CO_BOUGHT]-(with:Product)
WHERE with IN basket
WITH other, shared, texts, count(DISTINCT with) AS bought_with
RETURN other.id AS product, other.title AS title, shared, bought_with, texts[0..3] AS intentions
ORDER BY shared DESC, bought_with DESC, product, other.key
