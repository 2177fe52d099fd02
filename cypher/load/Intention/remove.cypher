// Remove intentions of the data set; one that others hang on to is kept, held by no data set.
UNWIND $wanted AS id
MATCH (n:Intention {id: id})
WHERE n.datasets = [$dataset] OR n.datasets = []
WITH n, n.id AS id, EXISTS { (n)--() } AS held
FOREACH (kept IN CASE WHEN held THEN [n] ELSE [] END | SET kept.datasets = [], kept.contributions = null)
FOREACH (free IN CASE WHEN held THEN [] ELSE [n] END | DELETE free)
RETURN collect(CASE WHEN held THEN id END) AS kept
