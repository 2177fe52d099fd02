// Which data sets are loaded, and whether the last load of each was finished.
MATCH (l:MindgraphLoad)
WHERE l.dataset <> '/'
RETURN l.dataset AS dataset, l.loaded IS NOT NULL AS finished
ORDER BY dataset
