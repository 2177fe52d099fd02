"""The workspace as a property graph: one table a node label, one a relationship type.

Every projection (graph stores, RDF, exports, report) starts here, so every edge a user follows ends
at a canonical intention: merged wordings are replaced by what they stand for, support is added up,
acceptance averaged. The shop's ids are qualified by the data set (`key` = dataset/id); intentions
are global.

Two products that share an intention need not have been bought together: that is BOUGHT_FOR twice.
Two that were, for a reason, meet in a CoBuy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import polars as pl

from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Evidence,
    Generator,
    Intention,
    Membership,
    Merge,
    Product,
    Record,
    Triple,
)
from mindgraph.tables import content_ids

#: How a record's table is had, such as `Workspace.read`.
Read = Callable[[type[Record]], pl.DataFrame]


@dataclass(frozen=True)
class NodeTable:
    """Hold all nodes of one label; `key` is the unique column."""

    label: str
    key: str
    rows: pl.DataFrame


@dataclass(frozen=True)
class EdgeTable:
    """Hold all relationships of one type; columns `source` and `target` hold the ends' keys.

    `id` names the column that tells two relationships of the same ends apart; None where there is
    at most one.
    """

    type: str
    source: str
    target: str
    id: str | None
    rows: pl.DataFrame


@dataclass(frozen=True)
class Graph:
    """Hold the whole graph as tables, nodes by label and relationships by type."""

    dataset: str
    nodes: Mapping[str, NodeTable]
    edges: Mapping[str, EdgeTable]

    def counts(self) -> dict[str, int]:
        """Return the number of rows per label and type, in the order of loading."""
        nodes = {label: len(table.rows) for label, table in self.nodes.items()}
        return nodes | {type_: len(table.rows) for type_, table in self.edges.items()}


def graph_of(read: Read, dataset: str) -> Graph:
    """Return the graph of a workspace's tables, every table in the order of its key."""
    triples = project(read(Triple), read(Merge))
    clusters, memberships = read(Cluster), read(Membership)
    purposes = _purposes(memberships, clusters)
    intentions = _intentions(read(Intention), read(Merge), triples)
    said = said_by(triples, read(Evidence), read(Candidate), read(Merge), read(Triple))
    products, cobuys = read(Product), read(CoBuy)

    def key(column: str) -> pl.Expr:
        return pl.concat_str(pl.lit(f"{dataset}/"), pl.col(column))

    nodes = [
        NodeTable("Product", "key", _products(products, dataset)),
        NodeTable("Intention", "id", intentions),
        NodeTable("CoBuy", "key", _cobuys(cobuys, dataset)),
        NodeTable("IntentionCluster", "key", _clusters(clusters, dataset)),
        NodeTable("Generator", "id", read(Generator).sort("id")),
    ]
    bought_for = bought_for_of(triples)
    edges = [
        EdgeTable(
            "OF",
            "CoBuy",
            "Product",
            None,
            pl.concat(
                cobuys.select(key("id").alias("source"), key(side).alias("target"))
                for side in ("product_a", "product_b")
            ),
        ),
        EdgeTable(
            "HAS_INTENTION",
            "CoBuy",
            "Intention",
            "id",
            said.select(
                key("cobuy").alias("source"),
                pl.col("intention").alias("target"),
                "id",
                "relation",
                "acceptance",
                "support",
                "generators",
            ),
        ),
        EdgeTable(
            "BOUGHT_FOR",
            "Product",
            "Intention",
            "id",
            bought_for.select(
                key("product").alias("source"),
                pl.col("intention").alias("target"),
                content_ids(
                    bought_for.select(key("product").alias("product"), "relation", "intention"),
                    "bought_for",
                    ["product", "relation", "intention"],
                ),
                "relation",
                "cobuys",
                "acceptance",
                "support",
            ),
        ),
        EdgeTable(
            "CO_BOUGHT",
            "Product",
            "Product",
            None,
            cobuys.select(
                key("product_a").alias("source"), key("product_b").alias("target"), "weight", "lift"
            ),
        ),
        EdgeTable(
            "IN_CLUSTER",
            "Intention",
            "IntentionCluster",
            None,
            memberships.join(intentions, left_on="intention", right_on="id", how="semi").select(
                pl.col("intention").alias("source"), key("cluster").alias("target"), "weight"
            ),
        ),
        EdgeTable(
            "PART_OF",
            "IntentionCluster",
            "IntentionCluster",
            None,
            clusters.drop_nulls("parent").select(key("id").alias("source"), key("parent").alias("target")),
        ),
        EdgeTable(
            "SERVES",
            "Product",
            "IntentionCluster",
            None,
            serves_of(triples, purposes).select(
                key("product").alias("source"), key("cluster").alias("target"), "cobuys", "weight"
            ),
        ),
    ]
    return Graph(
        dataset,
        {table.label: table for table in nodes},
        {
            table.type: EdgeTable(
                table.type,
                table.source,
                table.target,
                table.id,
                table.rows.sort("source", "target", *([table.id] if table.id else [])),
            )
            for table in edges
        },
    )


def project(triples: pl.DataFrame, merges: pl.DataFrame) -> pl.DataFrame:
    """Return the triples with every intention replaced by its canonical one.

    Triples that become one keep the canonical's id (by content), add up their support and average
    their acceptance, weighted by support.
    """
    if merges.is_empty() or triples.is_empty():
        return triples
    moved = _canonical(triples, merges)
    touched = moved.filter(pl.col("intention") != pl.col("said"))
    if touched.is_empty():
        return triples
    ends = ["cobuy", "relation", "intention"]
    joined = (
        moved.group_by(ends)
        .agg(
            pl.col("product_a", "product_b").first(),
            mean_acceptance(),
            pl.col("support").sum(),
        )
        .with_columns(pl.lit("").alias("id"))
    )
    return joined.with_columns(content_ids(joined, "triple", ends)).select(triples.columns).sort("id")


