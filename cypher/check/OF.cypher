// Which relationships OF are there, walked from the source's side?
MATCH (a:CoBuy)-[r:OF]->(b:Product)
RETURN a.key AS source, b.key AS target
