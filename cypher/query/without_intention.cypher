// Which products have no intention yet?
//
// Parameters:
//   limit (integer, default 20): rows at most
// Columns:
//   product: the product's id
//   title: its title
//   cobuys: with how many others it was bought; 0 says that nothing could be asked about it
//   key: the product's full key
MATCH (p:Product)
WHERE NOT EXISTS { (p)-[:BOUGHT_FOR]->(:Intention) }
WITH p, COUNT { (p)<-[:OF]-(:CoBuy) } AS cobuys
RETURN p.id AS product, p.title AS title, cobuys, p.key AS key
ORDER BY cobuys DESC, product, key
LIMIT $limit
