// Why were these two products bought together?
//
// Parameters:
//   a (text): one product, by the shop's id or by its full key
//   b (text): the other product
//   limit (integer, default 20): rows at most
// Columns:
//   relation: how the intention joins the two
//   intention: the reason, as a phrase
//   acceptance: how sure the shopper was of it, 0 to 1, on average
//   support: how many answers said it
//   times: how often the two were bought together
//   triple: id of the statement, for `mindgraph explain`
MATCH (a:Product)<-[:OF]-(c:CoBuy)-[:OF]->(b:Product)
WHERE (a.key = $a OR a.id = $a) AND (b.key = $b OR b.id = $b)
MATCH (c)-[h:HAS_INTENTION]->(i:Intention)
RETURN h.relation AS relation, i.text AS intention, h.acceptance AS acceptance, h.support AS support,
       c.weight AS times, h.id AS triple
ORDER BY support DESC, coalesce(acceptance, -1.0) DESC, intention, relation, triple
LIMIT $limit
