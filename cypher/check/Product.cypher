// Which products are there?
MATCH (n:Product)
RETURN n.key AS key
