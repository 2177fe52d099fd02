"""Flat tables, with a data dictionary."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mindgraph.exports.flat import TABLES
from mindgraph.graph import graph_of
from mindgraph.records import (
    Product,
)
from mindgraph.workspace import Workspace
from tests.exports import pipeline_of
from tests.needs import need_module


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
@pytest.mark.parametrize("which", ["workspace", "nasty"])
def test_flat_tables_are_read_back(which: str, kind: str, tmp_path: Path, request: pytest.FixtureRequest):
    """polars reads back each table with the columns of the dictionary and every text as it was."""
    space: Workspace = request.getfixturevalue(which)
    pipeline_of(space).export(kind, tmp_path)
    read = pl.read_ndjson if kind == "jsonl" else pl.read_parquet
    tables = {name: read(tmp_path / f"{name}.{kind}") for name in TABLES}
    for name, (_, columns) in TABLES.items():
        assert tables[name].columns == list(columns)
    products = space.read(Product)
    assert dict(tables["products"].select("id", "title").iter_rows()) == dict(
        products.select("id", "title").iter_rows()
    )
    assert len(tables["triples"]) == len(graph_of(space.read, "shop").edges["HAS_INTENTION"].rows)
    assert tables["triples"]["text"].null_count() == 0


def test_flat_tables_are_read_by_pandas(workspace: Workspace, tmp_path: Path):
    """pandas reads JSON lines and Parquet alike."""
    need_module("pandas", "pandas")
    import pandas as pd

    for kind in ("jsonl", "parquet"):
        pipeline_of(workspace).export(kind, tmp_path)
    lines = pd.read_json(tmp_path / "triples.jsonl", lines=True, dtype=False)
    columns = pd.read_parquet(tmp_path / "triples.parquet")
    assert list(lines.columns) == list(columns.columns)
    assert lines["text"].tolist() == columns["text"].tolist()


def test_the_dictionary_says_every_column(workspace: Workspace, tmp_path: Path):
    """README.md names each table and column."""
    pipeline_of(workspace).export("parquet", tmp_path)
    text = (tmp_path / "README.md").read_text()
    for name, (_, columns) in TABLES.items():
        assert f"## {name}" in text
        for column in columns:
            assert f"| {column} |" in text
