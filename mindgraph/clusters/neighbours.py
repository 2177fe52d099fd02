"""Nearest neighbours of many vectors: an inverted file searched in one batch, repeatable.

Built by faiss with a fixed seed. The lists are kept, so that everything after them is the same bytes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: Below this many vectors every pair is compared.
EXACT = 4_000
#: Vectors searched at once: bounds the memory.
BATCH = 50_000


def neighbours(vectors: Matrix, k: int, *, seed: int = 0, probes: int = 24) -> pl.DataFrame:
    """Return the k nearest others of each row by cosine: columns source, target (row numbers), cosine.

    `vectors` has rows of length 1, or zero; zero rows have no neighbours. Exact for few rows, else
    approximate (recall@10 is measured in benchmarks). Ties are broken by row number.
    """
    usable = np.flatnonzero(np.abs(vectors).sum(axis=1) > 0)
    if len(usable) < 2 or k < 1:
        return _table(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
    rows = vectors if len(usable) == len(vectors) else np.ascontiguousarray(vectors[usable])
    index = _exact(rows) if len(rows) <= EXACT else _inverted(rows, seed, probes)
    found = [_search(index, rows, start, k) for start in range(0, len(rows), BATCH)]
    table = pl.concat(found)
    return table.with_columns(
        pl.Series("source", usable[table["source"].to_numpy()]),
        pl.Series("target", usable[table["target"].to_numpy()]),
    ).sort("source", pl.col("cosine"), "target", descending=[False, True, False])


def _search(index: Any, rows: Matrix, start: int, k: int) -> pl.DataFrame:
    part = rows[start : start + BATCH]
    cosine, target = index.search(part, min(k + 1, len(rows)))
    source = np.repeat(np.arange(start, start + len(part)), target.shape[1])
    target, cosine = target.ravel(), cosine.ravel()
    kept = (target >= 0) & (target != source)
    found = _table(source[kept], target[kept], np.clip(cosine[kept], -1, 1))
    return found.group_by("source", maintain_order=True).head(k)


def _table(source: Any, target: Any, cosine: Any) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source": source.astype(np.int64),
            "target": target.astype(np.int64),
            "cosine": cosine.astype(np.float64),
        },
        schema={"source": pl.Int64, "target": pl.Int64, "cosine": pl.Float64},
    )


def _exact(rows: Matrix) -> Any:
    import faiss

    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return index


def _inverted(rows: Matrix, seed: int, probes: int) -> Any:
    import faiss

    lists = int(2 * np.sqrt(len(rows)))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(rows.shape[1]), rows.shape[1], lists, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed, index.cp.niter, index.cp.max_points_per_centroid = seed + 1, 5, 48
    index.cp.spherical = True
    index.cp.min_points_per_centroid = 1  # few points are no reason for a warning
    index.train(rows)
    index.add(rows)
    index.nprobe = min(probes, lists)
    return index
