// Put back what the importer leaves out or takes as text: empty lists and texts, and lists.
MATCH (n:IntentionCluster)
WHERE n.keywords IS NULL OR n.keywords IS :: STRING
   OR n.label IS NULL OR n.vector IS :: STRING
CALL (n) {
  SET n.keywords = CASE
    WHEN n.keywords IS NULL THEN []
    WHEN n.keywords IS :: STRING THEN split(n.keywords, $joiner)
    ELSE n.keywords
  END,
  n.label = coalesce(n.label, ''),
  n.vector = CASE
    WHEN n.vector IS :: STRING THEN [part IN split(n.vector, $joiner) | toFloat(part)]
    ELSE n.vector
  END
} IN TRANSACTIONS OF 10000 ROWS
