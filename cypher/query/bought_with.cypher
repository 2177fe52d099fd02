// What is bought with this product, and why?
//
// Parameters:
//   product (text): a product, by the shop's id or by its full key
//   reasons (integer, default 3): reasons at most for each product
//   limit (integer, default 20): rows at most
// Columns:
//   product: the other product's id
//   title: its title
//   times: how often the two were bought together
//   why: the strongest reasons, the strongest first
MATCH (p:Product)
WHERE p.key = $product OR p.id = $product
MATCH (p)<-[:OF]-(c:CoBuy)-[:OF]->(other:Product)
OPTIONAL MATCH (c)-[h:HAS_INTENTION]->(i:Intention)
WITH other, c, i.text AS text, sum(h.support) AS support, max(h.acceptance) AS acceptance
ORDER BY support DESC, coalesce(acceptance, -1.0) DESC, text
WITH other, c, collect(text) AS texts
RETURN other.id AS product, other.title AS title, c.weight AS times, texts[0..$reasons] AS why
ORDER BY times DESC, product, title, c.key
LIMIT $limit
