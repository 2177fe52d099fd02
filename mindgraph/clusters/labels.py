"""What is said of a cluster without asking a model: label, keywords, examples, and figures."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from mindgraph.clusters.words import EMPTY, words_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: How many keywords and example products are told.
KEYWORDS, EXAMPLES = 8, 5
#: Members looked at for a label, the most central first.
CANDIDATES = 40
#: Words of a label beyond which a shorter one is preferred.
LONG = 6
#: What it costs a label to be one word, or to begin as no name does.
BARE = 0.2
_OPENERS = frozenset({"for", "this", "these", "those", "that", "it", "they", "there", "item", "items"})
_DULL = re.compile(r"(?:items?|products?|bundles?|goods|brands?|things?)\d*")


@dataclass(frozen=True)
class Members:
    """Hold who stands where at one level, and what is known of them.

    `rows` has cluster, row (number of the intention), text, uses. `vectors` are those of all
    intentions. `said` has product, cobuy, intention (row number), relation.
    """

    rows: pl.DataFrame
    vectors: Matrix
    said: pl.DataFrame


def described(members: Members, products: pl.DataFrame, communities: pl.DataFrame) -> pl.DataFrame:
    """Return one row a cluster: what it is named, how large it is, what it serves and spans."""
    words = keywords(members.rows)
    central = _central(members)
    served = members.said.join(
        members.rows.select("cluster", pl.col("row").alias("intention")), on="intention"
    )
    sizes = members.rows.group_by("cluster").agg(pl.len().cast(pl.Int64).alias("size"))
    tables = [
        labels(central, words, sizes),
        words.group_by("cluster", maintain_order=True).agg(pl.col("word").alias("keywords")),
        central.group_by("cluster").agg(pl.col("nearness").mean().round(4).alias("cohesion")),
        _examples(served),
        _relations(served),
        category_entropy(served, products),
        _spanned(served, communities),
    ]
    for table in tables:
        sizes = sizes.join(table, on="cluster", how="left")
    return sizes.sort("cluster")


def keywords(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the telling words of each cluster by class-based TF-IDF: cluster, word, weight.

    Source: Grootendorst, BERTopic, 2022: the frequency of a word in a class times
    log(1 + mean words of a class / frequency of the word).
    """
    texts = rows.select("text").unique()
    split = texts.with_columns(pl.Series("word", [_telling(text) for text in texts["text"].to_list()]))
    words = rows.join(split, on="text").explode("word").drop_nulls("word")
    if words.is_empty():
        return pl.DataFrame(
            schema={"cluster": rows.schema["cluster"], "word": pl.String, "weight": pl.Float64}
        )
    here = words.group_by("cluster", "word").agg(pl.len().alias("times"))
    mean = len(words) / words["cluster"].n_unique()
    weight = pl.col("times") * (1 + mean / pl.col("times").sum().over("word")).log()
    return (
        here.with_columns(weight.alias("weight"))
        .sort("cluster", "weight", "word", descending=[False, True, False])
        .group_by("cluster", maintain_order=True)
        .head(KEYWORDS)
        .select("cluster", "word", "weight")
    )


def labels(central: pl.DataFrame, words: pl.DataFrame, sizes: pl.DataFrame) -> pl.DataFrame:
    """Return a label for each cluster: its most telling intention that no larger cluster is named by."""
    telling: dict[Any, dict[str, float]] = {}
    for cluster, word, weight in words.select("cluster", "word", "weight").iter_rows():
        telling.setdefault(cluster, {})[word] = weight
    taken: set[str] = set()
    chosen: dict[Any, str] = {}
    best = central.group_by("cluster", maintain_order=True).head(CANDIDATES)
    by_cluster = best.partition_by("cluster", as_dict=True)
    for cluster in sizes.sort("size", "cluster", descending=[True, False])["cluster"].to_list():
        ranked = _ranked(by_cluster[(cluster,)], telling.get(cluster, {}))
        label = next((text for text in ranked if text.casefold() not in taken), ranked[0])
        taken.add(label.casefold())
        chosen[cluster] = label
    return pl.DataFrame(
        {"cluster": list(chosen), "label": list(chosen.values())},
        schema={"cluster": sizes.schema["cluster"], "label": pl.String},
    )


