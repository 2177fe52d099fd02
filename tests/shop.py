"""The sample shop, taken through every stage, for tests that want a whole and pleasant graph."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import neo4j

from mindgraph.graph import EDGES, NODES, Graph
from mindgraph.resources import statements
from mindgraph.workspace import Workspace


def made(folder: Path) -> Workspace:
    """Run the demo into a folder and return its workspace."""
    command = [sys.executable, "-m", "mindgraph", "demo", "--into", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return Workspace(folder)


def load_plainly(driver: neo4j.Driver, graph: Graph) -> None:
    """Load a graph into an empty server, as plainly as can be."""
    for name in ("schema.cypher", "schema_neo4j.cypher"):
        for statement in statements(name):
            driver.execute_query(statement)
    for label, nodes in graph.nodes.items():
        text = f"UNWIND $rows AS row CREATE (n:{label}) SET n = row"
        driver.execute_query(text, rows=nodes.rows.to_dicts())
    for type_, edges in graph.edges.items():
        driver.execute_query(_joining(type_), rows=_split(edges.rows.to_dicts()))
    driver.execute_query("CALL db.awaitIndexes()")
    # A plan kept from the empty server, or made before its counts were known, may walk all of a type.
    driver.execute_query("CALL db.prepareForReplanning()")


def plain(value: object, known: frozenset[str]) -> object:
    """Return a driver's value as the stores give it, with only the properties that are of the graph."""
    if isinstance(value, neo4j.graph.Path):
        return {
            "nodes": [plain(node, known) for node in value.nodes],
            "relationships": [plain(step, known) for step in value.relationships],
        }
    if isinstance(value, neo4j.graph.Node):
        return {"labels": sorted(value.labels), "properties": _known(value, known)}
    if isinstance(value, neo4j.graph.Relationship):
        return {"type": value.type, "properties": _known(value, known)}
    if isinstance(value, list):
        return [plain(part, known) for part in value]
    return value


def _known(thing: neo4j.graph.Entity, known: frozenset[str]) -> dict[str, object]:
    return {name: thing[name] for name in sorted(thing) if name in known}


def _joining(type_: str) -> str:
    source, target, _ = EDGES[type_]
    return (
        f"UNWIND $rows AS row MATCH (a:{source} {{{NODES[source]}: row.source}}) "
        f"MATCH (b:{target} {{{NODES[target]}: row.target}}) CREATE (a)-[r:{type_}]->(b) SET r = row.said"
    )


def _split(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            "source": row["source"],
            "target": row["target"],
            "said": {name: value for name, value in row.items() if name not in ("source", "target")},
        }
        for row in rows
    ]
