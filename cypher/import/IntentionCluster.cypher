// Put back what the importer leaves out or takes as text: empty lists and texts, and lists.
MATCH (n:IntentionCluster)
WHERE n.keywords IS NULL OR n.keywords IS :: STRING
   OR n.label IS NULL
CALL (n) {
  SET n.keywords = CASE
    WHEN n.keywords IS NULL THEN []
    WHEN n.keywords IS :: STRING THEN split(n.keywords, $joiner)
    ELSE n.keywords
  END,
  n.label = coalesce(n.label, '')
} IN TRANSACTIONS OF 10000 ROWS
