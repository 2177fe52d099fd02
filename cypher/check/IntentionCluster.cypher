// Which clusters of intentions are there?
MATCH (n:IntentionCluster)
RETURN n.key AS key
