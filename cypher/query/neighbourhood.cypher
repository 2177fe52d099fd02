// What is around this product, as a drawing?
//
// Parameters:
//   product (text): a product, by the shop's id or by its full key
//   intentions (integer, default 8): intentions at most, the strongest first
//   others (integer, default 3): products at most for each of them
// Columns:
//   path: from the product over an intention to another product that was bought with it
MATCH (p:Product)
WHERE p.key = $product OR p.id = $product
MATCH (p)-[b:BOUGHT_FOR]->(i:Intention)
WITH p, i, sum(b.support) AS support, max(b.acceptance) AS acceptance
ORDER BY support DESC, coalesce(acceptance, -1.0) DESC, i.id
LIMIT $intentions
MATCH (i)<-[:BOUGHT_FOR]-(other:Product)
WHERE EXISTS { (other)-[:CO_BOUGHT]-(p) }
WITH DISTINCT p, i, other
ORDER BY other.key
WITH p, i, collect(other) AS found
UNWIND found[0..$others] AS other
MATCH path = (p)-[to:BOUGHT_FOR]->(i)<-[from:BOUGHT_FOR]-(other)
RETURN path
ORDER BY i.id, other.key, to.id, from.id
