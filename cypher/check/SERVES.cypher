// Which relationships SERVES are there, walked from the source's side?
MATCH (a:Product)-[r:SERVES]->(b:IntentionCluster)
RETURN a.key AS source, b.key AS target
