"""Purposes: intentions consolidated, and clustered across what is said and what is bought together.

First half, `consolidate`: near-duplicate wordings get one canonical intention. Second
half, `clusters_of`: the intention graph of two kinds of evidence (`evidence`) falls into communities
at three levels (`communities`), which are named (`labels`) and keep their ids (`lineage`).
"""

from __future__ import annotations

from mindgraph.clusters.bond import bond
from mindgraph.clusters.communities import communities, connected, levels, modularity, sized
from mindgraph.clusters.consolidate import consolidate
from mindgraph.clusters.evidence import Evidence, Texts, evidence
from mindgraph.clusters.labels import Members
from mindgraph.clusters.nearness import as_rows, neighbours_of, wordings_of
from mindgraph.clusters.neighbours import neighbours
from mindgraph.clusters.purposes import Clustered, clusters_of, intention_graph, product_communities
from mindgraph.clusters.stage import canonical, cluster, plan, tune, unmerge
from mindgraph.clusters.whole import find_purposes

__all__ = [
    "Clustered",
    "Evidence",
    "Members",
    "Texts",
    "as_rows",
    "bond",
    "canonical",
    "cluster",
    "clusters_of",
    "communities",
    "connected",
    "consolidate",
    "evidence",
    "find_purposes",
    "intention_graph",
    "levels",
    "modularity",
    "neighbours",
    "neighbours_of",
    "plan",
    "product_communities",
    "sized",
    "tune",
    "unmerge",
    "wordings_of",
]
