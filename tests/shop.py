"""The sample shop, taken through every stage, for tests that want a whole and pleasant graph."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import neo4j

from mindgraph.workspace import Workspace


def made(folder: Path) -> Workspace:
    """Run the demo into a folder and return its workspace."""
    command = [sys.executable, "-m", "mindgraph", "demo", "--into", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
    return Workspace(folder)


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
