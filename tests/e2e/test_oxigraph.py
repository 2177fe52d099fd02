"""Oxigraph's own command line takes the dumps as the guide says, and answers from them."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mindgraph.pipeline import Pipeline
from tests.handon import write_tables
from tests.needs import need

FORMATS = ("nt", "nq", "ttl", "trig", "jsonld")
COUNT = "SELECT (COUNT(*) AS ?n) { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }"
NAMES = "SELECT ?name { ?p <https://schema.org/name> ?name }"


def oxigraph(*arguments: str | Path) -> str:
    beside = Path(sys.executable).with_name("oxigraph")
    command = str(beside) if beside.exists() else shutil.which("oxigraph")
    need("oxigraph", command, "its command line is not installed: pip install oxigraph")
    return subprocess.run([str(command), *arguments], check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("oxigraph")
    workspace = write_tables(folder / "ws")
    return Pipeline(workspace, workspace.settings()).export_rdf(folder / "out", FORMATS).folder


@pytest.mark.parametrize("name", FORMATS)
def test_oxigraph_loads_every_statement(dumps: Path, tmp_path: Path, name: str):
    """`oxigraph load` takes each format, and holds as many statements as the dump says, and every name."""
    oxigraph("load", "--location", tmp_path / "db", "--file", dumps / f"shop.{name}")
    statements = (dumps / "shop.nt").read_bytes().count(b"\n")
    assert _asked(tmp_path / "db", COUNT) == [{"n": str(statements)}]
    if name == "nt":
        products = [line for line in (dumps / "shop.nt").open() if "<https://schema.org/sku>" in line]
        assert len(_asked(tmp_path / "db", NAMES)) == len(products)


def _asked(store: Path, query: str) -> list[dict[str, str]]:
    said = oxigraph("query", "--location", store, "--query", query, "--results-format", "csv")
    return list(csv.DictReader(io.StringIO(said, newline="")))
