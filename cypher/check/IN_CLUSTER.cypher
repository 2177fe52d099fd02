// Which relationships IN_CLUSTER are there, walked from the source's side?
MATCH (a:Intention)-[r:IN_CLUSTER]->(b:IntentionCluster)
RETURN a.id AS source, b.key AS target
