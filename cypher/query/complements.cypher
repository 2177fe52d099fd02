// What goes with this product, more than chance would have it?
//
// Parameters:
//   product (text): a product, by the shop's id or by its full key
//   times (number, default 1): leave out what was bought with it less often than this
//   limit (integer, default 20): rows at most
// Columns:
//   product: the other product's id
//   title: its title
//   lift: how many times more often the two are bought together than if chance had it
//   times: how often they were bought together
//   same_kind: whether the two share a category
//   reasons: how many intentions explain it
//   why: the strongest of them
MATCH (p:Product)
WHERE p.key = $product OR p.id = $product
MATCH (p)<-[:OF]-(c:CoBuy)-[:OF]->(other:Product)
WHERE c.weight >= $times
WITH p, c, other
ORDER BY coalesce(c.lift, 0.0) DESC, c.weight DESC, other.id, c.key
LIMIT $limit
OPTIONAL MATCH (c)-[h:HAS_INTENTION]->(i:Intention)
WITH p, c, other, i.text AS text, sum(h.support) AS support, max(h.acceptance) AS acceptance
ORDER BY support DESC, coalesce(acceptance, -1.0) DESC, text
WITH p, c, other, collect(text) AS texts
RETURN other.id AS product, other.title AS title, c.lift AS lift, c.weight AS times,
       any(k IN other.categories WHERE k IN p.categories) AS same_kind,
       size(texts) AS reasons, texts[0] AS why
ORDER BY coalesce(lift, 0.0) DESC, times DESC, product, c.key
