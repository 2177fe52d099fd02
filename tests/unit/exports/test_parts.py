"""A part of the graph, as it was chosen."""

from __future__ import annotations

import pytest

import mindgraph
from mindgraph import exports
from mindgraph.errors import NotFound
from mindgraph.graph import graph_of
from mindgraph.workspace import Workspace


@pytest.mark.parametrize(
    ("chosen", "check"),
    [
        ({"relations": ("isA",)}, lambda t: set(t["relation"]) == {"isA"}),
        ({"min_acceptance": 0.6}, lambda t: t["acceptance"].min() >= 0.6),
        ({"top": 7}, lambda t: len(set(t["product_a"]) | set(t["product_b"])) <= 7),
        ({"clusters": ("Cluster 1",)}, lambda t: {int(x.split()[1]) % 3 for x in t["text"]} == {1}),
        ({"clusters": ("top",)}, lambda t: len(t) == 360),
        (
            {"categories": ("Garden",)},
            lambda t: all(
                (int(a[1:]) % 3 == 2) or (int(b[1:]) % 3 == 2)
                for a, b in t.select("product_a", "product_b").iter_rows()
            ),
        ),
        ({"categories": ("Home",)}, lambda t: len(t) == 320),
    ],
)
def test_a_part_is_what_was_chosen(workspace: Workspace, chosen: dict, check) -> None:
    """Every way of choosing leaves triples of that kind, and only what they touch."""
    selection = exports.Selection(**chosen)
    tables = exports.flat.flat_tables(graph_of(exports.selected(workspace.read, selection), "shop"))
    triples = tables["triples"]
    assert len(triples)
    assert check(triples)
    assert set(tables["products"]["id"]) == set(triples["product_a"]) | set(triples["product_b"])
    assert set(tables["intentions"]["id"]) == set(triples["intention"])
    assert set(tables["cobuys"]["id"]) == set(triples["cobuy"])


def test_what_is_not_there_cannot_be_chosen(workspace: Workspace):
    """A cluster or category that is not there is named."""
    with pytest.raises(NotFound, match="no cluster 'nowhere'"):
        mindgraph.to_networkx(workspace, clusters=("nowhere",))
    with pytest.raises(NotFound, match="category 'Toys'"):
        mindgraph.to_networkx(workspace, categories=("Toys",))
