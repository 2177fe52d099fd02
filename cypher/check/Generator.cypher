// Which generators are there?
MATCH (n:Generator)
RETURN n.id AS id
