// Who said what is in the graph, and how much of it do others say as well?
//
// Columns:
//   model: a model that was asked
//   prompt_version: which wording of the question it was asked with
//   triples: how many triples it said
//   alone: how many of them no other said
//   acceptance: how sure the shopper was of them, 0 to 1, on average
//   generator: id of the model with its parameters
MATCH (:CoBuy)-[h:HAS_INTENTION]->(:Intention)
UNWIND h.generators AS generator
WITH generator, count(*) AS triples, count(CASE WHEN size(h.generators) = 1 THEN 1 END) AS alone,
     avg(h.acceptance) AS mean
MATCH (g:Generator)
WHERE g.id = generator
RETURN g.model AS model, g.prompt_version AS prompt_version, triples, alone, round(mean, 4) AS acceptance,
       generator
ORDER BY triples DESC, generator
