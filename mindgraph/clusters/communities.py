"""Communities at three levels of detail: deterministic, connected, each inside the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

#: Fine, middle, broad.
RESOLUTIONS = (8.0, 2.0, 0.6)
#: Number of nodes that resolutions are given for.
PER = 1_000
#: How often the whole graph is gone through; more than this gains nothing that is worth its time.
ITERATIONS = 4


def sized(resolutions: Sequence[float], graph: sparse.csr_matrix) -> list[float]:
    """Return the resolutions for a graph of this size: they are given for 1,000 nodes with edges, or fewer.

    Modularity compares with chance in the whole graph, so at one resolution communities grow with the
    graph, whatever holds them together. A resolution that grows with it finds the same ones.
    Source: Fortunato and Barthélemy, Resolution limit in community detection, 2007.
    """
    nodes = int(np.count_nonzero(np.diff(graph.indptr)))
    return [resolution * max(1.0, nodes / PER) for resolution in resolutions]


def levels(
    graph: sparse.csr_matrix,
    resolutions: Sequence[float] = RESOLUTIONS,
    *,
    seed: int = 0,
    iterations: int = ITERATIONS,
) -> Any:
    """Return one row of community numbers a level, fine first: array of (levels, nodes).

    Every community of a level lies inside one of the next. The middle level is found first, the finer
    ones inside it, the broader ones of its communities: that costs less modularity than beginning
    at either end. Resolutions are taken as they are (see `sized`). Numbers are ordered by first member.
    """
    start = len(resolutions) // 2
    given = {"seed": seed, "iterations": iterations}
    middle = connected(graph, communities(graph, resolutions[start], **given))
    found = [middle]
    for resolution in reversed(resolutions[:start]):
        inside = within(graph, found[0])
        found.insert(0, connected(inside, communities(inside, resolution, **given)))
    for resolution in resolutions[start + 1 :]:
        whole = joined(graph, found[-1])
        found.append(connected(graph, communities(whole, resolution, **given)[found[-1]]))
    return np.stack(found)


def joined(graph: sparse.csr_matrix, labels: Any) -> sparse.csr_matrix:
    """Return the graph of the communities: a node each, what lies inside one is its loop."""
    count = int(labels.max()) + 1 if len(labels) else 0
    each = np.arange(len(labels))
    member = sparse.csr_matrix((np.ones(len(labels)), (each, labels)), shape=(len(labels), count))
    return sparse.csr_matrix(member.T @ graph @ member)


def communities(
    graph: sparse.csr_matrix, resolution: float, *, seed: int = 0, iterations: int = ITERATIONS
) -> Any:
    """Return the community of each node of a symmetric graph; nodes without edges stand alone.

    Source of the method: Traag, Waltman and van Eck, From Louvain to Leiden, 2019; resolution after
    Reichardt and Bornholdt, 2006. The seed decides where several answers are nearly as good.
    """
    from graspologic_native import leiden_csr

    count = graph.shape[0]
    bare = _without_loops(graph)
    if bare.nnz == 0:
        return np.arange(count)
    _, found = leiden_csr(
        bare.indptr.astype(np.int64),
        bare.indices.astype(np.int32),
        bare.data.astype(np.float64),
        bare.shape[0],
        resolution=resolution,
        iterations=iterations,
        seed=seed,
    )
    labels = np.fromiter((found[node] for node in range(count)), dtype=np.int64, count=count)
    return in_order(labels)


def within(graph: sparse.csr_matrix, labels: Any) -> sparse.csr_matrix:
    """Return the graph without the edges between communities; what a node lost is its loop.

    So every node keeps its degree, and the best communities of this graph are the best ones of the
    whole that lie inside the given ones.
    """
    pairs = graph.tocoo()
    same = labels[pairs.row] == labels[pairs.col]
    inner = sparse.csr_matrix((pairs.data[same], (pairs.row[same], pairs.col[same])), shape=graph.shape)
    lost = np.asarray(graph.sum(axis=1) - inner.sum(axis=1)).ravel()
    lost[lost < 1e-12] = 0
    return sparse.csr_matrix(inner + sparse.diags(lost))


def _without_loops(graph: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the graph with a partner for each node with a loop, joined to it by half the loop.

    Leiden's implementation leaves loops out. A partner has no other edge, so it goes where its node
    goes, and both together have the node's degree.
    """
    loops = graph.diagonal()
    at = np.flatnonzero(loops > 0)
    if not len(at):
        return sparse.csr_matrix(graph)
    pairs, count = graph.tocoo(), graph.shape[0]
    off, partner = pairs.row != pairs.col, count + np.arange(len(at))
    rows = np.concatenate([pairs.row[off], at, partner])
    columns = np.concatenate([pairs.col[off], partner, at])
    data = np.concatenate([pairs.data[off], loops[at] / 2, loops[at] / 2])
    size = count + len(at)
    return sparse.csr_matrix((data, (rows, columns)), shape=(size, size))


def connected(graph: sparse.csr_matrix, labels: Any) -> Any:
    """Split each community that falls apart into its connected pieces; modularity never falls."""
    pairs = graph.tocoo()
    inside = labels[pairs.row] == labels[pairs.col]
    kept = sparse.coo_matrix(
        (np.ones(int(inside.sum())), (pairs.row[inside], pairs.col[inside])), shape=graph.shape
    )
    return in_order(connected_components(kept, directed=False)[1].astype(np.int64))


def modularity(graph: sparse.csr_matrix, labels: Any, resolution: float = 1.0) -> float:
    """Return Newman's modularity of a weighted graph at a resolution."""
    total = graph.sum()
    if not total:
        return 0.0
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    pairs = graph.tocoo()
    inside = pairs.data[labels[pairs.row] == labels[pairs.col]].sum()
    volumes = np.bincount(labels, weights=degrees)
    return float(inside / total - resolution * np.square(volumes / total).sum())


def in_order(labels: Any) -> Any:
    """Renumber communities by their first member."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse.ravel()]
