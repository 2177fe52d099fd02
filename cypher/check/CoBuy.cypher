// Which co-buys are there?
MATCH (n:CoBuy)
RETURN n.key AS key
