// Which intentions are there?
MATCH (n:Intention)
RETURN n.id AS id
