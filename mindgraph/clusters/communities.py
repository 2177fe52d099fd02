"""Communities at three levels of detail: deterministic, connected, each inside the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

#: Fine, middle, broad.
RESOLUTIONS = (8.0, 2.0, 0.6)


def levels(graph: sparse.csr_matrix, resolutions: Sequence[float] = RESOLUTIONS, *, seed: int = 0) -> Any:
    """Return one row of community numbers a level, fine first: array of (levels, nodes).

    Every community of a level lies inside one of the next. Numbers are ordered by first member.
    Source of the method: Blondel et al., Fast unfolding of communities in large networks, 2008;
    resolution after Reichardt and Bornholdt, 2006.
    """
    fine = connected(graph, communities(graph, resolutions[0], seed=seed))
    found = [fine]
    for resolution in resolutions[1:]:
        whole = aggregated(graph, found[-1])
        joined = connected(whole, communities(whole, resolution, seed=seed))
        found.append(joined[found[-1]])
    return np.stack([in_order(labels) for labels in found])


def communities(graph: sparse.csr_matrix, resolution: float, *, seed: int = 0) -> Any:
    """Return the community of each node by Louvain's method; nodes without edges stand alone."""
    from sknetwork.clustering import Louvain

    if graph.nnz == 0:
        return np.arange(graph.shape[0])
    method = Louvain(resolution=resolution, modularity="newman", random_state=seed, sort_clusters=False)
    labels = method.fit_predict(graph)
    return in_order(np.asarray(labels, dtype=np.int64))


def connected(graph: sparse.csr_matrix, labels: Any) -> Any:
    """Split each community that falls apart into its connected pieces; modularity never falls."""
    pairs = graph.tocoo()
    inside = labels[pairs.row] == labels[pairs.col]
    kept = sparse.coo_matrix(
        (np.ones(int(inside.sum())), (pairs.row[inside], pairs.col[inside])), shape=graph.shape
    )
    return in_order(connected_components(kept, directed=False)[1].astype(np.int64))


def aggregated(graph: sparse.csr_matrix, labels: Any) -> sparse.csr_matrix:
    """Return the graph between communities; what is inside one is its loop."""
    count = int(labels.max()) + 1 if len(labels) else 0
    members = sparse.csr_matrix(
        (np.ones(len(labels)), (np.arange(len(labels)), labels)), (len(labels), count)
    )
    return sparse.csr_matrix(members.T @ graph @ members)


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
