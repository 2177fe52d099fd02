// Which data sets have a load that is not finished: running, or interrupted.
MATCH (l:MindgraphLoad)
WHERE l.dataset <> '/' AND l.loaded IS NULL
RETURN collect(l.dataset) AS loading
