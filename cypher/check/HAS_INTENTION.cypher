// Which relationships HAS_INTENTION are there, walked from the source's side?
MATCH (a:CoBuy)-[r:HAS_INTENTION]->(b:Intention)
RETURN a.key AS source, b.id AS target, r.id AS id
