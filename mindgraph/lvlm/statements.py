"""The ledger's tables and statements, in the SQL of SQLite."""

from __future__ import annotations

#: How the error of an answer begins that is on its way in a batch.
WAITING = "waits for the result of "

TABLES = """
CREATE TABLE IF NOT EXISTS recipes (
  id INTEGER PRIMARY KEY, how TEXT NOT NULL, model TEXT NOT NULL, revision TEXT NOT NULL,
  parameters TEXT NOT NULL, version TEXT NOT NULL, system TEXT NOT NULL, schema TEXT NOT NULL,
  UNIQUE (how, model, revision, parameters, version, system, schema));
CREATE TABLE IF NOT EXISTS replies (
  id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, recipe INTEGER NOT NULL REFERENCES recipes,
  kind TEXT NOT NULL, item TEXT NOT NULL, relations TEXT NOT NULL, sample INTEGER NOT NULL,
  attempt INTEGER NOT NULL, images TEXT NOT NULL, content BLOB NOT NULL, text TEXT NOT NULL, p_yes REAL,
  finish_reason TEXT NOT NULL, ok INTEGER, prompt_tokens INTEGER, cached_tokens INTEGER,
  completion_tokens INTEGER, cost REAL, seconds REAL NOT NULL, time REAL NOT NULL, run TEXT NOT NULL,
  error TEXT);
CREATE TABLE IF NOT EXISTS shared (
  reply INTEGER NOT NULL REFERENCES replies ON DELETE CASCADE, item TEXT NOT NULL,
  PRIMARY KEY (reply, item)) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS ledger AS
  SELECT lower(hex(r.key)) AS key, r.kind, r.item, r.relations, r.sample, r.attempt, c.how, c.model,
    c.revision, c.parameters, c.version, r.images, r.text, r.p_yes, r.finish_reason, r.ok,
    r.prompt_tokens, r.cached_tokens, r.completion_tokens, r.cost, r.seconds, r.time, r.run, r.error, r.id
  FROM replies r JOIN recipes c ON c.id = r.recipe;
"""
STORE = """
INSERT INTO replies (key, recipe, kind, item, relations, sample, attempt, images, content, text, p_yes,
  finish_reason, prompt_tokens, cached_tokens, completion_tokens, cost, seconds, time, run, error)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET text = excluded.text, p_yes = excluded.p_yes, item = excluded.item,
  finish_reason = excluded.finish_reason, prompt_tokens = excluded.prompt_tokens,
  cached_tokens = excluded.cached_tokens, completion_tokens = excluded.completion_tokens,
  cost = excluded.cost, seconds = excluded.seconds, time = excluded.time, run = excluded.run,
  error = excluded.error
WHERE replies.error IS NOT NULL
"""
LOOK_UP = """
SELECT key, item, text, p_yes, finish_reason, ok, prompt_tokens, cached_tokens, completion_tokens, seconds
FROM replies WHERE error IS NULL AND key IN ({})
"""
TOTALS = """
SELECT c.model, r.kind, count(*) AS answers, sum(coalesce(r.ok, 1) = 0) AS bad,
  sum(r.error IS NOT NULL) AS failed, sum(r.prompt_tokens) AS prompt_tokens,
  sum(r.cached_tokens) AS cached_tokens, sum(r.completion_tokens) AS completion_tokens,
  sum(r.cost) AS cost, round(sum(r.seconds), 1) AS seconds
FROM replies r JOIN recipes c ON c.id = r.recipe GROUP BY 1, 2 ORDER BY 1, min(r.id)
"""
MERGE_RECIPES = """
INSERT OR IGNORE INTO main.recipes (how, model, revision, parameters, version, system, schema)
SELECT how, model, revision, parameters, version, system, schema FROM other.recipes
"""
#: Answers take the place of failures.
MAKE_WAY = """
DELETE FROM main.replies WHERE error IS NOT NULL
  AND key IN (SELECT key FROM other.replies WHERE error IS NULL)
"""
MERGE = """
INSERT INTO main.replies (key, recipe, kind, item, relations, sample, attempt, images, content, text, p_yes,
  finish_reason, ok, prompt_tokens, cached_tokens, completion_tokens, cost, seconds, time, run, error)
SELECT r.key, mine.id, r.kind, r.item, r.relations, r.sample, r.attempt, r.images, r.content, r.text, r.p_yes,
  r.finish_reason, r.ok, r.prompt_tokens, r.cached_tokens, r.completion_tokens, r.cost, r.seconds, r.time,
  r.run, r.error
FROM other.replies r JOIN other.recipes c ON c.id = r.recipe JOIN main.recipes mine
  ON (mine.how, mine.model, mine.revision, mine.parameters, mine.version, mine.system, mine.schema)
   = (c.how, c.model, c.revision, c.parameters, c.version, c.system, c.schema)
WHERE r.id IN (SELECT id FROM other.ledger WHERE {where})
  AND NOT EXISTS (SELECT 1 FROM main.replies m WHERE m.key = r.key)
ORDER BY r.id
"""
MERGE_SHARED = """
INSERT OR IGNORE INTO main.shared
SELECT mine.id, s.item FROM other.shared s JOIN other.replies r ON r.id = s.reply
JOIN main.replies mine ON mine.key = r.key WHERE mine.item <> s.item
"""
ON_ITS_WAY = f"SELECT key FROM replies WHERE error LIKE '{WAITING}%' AND key IN ({{}})"
ASKED = """
SELECT r.key, c.how, r.error, r.kind, r.item, r.relations, r.sample, r.attempt
FROM replies r JOIN recipes c ON c.id = r.recipe WHERE r.key IN ({})
"""
ANSWER = """
UPDATE replies SET text = ?, p_yes = ?, finish_reason = ?, prompt_tokens = ?, cached_tokens = ?,
  completion_tokens = ?, time = ?, error = ? WHERE key = ? AND error IS NOT NULL
"""
RECIPE = (
    "SELECT id FROM recipes"
    " WHERE (how, model, revision, parameters, version, system, schema) = (?,?,?,?,?,?,?)"
)
ADD_RECIPE = (
    "INSERT OR IGNORE INTO recipes (how, model, revision, parameters, version, system, schema)"
    " VALUES (?,?,?,?,?,?,?)"
)
