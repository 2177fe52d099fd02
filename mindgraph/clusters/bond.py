"""What holds two intentions together, and how strongly: nearness of text, and what is bought for both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from mindgraph.clusters.evidence import GUARDED, HUB, nearness, trusted
from mindgraph.clusters.words import worded
from mindgraph.errors import NotFound
from mindgraph.graph import project
from mindgraph.records import (
    Cluster,
    Intention,
    Membership,
    Merge,
    Neighbour,
    Product,
    Record,
    Triple,
)
from mindgraph.relations import USAGE_RELATIONS
from mindgraph.vectors import Embed

#: How many shared products are told.
MOST = 10


def bond(
    scan: Callable[[type[Record]], pl.LazyFrame],
    embed: Embed,
    one: str,
    other: str,
    *,
    relations: Sequence[str] = (),
) -> dict[str, Any]:
    """Return what holds two intentions together: text, products bought for both, and purposes shared.

    `one` and `other` are ids of intentions, or beginnings of them. Raises NotFound for others.
    """
    first, second = _intention(scan, one), _intention(scan, other)
    merges = scan(Merge).collect()
    a, b = _canonical(merges, first["id"]), _canonical(merges, second["id"])
    cosine, guarded = _texts(scan, embed, a, b)
    told: dict[str, Any] = {
        "kind": "two intentions",
        "intentions": [first, second],
        "one intention": a == b,
        "nearness of text": _nearness(scan, a, b, cosine, guarded),
    }
    if a != b:
        wanted = [*(relations or (*USAGE_RELATIONS, "open"))]
        triples = project(scan(Triple).collect(), merges).filter(pl.col("relation").is_in(wanted))
        told["bought for both"] = _shared(triples, a, b, scan, guarded * float(trusted(cosine)))
    return told | {"purposes of both": _purposes(scan, a, b)}


def _intention(scan: Callable[[type[Record]], pl.LazyFrame], wanted: str) -> dict[str, Any]:
    rows = scan(Intention).filter(pl.col("id").str.starts_with(wanted.lower())).head(2).collect().to_dicts()
    if len(rows) != 1:
        why = "begins several intentions" if rows else "is no intention"
        raise NotFound(f"{wanted} {why}.", hint="Give the ids of two intentions, or enough of each.")
    return {"id": rows[0]["id"], "text": rows[0]["text"]}


def _canonical(merges: pl.DataFrame, id_: str) -> str:
    found = merges.filter(pl.col("intention") == id_)["canonical"].to_list()
    return str(found[0]) if found else id_


def _texts(scan: Callable[[type[Record]], pl.LazyFrame], embed: Embed, a: str, b: str) -> tuple[float, float]:
    """Return the cosine of two canonical intentions, and what evidence counts between their guards."""
    brands = scan(Product).select("brand").drop_nulls().unique().collect()["brand"].to_list()
    texts = worded(scan(Intention).filter(pl.col("id").is_in([a, b])).collect(), brands)
    rows = embed(texts["text"].to_list())
    return float(rows[0] @ rows[-1]), 1.0 if texts["guard"].n_unique() == 1 else GUARDED


def _nearness(
    scan: Callable[[type[Record]], pl.LazyFrame], a: str, b: str, cosine: float, guarded: float
) -> dict[str, Any]:
    """Return the cosine, and what it weighs: something where one is among the nearest of the other."""
    pair = pl.col("intention").is_in([a, b]) & pl.col("neighbour").is_in([a, b])
    near = len(scan(Neighbour).filter(pair).head(1).collect()) > 0
    weight = guarded * float(nearness(cosine)) if near else 0.0
    return {"cosine": round(cosine, 6), "weight": round(weight, 6)}


def _shared(
    triples: pl.DataFrame, a: str, b: str, scan: Callable[[type[Record]], pl.LazyFrame], near: float
) -> dict[str, Any]:
    """Return the products that serve both through different co-buys, the strongest first.

    A product weighs as much as the texts are `near`: products alone hold no two meanings together.
    """
    said = pl.concat(
        triples.select(pl.col(side).alias("product"), "cobuy", "intention")
        for side in ("product_a", "product_b")
    ).unique()
    busy = said.group_by("product").agg(pl.col("cobuy").n_unique().alias("co-buys"))
    sets = {id_: said.filter(pl.col("intention") == id_).select("product", "cobuy") for id_ in (a, b)}
    pairs = sets[a].join(sets[b], on="product", suffix="_b").filter(pl.col("cobuy") != pl.col("cobuy_b"))
    total = max(said["cobuy"].n_unique(), 2)
    factor = near * math.prod(_strength(rows["cobuy"].n_unique(), total) for rows in sets.values())
    found = (
        pairs.group_by("product")
        .agg(pl.len().alias("pairs of co-buys"))
        .join(busy, on="product")
        .filter(pl.col("co-buys") <= HUB)
        .with_columns((pl.col("pairs of co-buys") / pl.col("co-buys") * factor).round(6).alias("weight"))
        .sort("weight", "product", descending=[True, False])
    )
    titles = scan(Product).select(pl.col("id").alias("product"), "title").collect()
    shown = found.head(MOST).join(titles, on="product", how="left", maintain_order="left")
    return {
        "products": shown.select("product", "title", "pairs of co-buys", "co-buys", "weight").to_dicts(),
        "counts": {"products": len(found)},
        "weight": round(float(found["weight"].sum()), 6),
    }


def _strength(uses: int, total: int) -> float:
    """Return how much one use of an intention says: rare ones more than those said of everything."""
    uses = max(uses, 1)
    return math.log(1 + total / uses) / math.log(1 + total) / math.sqrt(uses)


def _purposes(scan: Callable[[type[Record]], pl.LazyFrame], a: str, b: str) -> list[dict[str, Any]]:
    """Return the clusters that hold both, the finest first."""
    clusters = {row["id"]: row for row in scan(Cluster).collect().to_dicts()}
    held = dict(scan(Membership).select("intention", "cluster").collect().iter_rows())

    def above(intention: str) -> list[str]:
        path, at = [], held.get(intention)
        while at is not None and at in clusters:
            path.append(at)
            at = clusters[at]["parent"]
        return path

    both = set(above(b))
    return [
        {name: clusters[id_][name] for name in ("id", "level", "label", "size")}
        for id_ in above(a)
        if id_ in both
    ]
