"""What a product is bought for, as a row of numbers, half of it taken from products of near titles.

A product that training has not seen takes all of it from them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import sparse

from mindgraph.graph import ends_of, purposes_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]


#: Seen titles that a product borrows from, and the power of their cosine that weighs them.
NEAREST, POWER = 10, 3
#: Share of its own in the profile of a product that training has seen.
OWN = 0.5


@dataclass(frozen=True)
class Profiles:
    """Score pairs of products (numbers a, b) by what training said of them and of near titles.

    `seen` are the products that training has seen.
    """

    titles: Matrix
    seen: Any
    a: Any
    b: Any
    embed: Callable[[Sequence[str]], Matrix]

    def of_purposes(
        self,
        said: pl.DataFrame,
        intentions: pl.DataFrame,
        memberships: pl.DataFrame,
        clusters: pl.DataFrame,
    ) -> Any:
        """Return the cosine of purposes of all levels: log(1 + co-buys) × idf, near purposes alike."""
        held = purposes_of(memberships, clusters).select("intention", "cluster").unique()
        counts = (
            ends_of(said)
            .join(held, on="intention")
            .group_by("product", "cluster")
            .agg(pl.col("cobuy").n_unique().alias("times"))
        )
        return self._scored(self._weighted(counts, "cluster") @ self._alike(held, intentions, clusters))

    def _alike(self, held: pl.DataFrame, intentions: pl.DataFrame, clusters: pl.DataFrame) -> Any:
        """Return the squared cosine of the centres of purposes of one level; 0 across levels."""
        names = np.unique(held["cluster"].to_numpy().astype(str))
        rows = held.join(intentions.select("id", "text"), left_on="intention", right_on="id")
        rows = rows.sort("cluster", "intention")
        which = np.searchsorted(names, rows["cluster"].to_numpy().astype(str))
        sums = sparse.csr_matrix((np.ones(len(rows)), (which, np.arange(len(rows)))))
        centres = _unit(sums @ self.embed(rows["text"].to_list()))
        level = dict(clusters.select("id", "level").iter_rows())
        levels = np.array([level[name] for name in names.tolist()])
        return np.maximum(centres @ centres.T, 0) ** 2 * (levels[:, None] == levels)

    def of_intentions(self, said: pl.DataFrame) -> Any:
        """Return the cosine of intentions as they are."""
        counts = ends_of(said).group_by("product", "intention").agg(pl.len().alias("times"))
        return self._scored(self._weighted(counts, "intention"))

    def of_vectors(self, said: pl.DataFrame, intentions: pl.DataFrame) -> Any:
        """Return the cosine of the mean vectors of intentions."""
        counts = ends_of(said).group_by("product", "intention").agg(pl.len().alias("times"))
        rows = intentions.select("id", number=pl.int_range(pl.len()))
        placed = counts.join(rows, left_on="intention", right_on="id").sort("product", "number")
        weights = sparse.csr_matrix(
            (
                np.log1p(placed["times"].to_numpy()),
                (placed["product"].cast(pl.Int64).to_numpy(), placed["number"].to_numpy()),
            ),
            shape=(len(self.titles), len(intentions)),
        )
        return self._scored(weights @ self.embed(intentions["text"].to_list()))

    def of_communities(self, communities: pl.DataFrame) -> Any:
        """Return the cosine of communities of the co-buy graph."""
        counts = communities.select("product", "community", times=pl.lit(1))
        return self._scored(self._weighted(counts, "community"))

    def _weighted(self, counts: pl.DataFrame, column: str) -> Any:
        """Return log(1 + times) × idf as a matrix of products."""
        counts = counts.sort("product", column)
        _, what = np.unique(counts[column].to_numpy().astype(str), return_inverse=True)
        often = np.bincount(what)
        idf = np.log(1 + len(self.seen) / np.maximum(often, 1))
        data = np.log1p(counts["times"].to_numpy()) * idf[what]
        rows = counts["product"].cast(pl.Int64).to_numpy()
        return sparse.csr_matrix((data, (rows, what)), shape=(len(self.titles), len(often)))

    def _scored(self, rows: Any) -> Any:
        rows = rows.toarray() if sparse.issparse(rows) else np.array(rows, dtype=np.float64)
        rows = _unit(rows)
        wanted = np.union1d(self.a, self.b)
        if len(self.seen):
            nearness = np.maximum(self.titles[wanted] @ self.titles[self.seen].T, 0) ** POWER
            nearest = np.argsort(-nearness, axis=1, kind="stable")[:, :NEAREST]
            share = np.take_along_axis(nearness, nearest, axis=1)
            lent = _unit(np.einsum("ij,ijk->ik", share, rows[self.seen[nearest]]))
            own = np.where(np.isin(wanted, self.seen), OWN, 0)[:, None]
            rows[wanted] = own * rows[wanted] + (1 - own) * lent
        return cosines(rows, rows, self.a, self.b)


def of_categories(categories: Sequence[Sequence[str]], a: Any, b: Any) -> Any:
    """Return the cosine of category levels, weighted by idf."""
    rows = pl.DataFrame({"level": [sorted(set(part)) for part in categories]}).with_row_index("product")
    rows = rows.explode("level").drop_nulls("level")
    _, what = np.unique(rows["level"].to_numpy().astype(str), return_inverse=True)
    idf = np.log(len(categories) / np.maximum(np.bincount(what), 1))
    matrix = sparse.csr_matrix(
        (idf[what], (rows["product"].to_numpy(), what)), shape=(len(categories), len(idf))
    )
    return cosines(matrix.toarray(), matrix.toarray(), a, b)


def cosines(left: Any, right: Any, a: Any, b: Any) -> Any:
    """Return the cosine of row a of the left with row b of the right, pair by pair."""
    return np.einsum("ij,ij->i", _unit(left)[a], _unit(right)[b])


def _unit(rows: Any) -> Any:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)
