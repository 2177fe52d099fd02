"""The house as it is drawn is the house as it stands."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator

import pytest

from tests.needs import ROOT

PACKAGE = ROOT / "mindgraph"
#: Which rooms may import what leads outside.
DOORS = {
    "neo4j": {"stores"},
    "arcadedb": {"stores"},
    "click": {"cli"},
    "rich": {"cli"},
    "rdflib": {"rdf"},
    "pyoxigraph": {"rdf"},
    "pyshacl": {"rdf"},
    "torch": {"lvlm"},
    "transformers": {"lvlm"},
    "ray": {"lvlm"},
    "graspologic_native": {"clusters"},
    "sentence_transformers": {"vectors"},
    "wordllama": {"vectors"},
}


def test_the_floors_of_the_docs_are_those_that_are_checked() -> None:
    """The picture in docs/architecture.md names each floor and room of the contract in pyproject.toml."""
    (contract,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    checked = [sorted(floor.replace("mindgraph.", "").split(" | ")) for floor in contract["layers"]]
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = re.search(r"```\n(cli\n.*?)```", text, re.DOTALL)
    assert drawn is not None

    assert [sorted(line.split(" | ")) for line in drawn[1].split("\n") if line] == checked


def test_every_room_stands_on_a_floor() -> None:
    """No module of the package escapes the contract, and docs/architecture.md says what each is for."""
    layers = (ROOT / "pyproject.toml").read_text()
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rooms = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")} - {"py"}

    assert {room for room in rooms if f"mindgraph.{room}" not in layers} == set()
    assert {room for room in rooms if f"`{room}/`" not in text and f"`{room}.py`" not in text} == set()


@pytest.mark.parametrize("library", DOORS)
def test_what_leads_outside_is_imported_behind_its_door(library: str) -> None:
    """Only the room that is the door imports the library."""
    assert {room for room, name in _imports() if name == library} <= DOORS[library]


def _imports() -> Iterator[tuple[str, str]]:
    """Yield each room with each package that it imports, at the top or inside a function."""
    for path in PACKAGE.rglob("*.py"):
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for name in _named(node):
                yield room, name.partition(".")[0]


def _named(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
