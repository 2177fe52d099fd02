// Which products serve this purpose?
//
// Parameters:
//   purpose (text): a cluster's id, words of its label, or one of its keywords
//   level (integer, default 0): of purposes found by words: 0 fine, 1 middle, 2 broad
//   limit (integer, default 20): rows at most
// Columns:
//   product: the product's id
//   title: its title
//   cobuys: through how many pairs of products it serves the purpose
//   weight: support of what is said of it, added up
//   purpose: the purpose's label
MATCH (c:IntentionCluster)
WHERE c.id = $purpose OR c.key = $purpose
   OR (c.level = $level AND (toLower(c.label) CONTAINS toLower($purpose)
                             OR any(word IN c.keywords WHERE word = toLower($purpose))))
MATCH (p:Product)-[s:SERVES]->(c)
RETURN p.id AS product, p.title AS title, s.cobuys AS cobuys, s.weight AS weight, c.label AS purpose
ORDER BY cobuys DESC, weight DESC, product, c.id
LIMIT $limit
