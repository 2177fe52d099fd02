// Put back what the importer leaves out or takes as text: empty lists and texts, and lists.
MATCH (n:Intention)
WHERE n.variants IS NULL OR n.variants IS :: STRING
   OR n.datasets IS NULL OR n.datasets IS :: STRING OR n.vector IS :: STRING
CALL (n) {
  SET n.variants = CASE
    WHEN n.variants IS NULL THEN []
    WHEN n.variants IS :: STRING THEN split(n.variants, $joiner)
    ELSE n.variants
  END,
  n.datasets = CASE
    WHEN n.datasets IS NULL THEN []
    WHEN n.datasets IS :: STRING THEN split(n.datasets, $joiner)
    ELSE n.datasets
  END,
  n.vector = CASE
    WHEN n.vector IS :: STRING THEN [part IN split(n.vector, $joiner) | toFloat(part)]
    ELSE n.vector
  END
} IN TRANSACTIONS OF 10000 ROWS
