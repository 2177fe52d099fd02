"""Analytics on tables say what networkx says of the same graph."""

from __future__ import annotations

import networkx
import polars as pl
import pytest

from mindgraph.analytics import bridges, complements, distributions, edges_of, foretold, pagerank
from mindgraph.records import CoBuy, Triple
from mindgraph.tables import frame_of


@pytest.mark.parametrize("personal", [None, {"0": 1.0, "5": 3.0}])
def test_pagerank_is_that_of_networkx(personal: dict[str, float] | None):
    """Plain and personalised PageRank of a weighted graph equal networkx' to 1e-8."""
    graph = networkx.relabel_nodes(networkx.karate_club_graph(), str)
    graph.add_edge("33", "33", weight=2.0)
    expected = networkx.pagerank(graph, personalization=personal, tol=1e-13, max_iter=1_000)
    ours = dict(pagerank(edges_of(graph), personal=personal).iter_rows())
    assert max(abs(ours[node] - value) for node, value in expected.items()) < 1e-8


def test_an_empty_graph_has_no_ranks():
    """Nothing in, nothing out."""
    assert pagerank(edges_of(networkx.Graph())).is_empty()


SERVES = pl.DataFrame(
    {"product": ["a", "b", "c", "d"], "cluster": ["x", "x", "x", "y"], "weight": [1.0, 1.0, 1.0, 1.0]}
)
COBUYS = frame_of(CoBuy, [CoBuy(id="1", product_a="a", product_b="b")])


def test_complements_were_bought_together_and_substitutes_were_not():
    """Of products alike in purpose, the co-bought complement each other."""
    kinds = {(a, b): kind for a, b, _, kind in complements(SERVES, COBUYS).iter_rows()}
    assert kinds["a", "b"] == "complement"
    assert kinds["a", "c"] == "substitute"
    assert ("a", "d") not in kinds
    assert foretold(SERVES, COBUYS).select("product_a", "product_b").rows() == [("a", "c"), ("b", "c")]


def test_bridges_serve_several_groups_evenly():
    """A purpose that serves two groups alike has an entropy of one bit."""
    groups = pl.DataFrame({"product": ["a", "b", "d"], "group": ["one", "two", "two"]})
    found = bridges(SERVES, groups)
    assert found.rows()[0] == ("x", 2, 2, 1.0)


def test_distributions_count_each_thing():
    """Means and extremes are those of the tables."""
    triple = Triple(id="t", cobuy="1", product_a="a", product_b="b", relation="can", intention="i")
    rows = {row["of"]: row for row in distributions(frame_of(Triple, [triple]), COBUYS, SERVES).to_dicts()}
    assert rows["products per purpose"]["most"] == 3
    assert rows["co-buys per product"]["things"] == 2
