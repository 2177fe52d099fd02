"""Co-buys held out: are their products found from intentions, and are they foretold?

Product recovery after Zhou et al., EMNLP 2024 (from what is said of a pair, rank its products);
co-buy prediction as link prediction (from one product, rank the other). Ranks are among all products;
products that training already joined to the asked one are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import sparse

from mindgraph.evaluate.scores import interval
from mindgraph.graph import ends_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: Products scored at once.
BATCH = 200


@dataclass(frozen=True)
class HeldOut:
    """Hold tables of a workspace, triples projected; `held` are ids of co-buys that are left out."""

    products: pl.DataFrame
    cobuys: pl.DataFrame
    triples: pl.DataFrame
    #: intention, cluster: of every level.
    purposes: pl.DataFrame
    held: Sequence[str]


def choose_held_out(
    cobuys: pl.DataFrame, *, share: float = 0.1, most: int = 1_000, seed: int = 0
) -> list[str]:
    """Return the ids of co-buys to hold out: a tenth, no more than `most`."""
    ids = cobuys["id"].sort()
    count = min(most, int(len(ids) * share))
    picked = np.random.default_rng(seed).permutation(len(ids))[:count]
    return sorted(ids.gather(picked).to_list())


def held_out(given: HeldOut, embed: Callable[[Sequence[str]], Matrix], *, seed: int = 0) -> pl.DataFrame:
    """Return task, method, pairs (all, or across categories only), asked, mrr with its interval, hits@k.

    Sources: Zhou et al., EMNLP 2024 (product recovery, and across categories); Bordes et al., Translating
    embeddings, 2013 (ranks and hits@k).
    """
    sides = _Sides(given, embed)
    rows = []
    for task, methods in (("co-buy prediction", sides.prediction()), ("product recovery", sides.recovery())):
        for method, score in methods.items():
            ranks = sides.ranks(score, recovery=task == "product recovery")
            for pairs, chosen in (("all", slice(None)), ("across categories", sides.across)):
                rows.append({"task": task, "method": method, "pairs": pairs, **_told(ranks[chosen], seed)})
    return pl.DataFrame(rows)


def _told(ranks: Any, seed: int) -> dict[str, Any]:
    mrr, low, high = interval(1 / ranks, seed=seed) if len(ranks) else (None, None, None)
    hits = {f"hits@{k}": float((ranks <= k).mean()) if len(ranks) else None for k in (1, 10, 100)}
    return {"asked": len(ranks), "mrr": mrr, "low": low, "high": high, **hits}


class _Sides:
    """Score all products for each direction of each held-out co-buy."""

    def __init__(self, given: HeldOut, embed: Callable[[Sequence[str]], Matrix]) -> None:
        self._ids = given.products["id"].sort()
        self._count = len(self._ids)
        self._known = given.triples.filter(~pl.col("cobuy").is_in(list(given.held)))
        self._said = given.triples.filter(pl.col("cobuy").is_in(list(given.held)))
        self._purposes, self._held = given.purposes, list(given.held)
        test = given.cobuys.filter(pl.col("id").is_in(self._held)).sort("id")
        train = given.cobuys.filter(~pl.col("id").is_in(self._held))
        a, b = self._row(test["product_a"]), self._row(test["product_b"])
        self.query, self.target = np.concatenate([a, b]), np.concatenate([b, a])
        self._event = pl.concat([test["id"], test["id"]])
        ends = self._row(train["product_a"]), self._row(train["product_b"])
        half = sparse.csr_matrix((np.ones(len(train)), ends), shape=(self._count, self._count))
        self._joined = sparse.csr_matrix(half + half.T)
        tops = given.products.sort("id")["categories"].list.first().str.split(" > ").list.last()
        kinds = tops.fill_null("").to_numpy().astype(str)
        self.across = np.flatnonzero(kinds[self.query] != kinds[self.target])
        self._titles = embed(given.products.sort("id")["title"].to_list())

    def prediction(self) -> Mapping[str, Callable[[slice], Any]]:
        """Return what ranks products for one product of the pair."""
        two_steps = self._joined @ self._joined
        popular = np.asarray(self._joined.sum(axis=1)).ravel()

        def alike(rows: sparse.csr_matrix) -> Callable[[slice], Any]:
            return lambda part: (rows[self.query[part]] @ rows.T).toarray()

        return {
            "intentions": alike(_idf(self._profile(None))),
            "purposes": alike(_idf(self._profile("cluster"))),
            "co-buy neighbours": lambda part: two_steps[self.query[part]].toarray(),
            "popularity": lambda part: np.tile(popular, (len(self.query[part]), 1)),
            "title": lambda part: self._titles[self.query[part]] @ self._titles.T,
        }

    def recovery(self) -> Mapping[str, Callable[[slice], Any]]:
        """Return what ranks products for what is said of the pair."""
        popular = np.asarray(self._joined.sum(axis=1)).ravel()

        def by(column: str | None) -> Callable[[slice], Any]:
            rows = _idf(self._profile(column))
            asked = self._asked(column, rows.shape[1])
            return lambda part: (asked[part] @ rows.T).toarray()

        return {
            "intentions": by(None),
            "purposes": by("cluster"),
            "popularity": lambda part: np.tile(popular, (len(self.query[part]), 1)),
        }

    def ranks(self, score: Callable[[slice], Any], *, recovery: bool) -> Any:
        """Return the rank of each target among all products; ties are shared."""
        found = []
        for start in range(0, len(self.query), BATCH):
            part = slice(start, start + BATCH)
            values = np.asarray(score(part), dtype=np.float64)
            if not recovery:
                values[self._joined[self.query[part]].toarray() > 0] = -np.inf
                values[np.arange(len(values)), self.query[part]] = -np.inf
            # a target that training joined is still asked for: it is ranked by its own score
            own = np.asarray(score(part))[np.arange(len(values)), self.target[part]]
            better = (values > own[:, None]).sum(axis=1)
            equal = (values == own[:, None]).sum(axis=1)
            found.append(1 + better + np.maximum(equal - 1, 0) / 2)
        return np.concatenate(found) if found else np.empty(0)

    def _row(self, ids: pl.Series) -> Any:
        return self._ids.search_sorted(ids).to_numpy().astype(np.int64)

    def _things(self, rows: pl.DataFrame, column: str | None) -> pl.DataFrame:
        if column is None:
            return rows.with_columns(pl.col("intention").alias("thing"))
        return rows.join(self._purposes.select("intention", thing=column).unique(), on="intention")

    def _names(self, column: str | None) -> pl.Series:
        rows = self._purposes[column] if column else self._known["intention"]
        return rows.unique().sort()

    def _profile(self, column: str | None) -> sparse.csr_matrix:
        """Return product × intention or purpose: in how many co-buys of training."""
        ends = self._things(ends_of(self._known), column).select("product", "cobuy", "thing").unique()
        counts = ends.group_by("product", "thing").agg(pl.len().alias("times")).sort("product", "thing")
        names = self._names(column)
        place = self._row(counts["product"]), names.search_sorted(counts["thing"]).to_numpy()
        data = np.log1p(counts["times"].to_numpy())
        return sparse.csr_matrix((data, place), shape=(self._count, len(names)))

    def _asked(self, column: str | None, width: int) -> sparse.csr_matrix:
        """Return for each question what is said of its pair."""
        names = self._names(column)
        said = self._things(self._said, column).select("cobuy", "thing").unique()
        said = said.filter(pl.col("thing").is_in(names.implode()))
        numbers = pl.DataFrame({"cobuy": self._event}).with_row_index("question")
        rows = numbers.join(said, on="cobuy").sort("question", "thing")
        place = rows["question"].to_numpy(), names.search_sorted(rows["thing"]).to_numpy()
        return sparse.csr_matrix((np.ones(len(rows)), place), shape=(len(self.query), width))


def _idf(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the rows weighted by idf, of length 1."""
    often = np.bincount(rows.indices, minlength=rows.shape[1])
    weighted = rows @ sparse.diags(np.log(1 + rows.shape[0] / np.maximum(often, 1)))
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    return sparse.csr_matrix(sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ weighted)
