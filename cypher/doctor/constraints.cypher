// Every constraint by name.
SHOW CONSTRAINTS YIELD name
RETURN name
ORDER BY name
