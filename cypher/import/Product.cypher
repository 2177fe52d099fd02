// Put back what the importer leaves out or takes as text: empty lists and texts, and lists.
MATCH (n:Product)
WHERE n.categories IS NULL OR n.categories IS :: STRING
   OR n.title IS NULL
CALL (n) {
  SET n.categories = CASE
    WHEN n.categories IS NULL THEN []
    WHEN n.categories IS :: STRING THEN split(n.categories, $joiner)
    ELSE n.categories
  END,
  n.title = coalesce(n.title, '')
} IN TRANSACTIONS OF 10000 ROWS
