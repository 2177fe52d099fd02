// How many triples has each relation, and how sure is the shopper of them?
//
// Columns:
//   relation: how an intention joins the products of a purchase
//   triples: how many triples
//   intentions: how many different intentions
//   support: how many answers said them
//   acceptance: how sure the shopper was, 0 to 1, on average
//   least: how sure at least
MATCH (:CoBuy)-[h:HAS_INTENTION]->(i:Intention)
WITH h.relation AS relation, count(*) AS triples, count(DISTINCT i) AS intentions,
     sum(h.support) AS support, avg(h.acceptance) AS mean, min(h.acceptance) AS least
RETURN relation, triples, intentions, support, round(mean, 4) AS acceptance, least
ORDER BY triples DESC, relation
