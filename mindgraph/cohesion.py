"""Why a purpose holds together: the strongest evidence among its members, what serves it, what it spans.

Two kinds of evidence are told, as they are counted when purposes are found: members whose texts are near,
and members that serve the same product through different co-buys.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from mindgraph.graph import ends_of, project, purposes_of
from mindgraph.records import (
    Cluster,
    CoBuy,
    Community,
    Generator,
    Intention,
    Label,
    Lineage,
    Membership,
    Merge,
    Neighbour,
    Product,
    Record,
    Triple,
)

Scan = Callable[[type[Record]], pl.LazyFrame]

#: How many of each are told.
MOST = 5
#: Members among which evidence is looked for, the most typical first: bounds the work.
MEMBERS = 400
#: Products with more co-buys than this say little of any one intention.
HUB = 200


def cohesion(scan: Scan, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a cluster beside its place among others; `row` is that of its table."""
    members = _members(scan, row["id"])
    ends = _ends(scan, members)
    return {
        "figures": {
            "intentions": row["size"],
            "cohesion (mean cosine to the centre)": row["cohesion"],
            "stability (mean Jaccard over seeds)": row["stability"],
            "entropy of categories, bits": row["category_entropy"],
        },
        "keywords": row["keywords"],
        "said as": json.loads(row["relations"]),
        "intentions": members["text"].head(2 * MOST).to_list(),
        "near in words": _near(scan, members),
        "bought together for": _shared(scan, members, ends),
        "example products": _titled(scan, row["examples"]),
        "communities of co-buys": _spanned(scan, ends),
        **_named(scan, row["id"]),
        **_history(scan, row["id"]),
    }


def _members(scan: Scan, cluster: str) -> pl.DataFrame:
    """Return intention, text, weight, uses of the members, the most typical first."""
    purposes = purposes_of(scan(Membership).collect(), scan(Cluster).collect())
    held = purposes.filter(pl.col("cluster") == cluster).select("intention", "weight")
    uses = scan(Triple).group_by("intention").len("uses")
    texts = scan(Intention).select(pl.col("id").alias("intention"), "text")
    found = held.lazy().join(texts, on="intention").join(uses, on="intention", how="left").collect()
    typical = pl.col("weight") * (1 + pl.col("uses").fill_null(0)).log()
    return found.sort(typical, "text", descending=[True, False])


def _ends(scan: Scan, members: pl.DataFrame) -> pl.DataFrame:
    """Return product, cobuy, intention of what is said of the members."""
    triples = project(scan(Triple).collect(), scan(Merge).collect())
    ours = triples.join(members.select("intention"), on="intention", how="semi")
    return ends_of(ours).select("product", "cobuy", "intention").unique()


def _near(scan: Scan, members: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the pairs of members whose texts are nearest."""
    texts = members.head(MEMBERS).select("intention", "text").lazy()
    pairs = (
        scan(Neighbour)
        .join(texts, on="intention")
        .join(texts.rename({"intention": "neighbour", "text": "other"}), on="neighbour")
        .with_columns(
            pl.min_horizontal("text", "other").alias("one"), pl.max_horizontal("text", "other").alias("other")
        )
        .select("one", "other", pl.col("score").round(3).alias("cosine"))
        .unique()
        .sort("cosine", "one", "other", descending=[True, False, False])
    )
    return pairs.head(MOST).collect().to_dicts()


def _shared(scan: Scan, members: pl.DataFrame, ends: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the pairs of members that most products serve through different co-buys."""
    texts = members.head(MEMBERS).select("intention", "text")
    busy = ends.group_by("product").agg(pl.col("cobuy").n_unique().alias("busy"))
    few = ends.join(texts, on="intention").join(busy.filter(pl.col("busy").is_between(2, HUB)), on="product")
    pairs = (
        few.join(few, on="product", suffix="_b")
        .filter(pl.col("text") < pl.col("text_b"), pl.col("cobuy") != pl.col("cobuy_b"))
        .group_by(pl.col("text").alias("one"), pl.col("text_b").alias("other"))
        .agg(
            pl.col("product").n_unique().alias("products"),
            pl.len().alias("pairs of co-buys"),
            pl.col("product").unique().sort().head(3).alias("such as"),
        )
        .sort("products", "pairs of co-buys", "one", "other", descending=[True, True, False, False])
        .head(MOST)
    )
    titles = _titles(scan, pairs["such as"].explode())
    return [
        {**pair, "such as": [titles.get(id_, id_) for id_ in pair["such as"]]} for pair in pairs.to_dicts()
    ]


def _titled(scan: Scan, ids: list[str]) -> list[dict[str, str]]:
    titles = _titles(scan, pl.Series(ids, dtype=pl.String))
    return [{"product": id_, "title": titles.get(id_, "")} for id_ in ids]


def _spanned(scan: Scan, ends: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the parts of the shop that the purpose spans: how many products of each serve it, and which."""
    bought = pl.concat([scan(CoBuy).select(pl.col(s).alias("product")) for s in ("product_a", "product_b")])
    busy = bought.group_by("product").len("co-buys")
    served = ends.select("product").unique().lazy().join(scan(Community), on="product")
    found = (
        served.join(busy, on="product", how="left")
        .sort("community", "co-buys", "product", descending=[False, True, False])
        .group_by("community", maintain_order=True)
        .agg(pl.len().alias("products"), pl.col("product").head(3).alias("such as"))
        .sort("products", "community", descending=[True, False])
        .collect()
    )
    titles = _titles(scan, found["such as"].explode())
    rows = [{**row, "such as": [titles.get(i, i) for i in row["such as"]]} for row in found.to_dicts()]
    return rows[:MOST] + ([{"and more": len(rows) - MOST}] if len(rows) > MOST else [])


def _named(scan: Scan, cluster: str) -> dict[str, Any]:
    """Return which model named the cluster, and the phrase that it had; nothing where none did."""
    rows = scan(Label).filter(pl.col("cluster") == cluster).collect().to_dicts()
    if not rows:
        return {}
    speaker = scan(Generator).filter(pl.col("id") == rows[0]["generator"]).collect().to_dicts()
    who = speaker[0]["model"] if speaker else rows[0]["generator"]
    verdict = who if rows[0]["label"] else f"{who} gave no name that can stand"
    return {"named by": verdict, "phrase from its members": rows[0]["phrase"], "reply": rows[0]["reply"]}


def _history(scan: Scan, cluster: str) -> dict[str, Any]:
    rows = scan(Lineage).filter(pl.col("cluster") == cluster, pl.col("previous").is_not_null()).collect()
    told = rows.select("previous", "overlap", "change").to_dicts()
    return {"carries on": told} if told else {}


def _titles(scan: Scan, ids: pl.Series) -> dict[str, str]:
    wanted = ids.drop_nulls().unique().implode()
    found = scan(Product).filter(pl.col("id").is_in(wanted)).select("id", "title").collect()
    return dict(found.iter_rows())
