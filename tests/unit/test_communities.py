"""Communities beside another library's, and lineage."""

from __future__ import annotations

import networkx
import numpy as np
import polars as pl
import pytest
from scipy import sparse

from mindgraph.clusters.communities import PER, communities, connected, levels, modularity, sized
from mindgraph.clusters.lineage import carried, fresh_ids
from tests.needs import need_module


def planted(groups: int = 40, size: int = 25) -> sparse.csr_matrix:
    """Return a graph of planted groups."""
    graph = networkx.planted_partition_graph(groups, size, 0.4, 0.01, seed=3)
    return sparse.csr_matrix(networkx.to_scipy_sparse_array(graph, dtype=float))


def test_modularity_is_that_of_networkx():
    """Modularity at a resolution is what networkx computes."""
    graph = planted(6, 10)
    labels = communities(graph, 1.0)
    groups = [set(np.flatnonzero(labels == n).tolist()) for n in np.unique(labels)]
    expected = networkx.community.modularity(networkx.from_scipy_sparse_array(graph), groups, resolution=1.5)
    assert modularity(graph, labels, 1.5) == pytest.approx(expected)


@pytest.mark.parametrize("resolution", [0.6, 2.0])
def test_communities_are_as_good_as_leiden(resolution: float):
    """Modularity is within 0.002 of igraph's Leiden at the same resolution."""
    need_module("igraph", "igraph")
    import igraph

    graph = planted()
    pairs = sparse.triu(graph).tocoo()
    other = igraph.Graph(
        n=graph.shape[0], edges=list(zip(pairs.row.tolist(), pairs.col.tolist(), strict=True))
    )
    leiden = other.community_leiden(objective_function="modularity", resolution=resolution, n_iterations=-1)
    ours = modularity(graph, connected(graph, communities(graph, resolution)), resolution)
    assert ours >= modularity(graph, np.array(leiden.membership), resolution) - 0.002


@pytest.mark.parametrize("level", [0, 1, 2])
def test_each_level_is_as_good_as_leiden(level: int):
    """Nested levels cost little: each is within 0.002 of igraph's Leiden, which need not nest."""
    need_module("igraph", "igraph")
    import igraph

    graph, resolutions = planted(), (8.0, 2.0, 0.6)
    pairs = sparse.triu(graph).tocoo()
    other = igraph.Graph(n=graph.shape[0], edges=np.stack([pairs.row, pairs.col], axis=1))
    leiden = other.community_leiden(
        objective_function="modularity", resolution=resolutions[level], n_iterations=-1
    )
    ours = modularity(graph, levels(graph, resolutions)[level], resolutions[level])
    assert ours >= modularity(graph, np.array(leiden.membership), resolutions[level]) - 0.002


def test_resolutions_grow_with_the_graph():
    """Many separate copies of a graph fall into the communities of each; small graphs take them as given."""
    graph = planted()
    copies = 3 * PER // graph.shape[0]
    whole = sparse.csr_matrix(sparse.block_diag([graph] * copies))
    assert sized([2.0], graph) == [2.0]
    assert sized([2.0], whole) == [pytest.approx(2.0 * whole.shape[0] / PER)]
    one = communities(graph, 2.0 * graph.shape[0] / PER)
    found = communities(whole, sized([2.0], whole)[0])
    assert len(np.unique(found)) == pytest.approx(copies * len(np.unique(one)), rel=0.2)


def members(clusters: dict[str, str], level: int = 0) -> pl.DataFrame:
    """Return a table of members: cluster → its intentions, one letter each."""
    return pl.DataFrame(
        [(level, id_, letter) for id_, letters in clusters.items() for letter in letters],
        schema={"level": pl.Int32, "id": pl.String, "intention": pl.String},
        orient="row",
    )


def test_a_cluster_that_stayed_mostly_the_same_keeps_its_id():
    """Half of what either holds in common is enough; others are new, and the table says so."""
    names, history = carried(members({"n1": "abcdx", "n2": "uvw"}), members({"old": "abcd", "gone": "z"}))
    assert dict(names.iter_rows()) == {"n1": "old", "n2": "n2"}
    told = {row[0]: (row[1], row[3]) for row in history.iter_rows()}
    assert told == {"old": ("old", "kept"), "n2": (None, "new")}


def test_no_id_is_given_twice():
    """Where a cluster falls into equal halves, one of them keeps the id."""
    names, history = carried(members({"n1": "ab", "n2": "cd"}), members({"old": "abcd"}))
    assert sorted(kept for _, kept in names.iter_rows()) == ["n2", "old"]
    assert set(history["change"]) == {"kept", "split"}


def test_ids_follow_from_the_members():
    """The same members have the same id in any order; other members have another."""
    rows = members({"1": "abc"}).select("level", pl.lit(0).alias("cluster"), "intention")
    other = members({"1": "abd"}).select("level", pl.lit(0).alias("cluster"), "intention")
    assert fresh_ids(rows).equals(fresh_ids(rows.reverse()))
    assert fresh_ids(rows)["id"][0] != fresh_ids(other)["id"][0]
