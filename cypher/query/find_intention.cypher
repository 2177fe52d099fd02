// Which intentions have these words in them?
//
// Parameters:
//   words (words): all of them must be there; `charg*` is any word that begins so
//   limit (integer, default 20): rows at most
// Columns:
//   intention: the phrase
//   products: how many products are bought for it
//   score: how well it matches; comparable within one answer only
//   intention_id: the intention, for `mindgraph explain`
CALL db.index.fulltext.queryNodes('intention_text', $words) YIELD node, score
WITH node AS i, score
ORDER BY score DESC, i.id
LIMIT $limit
OPTIONAL MATCH (i)<-[:BOUGHT_FOR]-(p:Product)
RETURN i.text AS intention, count(DISTINCT p) AS products, score, i.id AS intention_id
ORDER BY score DESC, intention_id
