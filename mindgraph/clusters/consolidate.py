"""Near-duplicate wordings get one canonical intention; every wording stays.

Three steps: the same signature; nearness of vectors; groups in which every member is within the
radius of its canonical, so that no chain leads from one meaning to another. The canonical is the
most central wording, not the first. The order of the rows changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from mindgraph.records import Merge
from mindgraph.tables import schema_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

_EMPTY = pl.DataFrame(schema=schema_of(Merge))


def consolidate(
    intentions: pl.DataFrame, vectors: Matrix, near: pl.DataFrame, *, radius: float, same: float = 0.6
) -> pl.DataFrame:
    """Return the merges: intention, canonical, score (cosine).

    `intentions` has id, text, signature, guard, uses (how many triples say it), apart (true where a
    person undid a merge); rows in the order of `vectors` and sorted by id. `near` names rows as
    source, target, cosine. Wordings of the same signature and guard merge from the cosine `same` on.
    """
    if len(intentions) < 2:
        return _EMPTY
    pairs = pl.concat(
        [
            _allowed(intentions, near.select("source", "target", "cosine"), radius),
            _alike(intentions, vectors, same),
        ]
    )
    if pairs.is_empty():
        return _EMPTY
    both = _both_ways(pairs)
    source, target = both["source"].to_numpy(), both["target"].to_numpy()
    cosine = both["cosine"].to_numpy()
    rank = _ranks(intentions, source, target, cosine)
    canonical = _canonical(len(intentions), source, target, rank)
    return _merges(intentions, both, canonical, rank)


def _allowed(intentions: pl.DataFrame, near: pl.DataFrame, radius: float) -> pl.DataFrame:
    """Return the near pairs within the radius whose guards are equal and that nobody set apart."""
    guard, apart = intentions["guard"], intentions["apart"]
    pairs = near.filter(pl.col("cosine") >= radius)
    source, target = pairs["source"], pairs["target"]
    kept = (guard.gather(source) == guard.gather(target)) & ~apart.gather(source) & ~apart.gather(target)
    return pairs.filter(kept)


def _alike(intentions: pl.DataFrame, vectors: Matrix, same: float) -> pl.DataFrame:
    """Return the pairs of each wording with the most used one of its signature and guard."""
    rows = intentions.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    rows = rows.filter(~pl.col("apart"))
    first = (
        rows.sort("uses", "id", descending=[True, False])
        .group_by("signature", "guard", maintain_order=True)
        .agg(pl.col("row").first().alias("target"))
    )
    pairs = rows.join(first, on=["signature", "guard"]).filter(pl.col("row") != pl.col("target"))
    source, target = pairs["row"].to_numpy(), pairs["target"].to_numpy()
    cosine = _cosines(vectors, source, target)
    found = pl.DataFrame({"source": source, "target": target, "cosine": cosine.astype(np.float64)})
    return found.filter(pl.col("cosine") >= same)


def _cosines(vectors: Matrix, source: Any, target: Any) -> Any:
    parts = [
        np.einsum("ij,ij->i", vectors[source[s : s + 100_000]], vectors[target[s : s + 100_000]])
        for s in range(0, len(source), 100_000)
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.float32)


def _both_ways(pairs: pl.DataFrame) -> pl.DataFrame:
    turned = pairs.select(pl.col("target").alias("source"), pl.col("source").alias("target"), "cosine")
    return (
        pl.concat([pairs, turned])
        .group_by("source", "target")
        .agg(pl.col("cosine").max())
        .sort("source", "target")
    )


def _ranks(intentions: pl.DataFrame, source: Any, target: Any, cosine: Any) -> Any:
    """Return the rank of each row, highest most central: use of itself and of what is near it."""
    uses = intentions["uses"].to_numpy().astype(np.float64)
    centrality = uses.copy()
    np.add.at(centrality, source, cosine * uses[target])
    # ids are sorted: of equals the first is the more central, whatever order the rows came in
    order = np.lexsort((-np.arange(len(uses)), np.round(centrality, 6)))
    rank = np.empty(len(uses), np.int64)
    rank[order] = np.arange(len(uses))
    return rank


def _canonical(count: int, source: Any, target: Any, rank: Any) -> Any:
    """Return which rows stand for themselves: the greedy cover by rank, all at once in rounds.

    In each round every open row that outranks its open neighbours is taken, and its neighbours are
    covered; the result is that of going through the rows by rank, one by one.
    """
    taken = np.zeros(count, bool)
    opened = np.ones(count, bool)
    alive = np.arange(len(source))
    while opened.any():
        best = np.full(count, -1, np.int64)
        np.maximum.at(best, source[alive], rank[target[alive]])
        fresh = opened & (rank > best)
        taken |= fresh
        covered = target[alive][fresh[source[alive]]]
        opened &= ~fresh
        opened[covered] = False
        alive = alive[opened[source[alive]] & opened[target[alive]]]
    return taken


def _merges(intentions: pl.DataFrame, both: pl.DataFrame, canonical: Any, rank: Any) -> pl.DataFrame:
    """Return each row that is not canonical with the nearest canonical one in reach."""
    ids = intentions["id"]
    stands = pl.Series("stands", canonical)
    ranks = pl.Series("rank", rank)
    reach = ~stands.gather(both["source"]) & stands.gather(both["target"])
    found = both.filter(reach).with_columns(pl.col("cosine").round(6))
    found = found.with_columns(ranks.gather(found["target"]).alias("rank"))
    nearest = found.sort("source", "cosine", "rank", descending=[False, True, True]).unique(
        "source", keep="first", maintain_order=True
    )
    return pl.DataFrame(
        {
            "intention": ids.gather(nearest["source"]),
            "canonical": ids.gather(nearest["target"]),
            "score": nearest["cosine"].cast(pl.Float64).round(4).clip(0, 1),
        }
    ).sort("intention")
