"""Near-duplicate wordings get one canonical intention; every wording stays.

Three steps: wordings of the same signature are one unit, which its most central wording stands for;
units that are near each other in vectors and have the same guard may merge; they do so in groups in
which every single wording is within the radius of its canonical, so that no chain leads from one
meaning to another. The order of the rows changes nothing.
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

#: Cosine from which on wordings of the same signature and guard are one: grammar moves vectors.
SAME = 0.6
#: Rows whose cosines are computed at once: bounds the memory.
BATCH = 100_000


def consolidate(
    intentions: pl.DataFrame, vectors: Matrix, near: pl.DataFrame, *, radius: float
) -> pl.DataFrame:
    """Return the merges: intention, canonical, score (cosine).

    `intentions` has id, signature, guard, uses (how many triples say it), apart (true where a person
    undid a merge); rows in the order of `vectors` and sorted by id. `near` names rows as source,
    target, cosine. Wordings of the same signature and guard merge from the cosine `SAME` on, all
    others from `radius` on.
    """
    if len(intentions) < 2:
        return pl.DataFrame(schema=schema_of(Merge))
    unit_of = units(intentions, vectors)
    reach = _reach(intentions, unit_of, vectors, near, radius)
    rank = _ranks(intentions["uses"].to_numpy(), unit_of, reach)
    taken = _canonical(len(intentions), reach, rank)
    return _merges(intentions["id"], vectors, _goal(unit_of, reach, taken, rank))


def units(intentions: pl.DataFrame, vectors: Matrix) -> Any:
    """Return for each row the row that stands for its unit: the most central of its signature and guard.

    Who is too far from that one, or was set apart, is a unit alone.
    """
    unit_of = np.arange(len(intentions))
    rows = intentions.select(
        "uses", "apart", "signature", "guard", row=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    twins = rows.filter(~pl.col("apart") & (pl.len().over("signature", "guard", "apart") > 1))
    if twins.is_empty():
        return unit_of
    twins = twins.select("row", "uses", pl.struct("signature", "guard").rank("dense").alias("unit"))
    twins = twins.sort("unit", "row")
    member, unit = twins["row"].to_numpy(), twins["unit"].rle_id().to_numpy()
    centres = _centres(vectors, member, unit, twins["uses"].to_numpy() + 1.0)
    near = _cosines(vectors[member], centres[unit])
    first = (
        twins.with_columns(pl.Series("unit", unit), pl.Series("near", near.round(6)))
        .sort("unit", "near", "uses", "row", descending=[False, True, True, False])
        .unique("unit", keep="first", maintain_order=True)["row"]
        .to_numpy()
    )
    close = _cosines(vectors[member], vectors[first[unit]]) >= SAME
    unit_of[member[close]] = first[unit][close]
    return unit_of


def _centres(vectors: Matrix, member: Any, unit: Any, weight: Any) -> Matrix:
    """Return the weighted mean of each unit's vectors, of length 1; units are numbered in order."""
    starts = np.flatnonzero(np.diff(unit, prepend=-1))
    sums = np.add.reduceat(vectors[member] * weight[:, None].astype(np.float32), starts, axis=0)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    centres: Matrix = np.divide(sums, lengths, out=np.zeros_like(sums), where=lengths > 0)
    return centres


def _cosines(left: Matrix, right: Matrix) -> Any:
    parts = [
        np.einsum("ij,ij->i", left[s : s + BATCH], right[s : s + BATCH]).astype(np.float64)
        for s in range(0, len(left), BATCH)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def _reach(
    rows: pl.DataFrame, unit_of: Any, vectors: Matrix, near: pl.DataFrame, radius: float
) -> pl.DataFrame:
    """Return which unit may merge into which: source, target, cosine (units by the row that stands for them).

    A unit may merge into another where every wording of it is within the radius of the other's.
    """
    guard, apart, unit = rows["guard"], rows["apart"], pl.Series("unit", unit_of)
    close = near.filter(pl.col("cosine") >= radius)
    source, target = unit.gather(close["source"]), unit.gather(close["target"])
    kept = (guard.gather(source) == guard.gather(target)) & ~apart.gather(source) & ~apart.gather(target)
    pairs = pl.DataFrame({"source": source, "target": target}).filter(kept & (source != target))
    pairs = pl.concat([pairs, pairs.select(source="target", target="source")]).unique()
    members = pl.DataFrame({"source": unit_of, "member": np.arange(len(unit_of))})
    each = pairs.join(members, on="source").sort("source", "target", "member")
    cosines = [
        _cosines(vectors[part["member"].to_numpy()], vectors[part["target"].to_numpy()])
        for part in each.iter_slices(BATCH)
    ]
    each = each.with_columns(pl.Series("cosine", np.concatenate(cosines or [np.empty(0)])))
    found = each.group_by("source", "target").agg(pl.col("cosine").min())
    return found.filter(pl.col("cosine") >= radius).sort("source", "target")


def _ranks(uses: Any, unit_of: Any, reach: pl.DataFrame) -> Any:
    """Return the rank of each row as a canonical, highest most central: use of it and of what may join it."""
    count = len(uses)
    own = np.bincount(unit_of, weights=uses, minlength=count)
    source, target = reach["source"].to_numpy(), reach["target"].to_numpy()
    drawn = np.bincount(target, weights=reach["cosine"].to_numpy() * own[source], minlength=count)
    # Rows are sorted by id: of equals the first is the more central, whatever order they came in.
    order = np.lexsort((-np.arange(count), np.round(own + drawn, 6)))
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return rank


def _canonical(count: int, reach: pl.DataFrame, rank: Any) -> Any:
    """Return which units stand for themselves: the greedy cover by rank, all at once in rounds.

    The result is that of going through the units by rank, one by one: who is not covered yet is taken,
    and covers those that may merge into it. Only who ranks higher can cover.
    """
    source, target = reach["source"].to_numpy(), reach["target"].to_numpy()
    up = rank[target] > rank[source]
    source, target = source[up], target[up]
    taken, opened = np.zeros(count, bool), np.ones(count, bool)
    while opened.any():
        waits = np.zeros(count, bool)
        waits[source] = True
        fresh = opened & ~waits
        taken |= fresh
        opened &= ~fresh
        opened[source[fresh[target]]] = False
        alive = opened[source] & opened[target]
        source, target = source[alive], target[alive]
    return taken


def _goal(unit_of: Any, reach: pl.DataFrame, taken: Any, rank: Any) -> Any:
    """Return for each row the row of its canonical: the nearest that its unit may merge into."""
    found = reach.with_columns(pl.Series("rank", rank).gather(reach["target"]), pl.col("cosine").round(6))
    stands = pl.Series("stands", taken)
    nearest = (
        found.filter(~stands.gather(found["source"]) & stands.gather(found["target"]))
        .sort("source", "cosine", "rank", descending=[False, True, True])
        .unique("source", keep="first", maintain_order=True)
    )
    goal = np.arange(len(unit_of))
    goal[nearest["source"].to_numpy()] = nearest["target"].to_numpy()
    return goal[unit_of]


def _merges(ids: pl.Series, vectors: Matrix, goal: Any) -> pl.DataFrame:
    moved = np.flatnonzero(goal != np.arange(len(goal)))
    scores = _cosines(vectors[moved], vectors[goal[moved]])
    return pl.DataFrame(
        {
            "intention": ids.gather(moved),
            "canonical": ids.gather(goal[moved]),
            "score": pl.Series(scores, dtype=pl.Float64).round(4).clip(0, 1),
        },
        schema=schema_of(Merge),
    ).sort("intention")
