"""Both halves in memory: intentions, triples and co-buys in, merges and purposes out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from mindgraph.clusters.consolidate import consolidate
from mindgraph.clusters.nearness import as_rows, neighbours_of, wordings_of
from mindgraph.clusters.purposes import Clustered, clusters_of
from mindgraph.graph import project
from mindgraph.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]


def find_purposes(
    intentions: pl.DataFrame,
    triples: pl.DataFrame,
    products: pl.DataFrame,
    cobuys: pl.DataFrame,
    vectors: Matrix,
    settings: Settings,
) -> tuple[pl.DataFrame, Clustered]:
    """Return the merges and the purposes of tables; `intentions` sorted by id, as `vectors` are."""
    brands = products["brand"].drop_nulls().unique().to_list()
    wordings = wordings_of(intentions, triples, brands=brands)
    near = neighbours_of(wordings, vectors, seed=settings.seed)
    merges = consolidate(wordings, vectors, as_rows(near, intentions["id"]), radius=settings.radius)
    stands = ~intentions["id"].is_in(merges["intention"].implode())
    canonical = wordings.select(*intentions.columns, "guard").filter(stands)
    found = clusters_of(
        project(triples, merges),
        canonical,
        vectors[stands.to_numpy()],
        as_rows(near, canonical["id"]),
        products,
        cobuys,
        weight=settings.behaviour,
        relations=settings.cluster_relations,
        resolutions=settings.resolutions,
        seed=settings.seed,
    )
    return merges, found
