"""Analytics on tables say what networkx says of the same graph."""

from __future__ import annotations

import math
from collections import Counter

import networkx
import polars as pl
import pytest
import scipy.stats

from mindgraph import to_networkx
from mindgraph.analytics import (
    bridges,
    cobuys_in,
    complements,
    distributions,
    edges_of,
    foretold,
    pagerank,
    serves_in,
    similar_products,
)
from mindgraph.measures import analyzed
from mindgraph.records import CoBuy, Triple
from mindgraph.tables import frame_of
from mindgraph.workspace import Workspace


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


@pytest.fixture(scope="module")
def network(sample_shop: Workspace) -> networkx.MultiDiGraph:
    """The sample shop as a networkx graph."""
    return to_networkx(sample_shop)


def test_a_networkx_graph_gives_what_the_tables_give(sample_shop: Workspace, network: networkx.MultiDiGraph):
    """Similarity, complements and expected co-buys are the same from the graph as from the workspace."""
    for name, function in (
        ("similarity", similar_products),
        ("complements", complements),
        ("foretold", foretold),
    ):
        table = analyzed(sample_shop, name)
        named = {
            column: "product:sample-shop/{}" for column in table.columns if column[:5] in ("produ", "other")
        }
        ours = table.with_columns(pl.format(text, column).alias(column) for column, text in named.items())
        theirs = function(network)
        assert ours.sort(ours.columns).rows() == theirs.sort(theirs.columns).rows()
    spread = {row["of"]: row for row in distributions(network).to_dicts()}
    for row in analyzed(sample_shop, "distributions").to_dicts():
        assert row["of"] not in spread or row == spread[row["of"]]


def test_similarity_is_that_of_a_walk_over_neighbours(network: networkx.MultiDiGraph):
    """The cosine of two products, idf-weighted, is what the neighbours in a networkx graph say."""
    served = networkx.Graph()
    for product, cluster, weight in serves_in(network).iter_rows():
        served.add_edge(product, cluster, weight=weight)
    products = [node for node in served if node.startswith("product:")]
    idf = {c: math.log(1 + len(products) / served.degree(c)) for c in served if c.startswith("cluster:")}

    def profile(product: str) -> dict[str, float]:
        return {c: math.log1p(data["weight"]) * idf[c] for c, data in served[product].items()}

    def cosine(one: dict[str, float], other: dict[str, float]) -> float:
        return (
            sum(one[c] * other.get(c, 0.0) for c in one)
            / math.hypot(*one.values())
            / math.hypot(*other.values())
        )

    for a, b, similarity in similar_products(network).head(60).iter_rows():
        assert similarity == pytest.approx(cosine(profile(a), profile(b)), abs=1e-5)


def test_bridges_are_as_even_as_scipy_says(network: networkx.MultiDiGraph):
    """The entropy of each purpose over the communities that networkx finds among the co-buys."""
    bought = networkx.Graph()
    bought.add_weighted_edges_from(cobuys_in(network).iter_rows())
    parts = networkx.community.louvain_communities(bought, seed=0)
    groups = pl.DataFrame(
        [(product, str(n)) for n, part in enumerate(parts) for product in part],
        schema=["product", "group"],
        orient="row",
    )
    where = dict(groups.iter_rows())
    for cluster, count, products, entropy in bridges(network, groups).iter_rows():
        served = serves_in(network).filter(cluster=cluster)["product"].to_list()
        often = Counter(where[product] for product in served if product in where)
        assert (count, products) == (len(often), often.total())
        assert entropy == pytest.approx(scipy.stats.entropy(list(often.values()), base=2), abs=1e-3)
