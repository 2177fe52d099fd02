"""Attempts to write, to read files, to reach the network or to run something else: each must be refused.

{file} stands for a file of the machine that must not be read, {url} for an address that must not be
asked, {out} for a file that must not appear.
"""

from __future__ import annotations

ATTEMPTS: dict[str, str] = {
    # writing
    "create": "CREATE (:Product {{key: 'evil'}})",
    "create after a match": "MATCH (p:Product) CREATE (p)-[:CO_BOUGHT]->(p) RETURN p",
    "create in lower case": "match (p:Product) create (:Evil) return p",
    "merge": "MERGE (p:Product {{key: 'evil'}}) RETURN p",
    "insert": "INSERT (:Product {{key: 'evil'}})",
    "set": "MATCH (p:Product) SET p.title = 'evil' RETURN p",
    "set with a long s": "MATCH (p:Product) ſet p.title = 'evil' RETURN p",
    "set a label": "MATCH (p:Product) SET p:Evil RETURN p",
    "remove": "MATCH (p:Product) REMOVE p.title RETURN p",
    "delete": "MATCH ()-[r]->() DELETE r",
    "detach delete": "MATCH (p:Product) DETACH DELETE p",
    "no detach delete": "MATCH (g:Generator) NODETACH DELETE g",
    "foreach": "MATCH (p:Product) FOREACH (x IN [1] | SET p.title = 'evil')",
    "subquery that creates": "CALL {{ CREATE (:Product {{key: 'evil'}}) }} RETURN 1",
    "subquery in transactions": "MATCH (p:Product) CALL (p) {{ DETACH DELETE p }} IN TRANSACTIONS RETURN 1",
    "explain create": "EXPLAIN CREATE (:Product {{key: 'evil'}})",
    "profile create": "PROFILE CREATE (:Product {{key: 'evil'}})",
    "second statement": "MATCH (p:Product) RETURN p; MATCH (p) DETACH DELETE p",
    "in a union": "RETURN 1 AS x UNION CREATE (:Product {{key: 'evil'}}) RETURN 1 AS x",
    "behind a comment": "/* harmless */ CREATE (:Product {{key: 'evil'}}) // RETURN 1",
    "broken up by a comment": "MATCH (p:Product) SET/**/p.title = 'evil' RETURN p",
    "behind a string": "WITH 'a\\'' AS x CREATE (:Product {{key: 'evil'}}) RETURN x",
    "behind a number": "MATCH (p:Product) WITH p LIMIT 1SET p.title = 'evil' RETURN p",
    "with an escaped letter": "MATCH (p:Product) \\u0053ET p.title = 'evil' RETURN p",
    # the schema
    "create index": "CREATE INDEX evil FOR (p:Product) ON (p.title)",
    "create constraint": "CREATE CONSTRAINT evil FOR (p:Product) REQUIRE p.title IS UNIQUE",
    "explain create constraint": "EXPLAIN CREATE CONSTRAINT evil FOR (p:Product) REQUIRE p.title IS UNIQUE",
    "drop index": "DROP INDEX product_id",
    "drop constraint": "DROP CONSTRAINT product_key",
    "drop type": "DROP TYPE Product UNSAFE",
    "alter": "ALTER TYPE Product NAME Evil",
    "truncate": "TRUNCATE TYPE Product UNSAFE",
    # files and the network
    "load csv": "LOAD CSV FROM 'file://{file}' AS line RETURN line",
    "load csv with headers": "LOAD CSV WITH HEADERS FROM 'file://{file}' AS line RETURN line",
    "load csv over white space": "load\n\t csv from 'file://{file}' as line return line",
    "load csv through a comment": "LOAD/* */CSV FROM 'file://{file}' AS line RETURN line",
    "load csv after a match": "MATCH (p:Product) LOAD CSV FROM 'file://{file}' AS line RETURN line",
    "load csv in a subquery": "CALL () {{ LOAD CSV FROM 'file://{file}' AS line RETURN line }} RETURN line",
    "load csv by an expression": "WITH 'file://' + '{file}' AS f LOAD CSV FROM f AS line RETURN line",
    "load csv behind a number": "WITH 1 AS x LIMIT 1LOAD CSV FROM 'file://{file}' AS line RETURN line",
    "load csv from the network": "LOAD CSV FROM '{url}' AS line RETURN line",
    "load json": "CALL apoc.load.json('{url}') YIELD value RETURN value",
    "import database": "IMPORT DATABASE {url}",
    "export database": "EXPORT DATABASE file://{out}",
    "backup database": "BACKUP DATABASE file://{out}",
    # procedures and functions
    "a procedure that refactors": "MATCH (p:Product) CALL refactor.mergeNodes([p]) YIELD node RETURN node",
    "a procedure that merges": "CALL merge.node(['Evil'], {{key: 'evil'}}) YIELD node RETURN node",
    "a quoted procedure": "CALL `merge`.`node`(['Evil'], {{key: 'evil'}}) YIELD node RETURN node",
    "a procedure without parentheses": "CALL dbms.info",
    "a procedure that migrates": "CALL db.migrateLegacyTemporals()",
    "the file of a csv": "RETURN file()",
    "a function that evaluates": "RETURN eval('1 + 1')",
    "a quoted function": "RETURN `eval`('1 + 1')",
    "a function of a library": "RETURN evil.run('1 + 1')",
    "another language": "CALL sql('DELETE FROM Product')",
    "a script": "RETURN js.eval('1')",
    # the session
    "use another database": "USE system MATCH (n) RETURN n",
    "show": "SHOW USERS",
    "grant": "GRANT ROLE admin TO reader",
    "terminate": "TERMINATE TRANSACTIONS 'x'",
    "sql": "SELECT FROM Product",
    "sql insert": "INSERT INTO Product SET key = 'evil'",
    "begin": "BEGIN",
}


def attempts(file: str, url: str, out: str) -> list[tuple[str, str]]:
    """Return names and statements, with the places filled in."""
    return [(name, text.format(file=file, url=url, out=out)) for name, text in ATTEMPTS.items()]
