"""What purposes are worth by themselves: modularity against chance, stability, spread over categories."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from mindgraph.evaluate.scores import interval
from mindgraph.graph import ends_of, purposes_of


@dataclass(frozen=True)
class Structure:
    """Hold a graph of intentions and how it is cut into levels; neighbours of this room hand it in."""

    graph: sparse.csr_matrix
    resolutions: Sequence[float]
    #: Graph and seed → array of (levels, nodes), fine first.
    levels: Callable[[sparse.csr_matrix, int], Any]
    modularity: Callable[[sparse.csr_matrix, Any, float], float]
    rand_index: Callable[[Any, Any], float]


def intrinsic(structure: Structure, *, seeds: int = 5, shuffles: int = 5, seed: int = 0) -> pl.DataFrame:
    """Return for each level: resolution, clusters, modularity, z (against shuffles), stability, low, high.

    Stability is the mean adjusted Rand index against runs with other seeds; low and high are the
    least and the greatest. z counts standard deviations above graphs of the same degrees (edges
    cut and joined again at random: Molloy and Reed, 1995). Source of modularity: Newman and Girvan,
    Finding and evaluating community structure, 2004.
    """
    graph = structure.graph
    if graph.nnz == 0:
        return pl.DataFrame(
            schema=["level", "resolution", "clusters", "modularity", "z", "stability", "low", "high"]
        )
    ours = structure.levels(graph, seed)
    others = [structure.levels(graph, seed + n) for n in range(1, seeds)]
    rng = np.random.default_rng(seed)
    chance = []
    for _ in range(shuffles):
        mixed = shuffled(graph, rng)
        found = structure.levels(mixed, seed)
        chance.append([structure.modularity(mixed, found[n], r) for n, r in enumerate(structure.resolutions)])
    rows = []
    for level, resolution in enumerate(structure.resolutions):
        value = structure.modularity(graph, ours[level], resolution)
        by_chance = np.array([row[level] for row in chance])
        spread = float(by_chance.std(ddof=1)) if shuffles > 1 else float("nan")
        stable = [structure.rand_index(ours[level], other[level]) for other in others]
        rows.append(
            {
                "level": level,
                "resolution": float(resolution),
                "clusters": int((np.bincount(ours[level]) > 1).sum()),
                "modularity": round(value, 4),
                "by chance": round(float(by_chance.mean()), 4),
                "z": round((value - float(by_chance.mean())) / spread, 1) if spread > 1e-9 else None,
                "stability": round(float(np.mean(stable)), 4),
                "low": round(min(stable), 4),
                "high": round(max(stable), 4),
            }
        )
    return pl.DataFrame(rows)


def shuffled(graph: sparse.csr_matrix, rng: Any) -> sparse.csr_matrix:
    """Return a graph of the same degrees: edges cut and joined at random, each with its weight."""
    pairs = sparse.triu(graph, k=1).tocoo()
    turn = rng.random(len(pairs.data)) < 0.5
    one, other = np.where(turn, pairs.col, pairs.row), np.where(turn, pairs.row, pairs.col)
    other = rng.permutation(other)
    kept = one != other
    half = sparse.csr_matrix((pairs.data[kept], (one[kept], other[kept])), shape=graph.shape)
    return sparse.csr_matrix(half + half.T)


def category_spread(
    products: pl.DataFrame, triples: pl.DataFrame, memberships: pl.DataFrame, clusters: pl.DataFrame
) -> pl.DataFrame:
    """Return the entropy of categories, in bits, of intentions and of purposes of each level.

    Columns: of, things, entropy (mean, with its interval: low, high), one or two (share of those that
    serve one or two categories only). Source of the last: Zhou et al., EMNLP 2024, who found over four in
    five intentions so.
    """
    tops = products.select(
        pl.col("id").alias("product"),
        pl.col("categories").list.first().str.split(" > ").list.last().alias("category"),
    ).drop_nulls("category")
    ends = ends_of(triples).select("product", "intention").unique()
    held = purposes_of(memberships, clusters).join(clusters.select(cluster="id", level="level"), on="cluster")
    parts = [("intentions", ends.select("product", thing="intention"))]
    for (level,), rows in held.sort("level").group_by("level", maintain_order=True):
        served = ends.join(rows.select("intention", thing="cluster"), on="intention")
        parts.append((f"purposes, level {level}", served.select("product", "thing").unique()))
    return pl.concat([_spread(name, rows.join(tops, on="product")) for name, rows in parts])


def _spread(name: str, rows: pl.DataFrame) -> pl.DataFrame:
    counts = rows.group_by("thing", "category").agg(pl.len().alias("times")).sort("thing", "category")
    share = pl.col("times") / pl.col("times").sum()
    each = counts.group_by("thing", maintain_order=True).agg(
        (-(share * share.log(2)).sum() + 0.0).alias("entropy"), pl.len().alias("categories")
    )
    mean, low, high = interval(each["entropy"].to_numpy()) if len(each) else (None, None, None)
    return each.select(
        pl.lit(name).alias("of"),
        pl.len().alias("things"),
        *(
            pl.lit(value, dtype=pl.Float64).round(3).alias(column)
            for column, value in (("entropy", mean), ("low", low), ("high", high))
        ),
        (pl.col("categories") <= 2).mean().round(3).alias("one or two"),
    )
