// What stands behind one triple?
//
// Parameters:
//   triple (text): id of the statement, as other answers give it
// Columns:
//   a: one product's id
//   b: the other product's id
//   relation: how the intention joins the two
//   intention: the reason, as a phrase
//   acceptance: how sure the shopper was of it, 0 to 1, on average
//   support: how many answers said it
//   times: how often the two were bought together
//   model: who said it
//   prompt_version: which wording of the question it was asked with
MATCH (c:CoBuy)-[h:HAS_INTENTION]->(i:Intention)
WHERE h.id = $triple
MATCH (c)-[:OF]->(p:Product)
WITH c, h, i, min(p.id) AS a, max(p.id) AS b
UNWIND CASE WHEN size(h.generators) = 0 THEN [null] ELSE h.generators END AS generator
OPTIONAL MATCH (g:Generator)
WHERE g.id = generator
RETURN a, b, h.relation AS relation, i.text AS intention, h.acceptance AS acceptance, h.support AS support,
       c.weight AS times, g.model AS model, g.prompt_version AS prompt_version
ORDER BY model, prompt_version, generator
