// How sure is the shopper of what is in the graph?
//
// Columns:
//   from: acceptance from this on; empty for triples without one
//   to: acceptance below this (the last row holds 1 itself)
//   triples: how many triples
//   support: how many answers said them
MATCH (:CoBuy)-[h:HAS_INTENTION]->(:Intention)
WITH CASE WHEN h.acceptance >= 1.0 THEN 9 ELSE toInteger(floor(h.acceptance * 10)) END AS bin, h
WITH bin, count(*) AS triples, sum(h.support) AS support
RETURN bin / 10.0 AS from, (bin + 1) / 10.0 AS to, triples, support
ORDER BY coalesce(from, -1.0)
