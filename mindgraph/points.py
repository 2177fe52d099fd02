"""Texts as points: the vectors of intentions and purposes, as a column that a store can search by.

An intention stands where its text stands. A purpose stands in the middle of its members, weighted by how
much they belong to it. How texts become vectors is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: The column, null where vectors are not wanted or a text has no direction.
VECTOR = "vector"
VECTOR_TYPE = pl.List(pl.Float64)
#: Decimals that are kept: far below what tells two texts apart, and the same in every store.
DECIMALS = 6


@dataclass(frozen=True)
class Points:
    """Be a way to place texts; `name` says which, so that others are not taken for the same."""

    name: str
    #: Texts → float32 array of (texts, dimensions), rows of length 1 or zero.
    place: Callable[[Sequence[str]], Matrix]


def placed(rows: pl.DataFrame, points: Points | None) -> pl.DataFrame:
    """Return rows of `text` with their vectors; all null where there are no points."""
    if points is None or rows.is_empty():
        return rows.with_columns(pl.lit(None, dtype=VECTOR_TYPE).alias(VECTOR))
    return rows.with_columns(vector_column(points.place(rows["text"].to_list())))


def vector_column(matrix: Matrix) -> pl.Series:
    """Return the rows of a matrix, scaled to length 1, as lists; null where a row is zero."""
    import numpy as np

    rows = np.asarray(matrix, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1)
    scaled = np.round(rows / np.where(lengths > 0, lengths, 1)[:, None], DECIMALS) + 0.0
    column = pl.Series(VECTOR, scaled).cast(VECTOR_TYPE)
    return column.to_frame().select(pl.when(pl.Series(lengths > 0)).then(column).alias(VECTOR)).to_series()


def centres(
    clusters: pl.DataFrame, members: Iterable[tuple[pl.DataFrame, Matrix]]
) -> tuple[pl.Series, Matrix]:
    """Return the ids of clusters, sorted, and where each stands: the weighted mean of its members.

    `clusters` has id, parent, level. `members` come in pieces: rows of cluster and weight with a vector
    each. A cluster that has parts takes what they have.
    """
    import numpy as np

    ids = clusters["id"].unique().sort()
    sums = np.zeros((len(ids), 0))
    for rows, vectors in members:
        known = rows["cluster"].is_in(ids.implode()).to_numpy()
        if not sums.shape[1]:
            sums = np.zeros((len(ids), vectors.shape[1]))
        weights = rows["weight"].to_numpy()[known, None]
        np.add.at(sums, ids.search_sorted(rows["cluster"].filter(known)).to_numpy(), vectors[known] * weights)
    parts = clusters.drop_nulls("parent").filter(pl.col("parent").is_in(ids.implode()))
    for (_,), level in parts.sort("level", "id").group_by("level", maintain_order=True):
        into, of = (ids.search_sorted(level[column]).to_numpy() for column in ("parent", "id"))
        np.add.at(sums, into, sums[of])
    return ids, sums.astype(np.float32)
