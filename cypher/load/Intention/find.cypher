// The intentions of these ids, whichever data set holds them: a list a column.
UNWIND $wanted AS id
MATCH (n:Intention {id: id})
WITH collect(n) AS nodes
RETURN [n IN nodes | n.id] AS id, [n IN nodes | n.text] AS text, [n IN nodes | n.lang] AS lang,
       [n IN nodes | n.variants] AS variants, [n IN nodes | n.datasets] AS datasets,
       [n IN nodes | n.contributions] AS contributions,
       [n IN nodes | n.vector] AS vector
