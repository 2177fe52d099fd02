// What joins these two products, as a drawing?
//
// Parameters:
//   a (text): one product, by the shop's id or by its full key
//   b (text): the other product
//   limit (integer, default 25): intentions at most
// Columns:
//   bought: from one product over the purchase to the other
//   why: from the purchase to a reason for it
MATCH (a:Product)
WHERE a.key = $a OR a.id = $a
MATCH bought = (a)<-[:OF]-(c:CoBuy)-[:OF]->(b:Product)
WHERE b.key = $b OR b.id = $b
MATCH why = (c)-[h:HAS_INTENTION]->(i:Intention)
RETURN bought, why
ORDER BY h.support DESC, coalesce(h.acceptance, -1.0) DESC, i.text, h.id
LIMIT $limit
