"""Intentions and purposes are found by meaning, in Neo4j by somebody else's retriever too."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mindgraph.errors import StoreMismatch
from mindgraph.pipeline import Pipeline
from mindgraph.points import centres, vector_column
from mindgraph.stores.bolt import Login, connect, verify
from mindgraph.workspace import Workspace
from tests.needs import ROOT, need_module
from tests.servers import Server
from tests.shops import CAMPING, shop

NEAREST = """
CALL db.index.vector.queryNodes('intention_vector', 1, $vector) YIELD node
RETURN node.text AS text
"""


def with_vectors(folder: Path, *, dataset: str = "shop", count: int = len(CAMPING)) -> Pipeline:
    """Return a small workspace whose graph carries vectors."""
    pipeline = Pipeline(shop(folder, CAMPING[:count], dataset=dataset))
    pipeline.remember(load_vectors=True)
    return pipeline


def test_a_purpose_stands_in_the_middle_of_its_members():
    """A cluster takes its members by their weight, and a broad one what its parts have."""
    clusters = pl.DataFrame({"id": ["a", "b", "top"], "parent": ["top", "top", None], "level": [0, 0, 2]})
    rows = pl.DataFrame({"cluster": ["a", "a", "b"], "weight": [1.0, 3.0, 1.0]})
    ids, middle = centres(clusters, [(rows, np.eye(3, dtype=np.float32))])
    assert ids.to_list() == ["a", "b", "top"]
    assert middle.tolist() == [[1, 3, 0], [0, 0, 1], [1, 3, 1]]
    column = vector_column(np.array([[3, 4], [0, 0]], dtype=np.float32))
    assert column.to_list() == [[0.6, 0.8], None]


def test_the_embedded_graph_is_asked_by_meaning(tmp_path: Path):
    """The nearest intention is found by the index's name that Neo4j has too; vectors go as they came."""
    pipeline = with_vectors(tmp_path)
    pipeline.load()
    wanted = pipeline.vector_of("to see at night")
    assert pipeline.query(NEAREST, {"vector": wanted}).rows == [{"text": "seeing at night"}]
    assert Pipeline(pipeline.workspace).load().unchanged
    pipeline.remember(load_vectors=False)
    assert not pipeline.load().unchanged
    held = pipeline.query("MATCH (n:Intention) RETURN count(n.vector) AS held").rows
    assert held == [{"held": 0}]


def test_vectors_are_loaded_once_verified_and_taken_away(neo4j_empty: Server, tmp_path: Path):
    """Vectors come and go as every other property: the difference alone, read back and compared."""
    pipeline = with_vectors(tmp_path)
    with connect(neo4j_empty.uri, Login(*neo4j_empty.auth)) as bolt, neo4j_empty.driver() as driver:
        pipeline.load_server(bolt)
        assert pipeline.load_server(bolt).updated.total() == 0
        wanted = pipeline.vector_of("to see at night")
        assert driver.execute_query(NEAREST, vector=wanted).records[0]["text"] == "seeing at night"
        driver.execute_query("MATCH (n:Intention {text: 'seeing at night'}) SET n.vector = [0.5, 1.0]")
        with pytest.raises(StoreMismatch, match="vector"):
            pipeline.validate_server(bolt)
        assert pipeline.load_server(bolt).updated["Intention"] == 1
        pipeline.remember(load_vectors=False)
        assert dict(pipeline.load_server(bolt).updated) == {"Intention": 4, "IntentionCluster": 2}
        left = driver.execute_query("MATCH (n) WHERE n.vector IS NOT NULL RETURN count(n) AS n").records
        assert left[0]["n"] == 0


def test_data_sets_share_a_node_and_its_vector(neo4j_empty: Server, tmp_path: Path):
    """A node of two data sets keeps its vector when one of them, or one without vectors, lets go."""
    plain, placed = Pipeline(shop(tmp_path / "a", dataset="a")), with_vectors(tmp_path / "b", dataset="b")
    with connect(neo4j_empty.uri, Login(*neo4j_empty.auth)) as bolt:
        for pipeline in (plain, placed):
            pipeline.load_server(bolt)
        for pipeline in (plain, placed):
            pipeline.validate_server(bolt)
        fewer = with_vectors(tmp_path / "b", dataset="b", count=2)
        fewer.load_server(bolt)
        verify(bolt, fewer._spool())
        plain.validate_server(bolt)


def test_an_index_for_other_vectors_is_made_anew(neo4j_empty: Server, tmp_path: Path):
    """Where the vectors have another length than before, the index takes those that come."""
    with neo4j_empty.driver() as driver, connect(neo4j_empty.uri, Login(*neo4j_empty.auth)) as bolt:
        driver.execute_query(
            "CREATE VECTOR INDEX intention_vector FOR (n:Intention) ON (n.vector) "
            "OPTIONS {indexConfig: {`vector.dimensions`: 3, `vector.similarity_function`: 'cosine'}}"
        )
        pipeline = with_vectors(tmp_path)
        pipeline.load_server(bolt)
        found = driver.execute_query(NEAREST, vector=pipeline.vector_of("to see at night")).records
        assert found[0]["text"] == "seeing at night"


def test_the_retriever_of_neo4j_graphrag_finds_the_products(
    neo4j_empty: Server, sample_shop: Workspace, tmp_path: Path
):
    """The example of the guide, as it stands there, answers a question about the sample shop."""
    need_module("graphrag", "neo4j_graphrag")
    folder = tmp_path / "sample-shop"
    shutil.copytree(sample_shop.path, folder, ignore=shutil.ignore_patterns("graph", "graph-tables"))
    pipeline = Pipeline(Workspace(folder))
    pipeline.remember(load_vectors=True)
    with connect(neo4j_empty.uri, Login(*neo4j_empty.auth)) as bolt:
        pipeline.load_server(bolt)
    example = re.search(r"```python\n(.*?)```", (ROOT / "docs/vectors.md").read_text(), re.DOTALL)
    assert example is not None
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(example[1], {"URI": neo4j_empty.uri, "AUTH": neo4j_empty.auth, "__name__": "guide"})
    products = [line.split()[0] for line in said.getvalue().splitlines()]
    assert products[:2] == ["power-bank", "solar-panel"]
