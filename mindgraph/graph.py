"""The workspace as a property graph: one table a node label, one a relationship type.

Every projection (graph stores, RDF, exports, report) starts here, so every edge a user follows ends
at a canonical intention: merged wordings are replaced by what they stand for, support is added up,
acceptance averaged. The shop's ids are qualified by the data set (`key` = dataset/id); intentions
are global.

Two products that share an intention need not have been bought together: that is BOUGHT_FOR twice.
Two that were, for a reason, meet in a CoBuy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Community,
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

#: Label → the column that is unique; in the order of loading.
NODES = {"Product": "key", "Intention": "id", "CoBuy": "key", "IntentionCluster": "key", "Generator": "id"}

#: Type → labels of both ends, and the column that tells two relationships of the same ends apart.
EDGES: dict[str, tuple[str, str, str | None]] = {
    "OF": ("CoBuy", "Product", None),
    "HAS_INTENTION": ("CoBuy", "Intention", "id"),
    "BOUGHT_FOR": ("Product", "Intention", "id"),
    "CO_BOUGHT": ("Product", "Product", None),
    "IN_CLUSTER": ("Intention", "IntentionCluster", None),
    "PART_OF": ("IntentionCluster", "IntentionCluster", None),
    "SERVES": ("Product", "IntentionCluster", None),
}


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

    def slices(self, name: str) -> Iterator[pl.DataFrame]:
        """Yield the rows of a label or type, all of them in one piece."""
        yield self.nodes[name].rows if name in self.nodes else self.edges[name].rows


def graph_of(read: Read, dataset: str) -> Graph:
    """Return the graph of a workspace's tables, every table in the order of its key."""
    triples = project(read(Triple), read(Merge))
    clusters, memberships, cobuys = read(Cluster), read(Membership), read(CoBuy)
    intentions = intention_rows(read(Intention), read(Merge), triples)
    ends = ends_of(triples)
    said = said_by(triples, read(Evidence), read(Candidate), read(Merge), read(Triple))
    nodes = {
        "Product": product_rows(read(Product), read(Community), dataset),
        "Intention": intentions,
        "CoBuy": cobuy_rows(cobuys, dataset),
        "IntentionCluster": cluster_rows(clusters, dataset),
        "Generator": read(Generator).sort("id"),
    }
    edges = {
        "OF": of_rows(cobuys, dataset),
        "HAS_INTENTION": has_intention_rows(said, dataset),
        "BOUGHT_FOR": bought_for_rows(bought_for_of(ends), dataset),
        "CO_BOUGHT": co_bought_rows(cobuys, dataset),
        "IN_CLUSTER": in_cluster_rows(memberships, intentions, dataset),
        "PART_OF": part_of_rows(clusters, dataset),
        "SERVES": serves_rows(serves_of(ends, purposes_of(memberships, clusters)), dataset),
    }
    return Graph(
        dataset,
        {label: NodeTable(label, NODES[label], rows) for label, rows in nodes.items()},
        {type_: edge_table(type_, rows) for type_, rows in edges.items()},
    )


def edge_table(type_: str, rows: pl.DataFrame) -> EdgeTable:
    """Return the table of one relationship type, in the order of its ends."""
    source, target, id_ = EDGES[type_]
    return EdgeTable(type_, source, target, id_, rows.sort("source", "target", *([id_] if id_ else [])))


