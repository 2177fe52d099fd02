// The databases that can be seen, what may be done to them, and which one is asked where none is named.
SHOW DATABASES YIELD name, access, currentStatus, statusMessage, home
RETURN name, access, currentStatus AS status, statusMessage AS message, home
ORDER BY name
