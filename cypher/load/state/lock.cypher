// Hold the node on which loads wait for each other, until the transaction ends.
MATCH (l:MindgraphLoad {dataset: '/'})
SET l.turn = coalesce(l.turn, 0) + 1
RETURN l.turn AS turn