def mean_acceptance() -> pl.Expr:
    """Return the mean of `acceptance` weighted by `support`, over the rows that have one."""
    known = pl.col("acceptance").is_not_null()
    weights = pl.col("support").filter(known)
    total = (pl.col("acceptance").filter(known) * weights).sum()
    return pl.when(known.any()).then(total / weights.sum()).alias("acceptance")


def bought_for_of(triples: pl.DataFrame) -> pl.DataFrame:
    """Return one row per product, relation and intention, added up over the product's co-buys."""
    return (
        ends_of(triples)
        .group_by("product", "relation", "intention")
        .agg(pl.len().alias("cobuys"), mean_acceptance(), pl.col("support").sum())
    )


def ends_of(triples: pl.DataFrame) -> pl.DataFrame:
    """Return each triple twice, once for each of its products, as column `product`."""
    kept = ["cobuy", "relation", "intention", "acceptance", "support"]
    return pl.concat(
        triples.select(pl.col(side).alias("product"), *kept) for side in ("product_a", "product_b")
    )


def serves_of(triples: pl.DataFrame, purposes: pl.DataFrame) -> pl.DataFrame:
    """Return which product serves which cluster, of every level, through how many co-buys.

    `weight` adds up support × membership over the triples behind it.
    """
    return (
        ends_of(triples)
        .select("product", "cobuy", "intention", "support")
        .join(purposes, on="intention")
        .group_by("product", "cluster")
        .agg(
            pl.col("cobuy").n_unique().alias("cobuys"),
            (pl.col("support") * pl.col("weight")).sum().alias("weight"),
        )
    )


def said_by(
    triples: pl.DataFrame,
    evidence: pl.DataFrame,
    candidates: pl.DataFrame,
    merges: pl.DataFrame,
    raw: pl.DataFrame,
) -> pl.DataFrame:
    """Return the projected triples with the sorted ids of the generators that said them."""
    spoken = evidence.join(
        candidates.select(pl.col("id").alias("candidate"), "generator"), on="candidate"
    ).select(pl.col("triple").alias("id"), "generator")
    if merges.height and raw.height:
        moved = _canonical(raw, merges)
        moved = moved.with_columns(
            content_ids(moved, "triple", ["cobuy", "relation", "intention"]).alias("canonical_id")
        )
        spoken = spoken.join(moved.select("id", "canonical_id"), on="id").select(
            pl.col("canonical_id").alias("id"), "generator"
        )
    lists = spoken.unique().sort("id", "generator").group_by("id", maintain_order=True)
    generators = lists.agg(pl.col("generator").alias("generators"))
    return triples.join(generators, on="id", how="left").with_columns(pl.col("generators").fill_null([]))


def _canonical(triples: pl.DataFrame, merges: pl.DataFrame) -> pl.DataFrame:
    """Return the triples with column `said` for the raw intention and `intention` the canonical."""
    return (
        triples.rename({"intention": "said"})
        .join(merges.select(pl.col("intention").alias("said"), "canonical"), on="said", how="left")
        .with_columns(pl.coalesce("canonical", "said").alias("intention"))
        .drop("canonical")
    )


def _intentions(intentions: pl.DataFrame, merges: pl.DataFrame, triples: pl.DataFrame) -> pl.DataFrame:
    """Return the canonical intentions that a triple uses, with their merged wordings."""
    wordings = (
        merges.join(intentions, left_on="intention", right_on="id")
        .sort("canonical", "text")
        .group_by("canonical", maintain_order=True)
        .agg(pl.col("text").alias("variants"))
    )
    return (
        intentions.join(triples, left_on="id", right_on="intention", how="semi")
        .join(wordings, left_on="id", right_on="canonical", how="left")
        .with_columns(pl.col("variants").fill_null([]))
        .sort("id")
    )


def _products(products: pl.DataFrame, dataset: str) -> pl.DataFrame:
    return _keyed(products, dataset, ["title", "brand", "categories", "price", "image"])


def _cobuys(cobuys: pl.DataFrame, dataset: str) -> pl.DataFrame:
    return _keyed(cobuys, dataset, ["weight", "lift"])


def _clusters(clusters: pl.DataFrame, dataset: str) -> pl.DataFrame:
    return _keyed(clusters, dataset, ["label", "keywords", "level", "size"])


def _keyed(frame: pl.DataFrame, dataset: str, columns: list[str]) -> pl.DataFrame:
    return frame.select(
        pl.concat_str(pl.lit(f"{dataset}/"), pl.col("id")).alias("key"),
        pl.lit(dataset).alias("dataset"),
        "id",
        *columns,
    ).sort("key")


def _purposes(memberships: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
    """Return the clusters of every level that each intention stands in, with the weight."""
    parents = clusters.select(pl.col("id").alias("cluster"), "parent")
    level = memberships.select("intention", "cluster", "weight")
    found = [level]
    while level.height and len(found) < 10:
        level = (
            level.join(parents, on="cluster")
            .drop_nulls("parent")
            .group_by("intention", pl.col("parent").alias("cluster"))
            .agg(pl.col("weight").max())
        )
        found.append(level)
    return pl.concat(found)
