// How much of the machine the server takes, and where its files lie.
SHOW SETTINGS YIELD name, value
WHERE name IN ['server.memory.pagecache.size', 'server.directories.data']
RETURN name, value
