"""Which share of behaviour and which resolutions the data bears: communities that come out again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

from mindgraph.clusters.communities import communities, sized

#: Resolutions that are tried, from broad to fine, each about half again as large as the one before.
TRIED = tuple(round(0.25 * 1.5**step, 3) for step in range(16))
#: Those of them at which shares of behaviour are compared.
LOOKED = TRIED[4:11]
#: Shares of behaviour that are tried.
SHARES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.9)
#: Seeds that are compared at each resolution, and at each share of behaviour.
SEEDS, FEWER = 3, 2
#: How often the graph is gone through for a try.
ITERATIONS = 2
#: What a try gives, by column.
_COLUMNS = {
    "behaviour": pl.Float64,
    "resolution": pl.Float64,
    "communities": pl.Int64,
    "stability": pl.Float64,
}


def scan(
    mixed: Callable[[float], sparse.csr_matrix], *, shares: Sequence[float] = SHARES, seed: int = 0
) -> pl.DataFrame:
    """Return what each share of behaviour and each resolution gives, and which are chosen.

    Columns: behaviour, resolution (for 1,000 intentions, see `communities.sized`), communities (those
    of more than one member), stability (the mean adjusted Rand index of runs with different seeds),
    level. The share is the one that has the most stable communities at any of `LOOKED`. `level` is 0
    (fine) to 2 (broad) where the resolution is chosen: those that give between 2 communities and one
    for every 4 intentions are cut into three ranges, and the most stable one of each is taken. None
    is chosen where fewer than three are left.
    """
    looked = [_tried(mixed(share), share, r, seed, FEWER) for share in shares for r in LOOKED]
    share = max(looked, key=lambda row: (row[3], -row[0]))[0]
    graph = mixed(share)
    rows = [_tried(graph, share, resolution, seed, SEEDS) for resolution in TRIED]
    most = np.count_nonzero(np.diff(graph.indptr)) / 4
    usable = [n for n, row in enumerate(rows) if 2 <= row[2] <= most]
    ranges = np.array_split(usable, 3) if len(usable) >= 3 else []
    best = {max(part, key=lambda n: (rows[n][3], -n)): 2 - at for at, part in enumerate(ranges)}
    levels = pl.Series("level", [best.get(n) for n in range(len(rows))], dtype=pl.Int64)
    others = [row for row in looked if row[0] != share]
    return pl.concat(
        [
            pl.DataFrame(others, schema=_COLUMNS, orient="row").with_columns(level=pl.lit(None, pl.Int64)),
            pl.DataFrame(rows, schema=_COLUMNS, orient="row").with_columns(levels),
        ]
    )


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


def _tried(
    graph: sparse.csr_matrix, share: float, resolution: float, seed: int, seeds: int
) -> tuple[float, float, int, float]:
    held = np.diff(graph.indptr) > 0
    if not held.any():
        return share, resolution, 0, 1.0
    at = sized([resolution], graph)[0]
    runs = [communities(graph, at, seed=seed + n, iterations=ITERATIONS)[held] for n in range(seeds)]
    several = int((np.bincount(runs[0]) > 1).sum())
    indices = [rand_index(one, other) for one, other in combinations(runs, 2)]
    return share, resolution, several, round(float(np.mean(indices)), 4)
