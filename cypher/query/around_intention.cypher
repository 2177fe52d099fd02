// What is around this intention, as a drawing?
//
// Parameters:
//   intention (text): the intention's id, as `find_intention` gives it
//   others (integer, default 15): products at most, the most often bought for it first
// Columns:
//   bought: from a product to the intention
//   purposes: from the intention over its purpose to the broader ones; empty where it has none
MATCH (i:Intention)
WHERE i.id = $intention
MATCH (i)<-[b:BOUGHT_FOR]-(p:Product)
WITH i, p, sum(b.cobuys) AS cobuys, min(b.id) AS first
ORDER BY cobuys DESC, p.key
LIMIT $others
MATCH bought = (p)-[b:BOUGHT_FOR]->(i)
WHERE b.id = first
OPTIONAL MATCH purposes = (i)-[:IN_CLUSTER]->(k:IntentionCluster)-[:PART_OF*0..5]->(top:IntentionCluster)
WHERE NOT EXISTS { (top)-[:PART_OF]->(:IntentionCluster) }
RETURN bought, purposes
ORDER BY p.key, k.key, top.key
