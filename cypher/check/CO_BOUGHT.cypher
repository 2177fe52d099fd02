// Which relationships CO_BOUGHT are there, walked from the source's side?
MATCH (a:Product)-[r:CO_BOUGHT]->(b:Product)
RETURN a.key AS source, b.key AS target
