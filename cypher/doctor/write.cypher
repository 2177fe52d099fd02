// A node that is taken back at once: what this user may do is tried, not asked.
CREATE (n) RETURN 1 AS rows
