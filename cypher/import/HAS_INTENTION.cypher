// Put back what the importer leaves out or takes as text: empty lists and texts, and lists.
MATCH (:CoBuy)-[r:HAS_INTENTION]->(:Intention)
WHERE r.generators IS NULL OR r.generators IS :: STRING
CALL (r) {
  SET r.generators = CASE
    WHEN r.generators IS NULL THEN []
    WHEN r.generators IS :: STRING THEN split(r.generators, $joiner)
    ELSE r.generators
  END
} IN TRANSACTIONS OF 10000 ROWS
