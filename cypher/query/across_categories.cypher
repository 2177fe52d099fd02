// Which categories are bought together, and for what?
//
// A product counts for the first of its categories.
//
// Parameters:
//   limit (integer, default 20): rows at most
// Columns:
//   category: one category
//   other: the other category
//   cobuys: how many pairs of products, one of each, were bought together
//   times: how often in all
//   reason: the intention that explains most of these pairs
MATCH (a:Product)<-[:OF]-(c:CoBuy)-[:OF]->(b:Product)
WHERE a.categories[0] < b.categories[0]
WITH a.categories[0] AS category, b.categories[0] AS other, c
WITH category, other, count(DISTINCT c) AS cobuys, sum(c.weight) AS times, collect(DISTINCT c) AS purchases
ORDER BY cobuys DESC, times DESC, category, other
LIMIT $limit
UNWIND purchases AS c
OPTIONAL MATCH (c)-[h:HAS_INTENTION]->(i:Intention)
WITH category, other, cobuys, times, i, count(DISTINCT c) AS explained, sum(h.support) AS support
ORDER BY explained DESC, support DESC, i.text
WITH category, other, cobuys, times, collect(i.text) AS reasons
RETURN category, other, cobuys, times, reasons[0] AS reason
ORDER BY cobuys DESC, times DESC, category, other
