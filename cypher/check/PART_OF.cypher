// Which relationships PART_OF are there, walked from the source's side?
MATCH (a:IntentionCluster)-[r:PART_OF]->(b:IntentionCluster)
RETURN a.key AS source, b.key AS target
