"""What is measured against a Neo4j server, each a process of its own; prints what it took as JSON.

python -m benchmarks.neo4j_runs load URI WORKSPACE
python -m benchmarks.neo4j_runs plain URI SPOOL
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from mindgraph.graph import NODES
from mindgraph.resources import statements
from mindgraph.spool import LAYERS, Spool

#: Rows of one statement of the plain load: what is usually recommended.
ROWS = 10_000


def load(uri: str, path: str) -> dict[str, Any]:
    """Load a workspace as the command line does, with a watch on its parts."""
    from mindgraph.pipeline import Pipeline
    from mindgraph.stores.bolt import Login, connect
    from mindgraph.workspace import Workspace
    from tests.shops import spooled

    workspace = Workspace(path)
    begun = time.perf_counter()
    made = spooled(workspace)
    marks = {"tables": time.perf_counter()}

    def tell(name: str, done: int, total: int) -> None:
        marks["verify" if name.startswith("verify") else "transfer"] = time.perf_counter()

    with connect(uri, Login()) as server:
        done = Pipeline(workspace, workspace.settings()).load_server(server, tell=tell)
    ended = time.perf_counter()
    sent = marks.get("transfer", marks["tables"])
    return {
        "spool": str(made.path),
        "counts": made.counts(),
        "tables": marks["tables"] - begun,
        "transfer": sent - marks["tables"],
        "verify": ended - sent,
        "written": [done.created.total(), done.updated.total(), done.removed.total()],
        "compared": done.compared,
    }


def plain(uri: str, path: str) -> dict[str, Any]:
    """Load the same rows as one does at first: one connection, `UNWIND … MERGE`, the driver as it comes."""
    sys.modules["neo4j._rust"] = None  # type: ignore[assignment]  # the driver of pure Python
    import neo4j
    from neo4j._codec.packstream import v1

    if v1._rust_pack is not None:
        raise AssertionError("the plain driver is to be one of pure Python")
    rows = Spool(Path(path))
    begun = time.perf_counter()
    with neo4j.GraphDatabase.driver(uri) as driver, driver.session() as session:
        for name in ("schema.cypher", "schema_neo4j.cypher"):
            for statement in statements(name):
                session.run(statement).consume()
        session.run("CALL db.awaitIndexes(600)").consume()
        for name in LAYERS:
            text = _merging(name)
            for batch in _batches(rows, name):
                session.execute_write(_run, text, batch)
    return {"seconds": time.perf_counter() - begun}


def _run(transaction: Any, text: str, batch: list[dict[str, Any]]) -> None:
    transaction.run(text, rows=batch).consume()


def _batches(spool: Spool, name: str) -> Iterator[list[dict[str, Any]]]:
    """Yield rows as a statement takes them: what is found by, and what is set."""
    layer = LAYERS[name]
    found_by = layer.identity if layer.is_node else ("source", "target", *layer.identity[2:])
    for piece in spool.slices(name):
        own = [column for column in piece.columns if column not in ("source", "target")]
        rows = piece.select(*found_by, pl.struct(own).alias("own") if own else pl.lit(None).alias("own"))
        for part in rows.iter_slices(ROWS):
            yield part.to_dicts()


def _merging(name: str) -> str:
    """Return the statement that merges rows of a label or type."""
    layer = LAYERS[name]
    if layer.is_node:
        return f"UNWIND $rows AS row MERGE (n:{name} {{{layer.anchor}: row.{layer.anchor}}}) SET n += row.own"
    source, target = layer.ends
    id_ = " {id: row.id}" if "id" in layer.identity else ""
    return (
        f"UNWIND $rows AS row MATCH (s:{source} {{{NODES[source]}: row.source}}) "
        f"MATCH (t:{target} {{{NODES[target]}: row.target}}) MERGE (s)-[r:{name}{id_}]->(t) "
        "SET r += coalesce(row.own, {})"
    )


if __name__ == "__main__":
    print(json.dumps({"load": load, "plain": plain}[sys.argv[1]](*sys.argv[2:])))
