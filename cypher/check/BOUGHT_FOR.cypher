// Which relationships BOUGHT_FOR are there, walked from the source's side?
MATCH (a:Product)-[r:BOUGHT_FOR]->(b:Intention)
RETURN a.key AS source, b.id AS target, r.id AS id
