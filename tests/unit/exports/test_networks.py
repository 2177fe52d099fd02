"""Networks: networkx, GraphML and GEXF."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import networkx as nx
import pytest

import mindgraph
from mindgraph.exports.drawn import colour_of
from mindgraph.graph import Graph
from mindgraph.workspace import Workspace
from tests.exports import pipeline_of
from tests.needs import need_module


def test_networkx_holds_the_graph(workspace: Workspace, graph: Graph):
    """`mindgraph.to_networkx` has every product, intention and cluster, and every tie between them."""
    network = mindgraph.to_networkx(workspace)
    kinds = Counter(kind for _, kind in network.nodes(data="kind"))
    assert kinds == {"product": 60, "intention": 15, "cluster": 4}
    ties = Counter(kind for *_, kind in network.edges(data="kind"))
    assert ties == {k: len(graph.edges[k].rows) for k in ("BOUGHT_FOR", "CO_BOUGHT", "IN_CLUSTER", "PART_OF")}
    assert network.nodes["product:shop/p000"]["label"] == "Product <p000> & Co"
    assert nx.is_weakly_connected(network)


def test_networkx_takes_a_path_and_a_choice(workspace: Workspace):
    """A folder will do, and the choice is named as on the command line."""
    part = mindgraph.to_networkx(workspace.path, relations=("isA",), top=10)
    assert {r for *_, r in part.edges(data="relation")} == {"isA", None}
    assert sum(kind == "product" for _, kind in part.nodes(data="kind")) == 10


@pytest.mark.parametrize("which", ["workspace", "nasty"])
def test_graphml_is_read_by_networkx(which: str, tmp_path: Path, request: pytest.FixtureRequest):
    """networkx reads back the nodes and edges that `to_networkx` has, texts included."""
    space: Workspace = request.getfixturevalue(which)
    (path,) = pipeline_of(space).export("graphml", tmp_path)
    read, wanted = nx.read_graphml(path, force_multigraph=True), mindgraph.to_networkx(space)
    assert set(read.edges(keys=True)) == set(wanted.edges(keys=True))
    forbidden = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF], "\ufffd")
    for node, said in wanted.nodes(data=True):
        assert read.nodes[node] == {
            k: v.translate(forbidden) if isinstance(v, str) else v for k, v in said.items()
        }


def test_graphml_is_read_by_igraph(workspace: Workspace, tmp_path: Path):
    """igraph reads the same numbers of nodes and edges, with their attributes."""
    need_module("igraph", "igraph")
    import igraph

    (path,) = pipeline_of(workspace).export("graphml", tmp_path)
    read, wanted = igraph.Graph.Read_GraphML(str(path)), mindgraph.to_networkx(workspace)
    assert (read.vcount(), read.ecount()) == (len(wanted), wanted.size())
    assert Counter(read.vs["kind"]) == Counter(k for _, k in wanted.nodes(data="kind"))
    assert set(read.es["relation"]) >= {"usedFor", "isA"}


@pytest.mark.parametrize("which", ["workspace", "nasty"])
def test_gexf_is_read_by_networkx(which: str, tmp_path: Path, request: pytest.FixtureRequest):
    """networkx reads every node with colour and size, and every edge."""
    space: Workspace = request.getfixturevalue(which)
    (path,) = pipeline_of(space).export("gexf", tmp_path)
    read, wanted = nx.read_gexf(path), mindgraph.to_networkx(space)
    assert set(read.nodes) == set(wanted.nodes)
    assert read.size() == wanted.size()
    looks = {node: said["viz"] for node, said in read.nodes(data=True)}
    assert all(look["size"] >= 2 for look in looks.values())
    for node, said in wanted.nodes(data=True):
        if "purpose" in said:
            assert tuple(looks[node]["color"][c] for c in "rgb") == colour_of(said["purpose"])


def test_things_stand_in_a_purpose(workspace: Workspace):
    """Products, intentions and clusters know the broadest purpose that they stand in."""
    network = mindgraph.to_networkx(workspace)
    assert {said["purpose"] for _, said in network.nodes(data=True)} == {"All"}
