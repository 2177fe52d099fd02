// Every index, those of constraints among them, and whether it is filled.
SHOW INDEXES YIELD name, state, populationPercent, failureMessage
RETURN name, state, populationPercent AS filled, failureMessage AS failure
ORDER BY name