def category_entropy(served: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    """Return the Shannon entropy, in bits, of the top categories of the products each cluster serves."""
    tops = products.select(
        pl.col("id").alias("product"),
        pl.col("categories").list.first().str.split(" > ").list.first().alias("category"),
    ).drop_nulls("category")
    counts = (
        served.select("cluster", "product")
        .unique()
        .join(tops, on="product")
        .group_by("cluster", "category")
        .agg(pl.len().alias("times"))
        .sort("cluster", "category")
    )
    share = pl.col("times") / pl.col("times").sum()
    return counts.group_by("cluster").agg(
        (-(share * share.log(2)).sum() + 0.0).round(4).alias("category_entropy")
    )


def _central(members: Members) -> pl.DataFrame:
    """Return the members with their cosine to the centre of their cluster, nearest first."""
    rows = members.rows.sort("cluster", "row")
    cluster = rows["cluster"].rle_id().to_numpy()
    vectors = members.vectors[rows["row"].to_numpy()]
    starts = np.flatnonzero(np.diff(cluster, prepend=-1))
    centres = np.add.reduceat(vectors, starts, axis=0) if len(rows) else vectors
    lengths = np.linalg.norm(centres, axis=1, keepdims=True)
    centres = np.divide(centres, lengths, out=np.zeros_like(centres), where=lengths > 0)
    nearness = np.concatenate(
        [
            np.einsum("ij,ij->i", vectors[s : s + 50_000], centres[cluster[s : s + 50_000]])
            for s in range(0, len(rows), 50_000)
        ]
        or [np.empty(0, np.float32)]
    )
    found = rows.with_columns(pl.Series("nearness", nearness.astype(np.float64).round(6)))
    return found.sort("cluster", "nearness", "uses", "row", descending=[False, True, True, False])


def _ranked(best: pl.DataFrame, weights: dict[str, float]) -> list[str]:
    """Return texts by how well they name the cluster: central, made of its keywords, short, much used."""
    top = max(weights.values(), default=1.0)
    most: int = max(1, *best["uses"].to_list())

    def worth(text: str, nearness: float, uses: int) -> float:
        words, whole = _telling(text), words_of(text)
        said = sum(weights.get(word, 0.0) / top for word in set(words)) / max(len(set(words)), 1)
        bare = (BARE if len(set(words)) < 2 else 0.0) + (BARE if whole and whole[0] in _OPENERS else 0.0)
        return nearness + 0.5 * said + 0.3 * uses / most - 0.08 * max(0, len(whole) - LONG) - bare

    rows = best.select("text", "nearness", "uses").iter_rows()
    scored = [(-round(worth(*row), 9), row[0]) for row in rows]
    return [text for _, text in sorted(scored)]


def _telling(text: str) -> list[str]:
    """Return the words of a text that say something: no empty ones, nor names for goods in general."""
    return [word for word in words_of(text) if word not in EMPTY and not _DULL.fullmatch(word)]


def _examples(served: pl.DataFrame) -> pl.DataFrame:
    strongest = (
        served.group_by("cluster", "product")
        .agg(pl.col("cobuy").n_unique().alias("cobuys"), pl.len().alias("times"))
        .sort("cluster", "cobuys", "times", "product", descending=[False, True, True, False])
    )
    tops = strongest.group_by("cluster", maintain_order=True).head(EXAMPLES)
    return tops.group_by("cluster", maintain_order=True).agg(pl.col("product").alias("examples"))


def _relations(served: pl.DataFrame) -> pl.DataFrame:
    shares = (
        served.group_by("cluster", "relation")
        .agg(pl.len().alias("times"))
        .with_columns((pl.col("times") / pl.col("times").sum().over("cluster")).round(4).alias("share"))
        .sort("cluster", "share", "relation", descending=[False, True, False])
        .group_by("cluster", maintain_order=True)
        .agg("relation", "share")
    )
    mixes = [json.dumps(dict(zip(names, parts, strict=True))) for _, names, parts in shares.iter_rows()]
    return shares.select("cluster").with_columns(pl.Series("relations", mixes, dtype=pl.String))


def _spanned(served: pl.DataFrame, communities: pl.DataFrame) -> pl.DataFrame:
    return (
        served.select("cluster", "product")
        .join(communities, on="product")
        .select("cluster", "community")
        .unique()
        .sort("cluster", "community")
        .group_by("cluster", maintain_order=True)
        .agg(pl.col("community").alias("communities"))
    )
