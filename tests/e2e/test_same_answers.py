"""Cypher over the embedded graph, SPARQL over the RDF and `explain` say the same of one workspace."""

from __future__ import annotations

from typing import Any

import pytest

from mindgraph.pipeline import Pipeline
from mindgraph.rdf import query_text
from mindgraph.records import CoBuy, Product, Triple
from tests.handon import small_tables, write_tables


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """The small shop, loaded."""
    workspace = write_tables(tmp_path_factory.mktemp("same") / "ws")
    loaded = Pipeline(workspace, workspace.settings())
    loaded.load()
    return loaded


def sparql(pipeline: Pipeline, name: str, **values: str) -> list[dict[str, Any]]:
    return list(pipeline.sparql(query_text(name), values))


def cypher(pipeline: Pipeline, name: str, **values: Any) -> list[dict[str, Any]]:
    return pipeline.query(name, {"limit": 1000, **values}).rows


def same(one: list[dict[str, Any]], two: list[dict[str, Any]]) -> None:
    """Assert that two answers hold the same rows, of the columns that both have."""
    assert one, "nothing to compare"
    columns = sorted(set(one[0]) & set(two[0]))
    assert len(columns) > 1
    assert _rows(one, columns) == _rows(two, columns)


def _rows(rows: list[dict[str, Any]], columns: list[str]) -> list[str]:
    return sorted(repr([_plain(row[name]) for name in columns]) for row in rows)


def _plain(value: Any) -> Any:
    return round(float(value), 9) if isinstance(value, int | float) else value


def test_why_together(pipeline: Pipeline):
    """Why were these two bought together? The triples' ids are the same, too."""
    pair = small_tables()[CoBuy][0]
    values = {"a": pair.product_a, "b": pair.product_b}
    same(sparql(pipeline, "why_together", **values), cypher(pipeline, "why_together", **values))


@pytest.mark.parametrize("product", ["lamp", "10/4 café", ".."])
def test_bought_for(pipeline: Pipeline, product: str):
    """What is this product bought for? Added up and averaged alike, under the same intention ids."""
    same(sparql(pipeline, "bought_for", product=product), cypher(pipeline, "bought_for", product=product))


@pytest.mark.parametrize("product", ["lamp", "10/4 café"])
def test_bought_with(pipeline: Pipeline, product: str):
    """What is bought with this product, and how often?"""
    same(sparql(pipeline, "bought_with", id=product), cypher(pipeline, "bought_with", product=product))


def test_strongest_intentions(pipeline: Pipeline):
    """Which intentions explain the most purchases?"""
    same(sparql(pipeline, "strongest_intentions"), cypher(pipeline, "strongest_intentions"))


def test_never_together(pipeline: Pipeline):
    """What is bought for the same, but never with it?"""
    theirs = cypher(pipeline, "never_together", product="lamp")
    same(sparql(pipeline, "never_together", id="lamp"), theirs)


def test_everything_is_counted_alike(pipeline: Pipeline):
    """Products, intentions, pairs, clusters and generators are as many in both."""
    classes = {
        "Product": "schema:Product",
        "Intention": "mg:Intention",
        "CoBuy": "mg:CoBuy",
        "IntentionCluster": "mg:IntentionCluster",
        "Generator": "prov:SoftwareAgent",
        "HAS_INTENTION": "mg:Assertion",
    }
    counts = {row["name"]: row["count"] for row in pipeline.query("counts", {}).rows}
    for name, class_ in classes.items():
        (row,) = pipeline.sparql(f"SELECT (COUNT(DISTINCT ?x) AS ?n) WHERE {{ ?x a {class_} }}")
        assert row["n"] == counts[name], name
    assert counts["Product"] == len(small_tables()[Product])


def test_explain_knows_the_ids(pipeline: Pipeline):
    """An id that SPARQL gives is one that `explain` takes, of a triple with merged wordings too."""
    merged = 0
    for pair in small_tables()[CoBuy]:
        for row in sparql(pipeline, "why_together", a=pair.product_a, b=pair.product_b):
            told = pipeline.explain(row["triple"])
            assert (told["id"], told["intention text"]) == (row["triple"], row["intention"])
            assert told["evidence"]
            merged += row["triple"] not in set(pipeline.workspace.read(Triple)["id"])
    assert merged
