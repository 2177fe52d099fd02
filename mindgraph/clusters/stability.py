"""Which resolutions the data bears: communities that come out again with another seed."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from mindgraph.clusters.communities import communities

#: Resolutions that are tried, from broad to fine, each about half again as large as the one before.
TRIED = tuple(round(0.25 * 1.5**step, 3) for step in range(16))
#: Seeds that are compared at each.
SEEDS = 3


def scan(graph: sparse.csr_matrix, *, seed: int = 0) -> pl.DataFrame:
    """Return what each resolution gives: resolution, communities, stability, level.

    `communities` counts those of more than one member; `stability` is the mean adjusted Rand index
    of runs with different seeds. `level` is 0 (fine) to 2 (broad) where the resolution is chosen: those
    that give between 2 communities and one for every 4 intentions are cut into three ranges, and
    the most stable one of each is taken. None is chosen where fewer than three are left.
    """
    rows = [_tried(graph, resolution, seed) for resolution in TRIED]
    most = np.count_nonzero(np.diff(graph.indptr)) / 4
    usable = [n for n, (_, several, _) in enumerate(rows) if 2 <= several <= most]
    ranges = np.array_split(usable, 3) if len(usable) >= 3 else []
    best = {max(part, key=lambda n: (rows[n][2], -n)): 2 - at for at, part in enumerate(ranges)}
    schema = {"resolution": pl.Float64, "communities": pl.Int64, "stability": pl.Float64}
    levels = pl.Series("level", [best.get(n) for n in range(len(rows))], dtype=pl.Int64)
    return pl.DataFrame(rows, schema=schema, orient="row").with_columns(levels)


def rand_index(one: Any, other: Any) -> float:
    """Return the adjusted Rand index of two groupings: 1 the same, 0 as by chance.

    Source: Hubert and Arabie, Comparing partitions, 1985.
    """
    both = sparse.csr_matrix((np.ones(len(one)), (one, other))).data
    pairs = [float((part * (part - 1) / 2).sum()) for part in (both, np.bincount(one), np.bincount(other))]
    together, first, second = pairs
    whole = len(one) * (len(one) - 1) / 2
    expected = first * second / whole if whole else 0.0
    most = (first + second) / 2
    return 1.0 if most == expected else (together - expected) / (most - expected)


def _tried(graph: sparse.csr_matrix, resolution: float, seed: int) -> tuple[float, int, float]:
    held = np.diff(graph.indptr) > 0
    runs = [communities(graph, resolution, seed=seed + n)[held] for n in range(SEEDS)]
    if not held.any():
        return resolution, 0, 1.0
    several = int((np.bincount(runs[0]) > 1).sum())
    indices = [rand_index(one, other) for one, other in combinations(runs, 2)]
    return resolution, several, round(float(np.mean(indices)), 4)