def of_rows(cobuys: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return a relationship from each co-buy to each of its two products."""
    return pl.concat(
        cobuys.select(_key(dataset, "id").alias("source"), _key(dataset, side).alias("target"))
        for side in ("product_a", "product_b")
    )


def has_intention_rows(said: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return a relationship for each triple, from its co-buy to its intention."""
    return said.select(
        _key(dataset, "cobuy").alias("source"),
        pl.col("intention").alias("target"),
        "id",
        "relation",
        "acceptance",
        "support",
        "generators",
    )


def bought_for_rows(bought_for: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return a relationship for each product, relation and intention, with an id by content."""
    keyed = bought_for.with_columns(_key(dataset, "product").alias("product"))
    return keyed.select(
        pl.col("product").alias("source"),
        pl.col("intention").alias("target"),
        content_ids(keyed, "bought_for", ["product", "relation", "intention"]),
        "relation",
        pl.col("cobuys").cast(pl.Int64),
        "acceptance",
        "support",
    )


def co_bought_rows(cobuys: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return a relationship for each co-buy, from the smaller product id to the larger."""
    return cobuys.select(
        _key(dataset, "product_a").alias("source"),
        _key(dataset, "product_b").alias("target"),
        "weight",
        "lift",
    )


def in_cluster_rows(memberships: pl.DataFrame, intentions: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return a relationship for each membership of these intentions."""
    return memberships.join(intentions, left_on="intention", right_on="id", how="semi").select(
        pl.col("intention").alias("source"), _key(dataset, "cluster").alias("target"), "weight"
    )


def part_of_rows(clusters: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return a relationship from each cluster to its parent."""
    return clusters.drop_nulls("parent").select(
        _key(dataset, "id").alias("source"), _key(dataset, "parent").alias("target")
    )


def serves_rows(serves: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return a relationship for each product and each purpose that it serves."""
    return serves.select(
        _key(dataset, "product").alias("source"),
        _key(dataset, "cluster").alias("target"),
        pl.col("cobuys").cast(pl.Int64),
        "weight",
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
    # Sorted first: the sum of floats depends on their order, and rows come in any.
    total = (pl.col("acceptance").filter(known) * weights).sort().sum()
    return pl.when(known.any()).then(total / weights.sum()).alias("acceptance")


def bought_for_of(ends: pl.DataFrame) -> pl.DataFrame:
    """Return one row per product, relation and intention, added up over the product's co-buys."""
    return ends.group_by("product", "relation", "intention").agg(
        pl.len().alias("cobuys"), mean_acceptance(), pl.col("support").sum()
    )


def ends_of(triples: pl.DataFrame) -> pl.DataFrame:
    """Return each triple twice, once for each of its products, as column `product`."""
    kept = ["cobuy", "relation", "intention", "acceptance", "support"]
    return pl.concat(
        triples.select(pl.col(side).alias("product"), *kept) for side in ("product_a", "product_b")
    )


def serves_of(ends: pl.DataFrame, purposes: pl.DataFrame) -> pl.DataFrame:
    """Return which product serves which cluster, of every level, through how many co-buys.

    `weight` adds up support × membership over the triples behind it.
    """
    return (
        ends.select("product", "cobuy", "intention", "support")
        .join(purposes, on="intention")
        .group_by("product", "cluster")
        .agg(
            pl.col("cobuy").n_unique().alias("cobuys"),
            (pl.col("support") * pl.col("weight")).sort().sum().alias("weight"),
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


def intention_rows(intentions: pl.DataFrame, merges: pl.DataFrame, triples: pl.DataFrame) -> pl.DataFrame:
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


def product_rows(products: pl.DataFrame, communities: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return the nodes of products, with the community of the co-buy graph that each stands in."""
    rows = products.join(communities, left_on="id", right_on="product", how="left")
    return _keyed(rows, dataset, ["title", "brand", "categories", "price", "image", "community"])


def cobuy_rows(cobuys: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return the nodes of co-buys."""
    return _keyed(cobuys, dataset, ["weight", "lift"])


def cluster_rows(clusters: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return the nodes of clusters, of every level."""
    return _keyed(clusters, dataset, ["label", "keywords", "level", "size"])


def _keyed(frame: pl.DataFrame, dataset: str, columns: list[str]) -> pl.DataFrame:
    return frame.select(
        _key(dataset, "id").alias("key"),
        pl.lit(dataset).alias("dataset"),
        "id",
        *columns,
    ).sort("key")


def purposes_of(memberships: pl.DataFrame, clusters: pl.DataFrame) -> pl.DataFrame:
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


def _key(dataset: str, column: str) -> pl.Expr:
    """Return the shop's id qualified by the data set."""
    return pl.concat_str(pl.lit(f"{dataset}/"), pl.col(column))
