// Remove products of the data set; one that others hang on to is kept, marked as retired.
UNWIND $wanted AS key
MATCH (n:Product {key: key})
WHERE n.dataset = $dataset
WITH n, n.key AS key, EXISTS { (n)--() } AS held
FOREACH (kept IN CASE WHEN held THEN [n] ELSE [] END | SET kept.retired = true)
FOREACH (free IN CASE WHEN held THEN [] ELSE [n] END | DELETE free)
RETURN collect(CASE WHEN held THEN key END) AS kept
