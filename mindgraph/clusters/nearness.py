"""Which wordings are near each other: looked for once, kept as a table, read back as row numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from mindgraph.clusters.consolidate import units
from mindgraph.clusters.neighbours import neighbours
from mindgraph.clusters.words import worded
from mindgraph.records import Neighbour
from mindgraph.tables import schema_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: Nearest wordings looked at for a merge, and nearest intentions for the graph.
NEAREST = 15


def wordings_of(
    intentions: pl.DataFrame, triples: pl.DataFrame, *, brands: Sequence[str] = (), apart: Sequence[str] = ()
) -> pl.DataFrame:
    """Return the intentions sorted by id with what consolidation needs: signature, guard, uses, apart.

    `apart` are intentions that a person set apart: they neither merge nor are merged into.
    """
    uses = triples.group_by(pl.col("intention").alias("id")).agg(pl.col("support").sum().alias("uses"))
    return (
        worded(intentions, brands)
        .sort("id")
        .join(uses, on="id", how="left", maintain_order="left")
        .with_columns(pl.col("uses").fill_null(0), pl.col("id").is_in(list(apart)).alias("apart"))
    )


def neighbours_of(wordings: pl.DataFrame, vectors: Matrix, *, seed: int = 0) -> pl.DataFrame:
    """Return the nearest of each wording that stands for its unit, among those, as the table that is kept."""
    stands = np.unique(units(wordings, vectors))
    near = neighbours(vectors[stands], NEAREST, seed=seed)
    ids = wordings["id"].gather(stands)
    return pl.DataFrame(
        {
            "intention": ids.gather(near["source"]),
            "neighbour": ids.gather(near["target"]),
            "score": near["cosine"].cast(pl.Float64).round(6),
        },
        schema=schema_of(Neighbour),
    )


def as_rows(near: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """Return kept neighbours as row numbers of `ids`: source, target, cosine; unknown ids left out."""
    numbers = pl.DataFrame({"id": ids, "row": np.arange(len(ids))})
    return (
        near.join(numbers.rename({"id": "intention", "row": "source"}), on="intention")
        .join(numbers.rename({"id": "neighbour", "row": "target"}), on="neighbour")
        .select("source", "target", pl.col("score").alias("cosine"))
        .sort("source", "target")
    )
