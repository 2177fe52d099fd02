// What a data set holds of OF: a row for each CoBuy, a list a column.
MATCH (s:CoBuy)
WHERE s.key >= $low AND s.key < $high AND s.dataset = $dataset
CALL (s) {
  MATCH (s)-[r:OF]->(t:Product)
  WHERE t.dataset = $dataset
  RETURN collect(r) AS found, collect(t.key) AS target
}
WITH s, found, target
WHERE size(found) > 0
RETURN s.key AS source, target
