// Which intentions explain the most purchases?
//
// Parameters:
//   relation (text, default null): only this relation, such as usedFor
//   limit (integer, default 20): rows at most
// Columns:
//   intention: the phrase
//   cobuys: how many pairs of products were bought together for it
//   support: how many answers said it
//   acceptance: how sure the shopper was of it, 0 to 1, on average
//   intention_id: the intention, for `mindgraph explain`
MATCH (c:CoBuy)-[h:HAS_INTENTION]->(i:Intention)
WHERE $relation IS NULL OR h.relation = $relation
WITH i, count(DISTINCT c) AS cobuys, sum(h.support) AS support, avg(h.acceptance) AS mean
ORDER BY cobuys DESC, support DESC, i.id
LIMIT $limit
RETURN i.text AS intention, cobuys, support, round(mean, 4) AS acceptance, i.id AS intention_id
ORDER BY cobuys DESC, support DESC, intention_id
