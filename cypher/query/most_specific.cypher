// Which intentions are the most specific, said of the fewest purchases?
//
// Parameters:
//   support (integer, default 1): leave out what fewer answers than this said
//   limit (integer, default 20): rows at most
// Columns:
//   intention: the phrase
//   cobuys: how many pairs of products were bought together for it
//   support: how many answers said it
//   acceptance: how sure the shopper was of it at most, 0 to 1
//   intention_id: the intention, for `mindgraph explain`
MATCH (c:CoBuy)-[h:HAS_INTENTION]->(i:Intention)
WITH i, count(DISTINCT c) AS cobuys, sum(h.support) AS support, max(h.acceptance) AS acceptance
WHERE support >= $support
RETURN i.text AS intention, cobuys, support, acceptance, i.id AS intention_id
ORDER BY cobuys, support DESC, coalesce(acceptance, -1.0) DESC, intention_id
LIMIT $limit
