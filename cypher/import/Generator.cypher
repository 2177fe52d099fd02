// Put back what the importer leaves out or takes as text: empty lists and texts, and lists.
MATCH (n:Generator)
WHERE n.datasets IS NULL OR n.datasets IS :: STRING
   OR n.revision IS NULL
   OR n.prompt_version IS NULL
CALL (n) {
  SET n.datasets = CASE
    WHEN n.datasets IS NULL THEN []
    WHEN n.datasets IS :: STRING THEN split(n.datasets, $joiner)
    ELSE n.datasets
  END,
  n.revision = coalesce(n.revision, ''),
  n.prompt_version = coalesce(n.prompt_version, '')
} IN TRANSACTIONS OF 10000 ROWS
