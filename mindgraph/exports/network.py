"""The graph as network tools see it: things and ties, two tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from mindgraph.graph import Graph

if TYPE_CHECKING:
    import networkx as nx

#: Kind of tie → kinds of its ends.
_TIES = {
    "BOUGHT_FOR": ("product", "intention"),
    "CO_BOUGHT": ("product", "product"),
    "IN_CLUSTER": ("intention", "cluster"),
    "PART_OF": ("cluster", "cluster"),
}
_NODE = {
    "id": pl.String,
    "kind": pl.String,
    "label": pl.String,
    "category": pl.String,
    "brand": pl.String,
    "price": pl.Float64,
    "level": pl.Int64,
    "purpose": pl.String,
    "degree": pl.Int64,
}
_EDGE = {
    "id": pl.String,
    "source": pl.String,
    "target": pl.String,
    "kind": pl.String,
    "relation": pl.String,
    "weight": pl.Float64,
    "acceptance": pl.Float64,
    "support": pl.Int64,
}


@dataclass(frozen=True)
class Network:
    """Hold things and ties.

    `nodes` has columns id, kind (product, intention or cluster), label, category, brand, price, level,
    purpose (label of the broadest cluster it stands in most) and degree; `edges` has id, source,
    target, kind, relation, weight, acceptance and support.
    """

    nodes: pl.DataFrame
    edges: pl.DataFrame


def network_of(graph: Graph) -> Network:
    """Return products, intentions and clusters with their ties; ids begin with their kind."""
    edges = pl.concat([_ties(graph, kind) for kind in _TIES])
    bare = pl.concat([_products(graph), _intentions(graph), _clusters(graph)], how="diagonal")
    ends = pl.concat([edges["source"], edges["target"].alias("source")]).alias("id").to_frame()
    degrees = ends.group_by("id").agg(pl.len().cast(pl.Int64).alias("degree"))
    nodes = (
        bare.join(degrees, on="id", how="left", maintain_order="left")
        .join(_purposes(graph), on="id", how="left", maintain_order="left")
        .with_columns(pl.col("degree").fill_null(0))
    )
    return Network(_shaped(nodes, _NODE), edges)


def networkx_of(network: Network) -> nx.MultiDiGraph:
    """Return a networkx graph: nodes and edges carry what is known of them, nothing where it is not."""
    import networkx as nx

    graph = nx.MultiDiGraph()
    graph.add_nodes_from((row.pop("id"), row) for row in _known(network.nodes))
    graph.add_edges_from(
        (row.pop("source"), row.pop("target"), row.pop("id"), row) for row in _known(network.edges)
    )
    return graph


def _known(frame: pl.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield rows without what is null."""
    for row in frame.iter_rows(named=True):
        yield {name: value for name, value in row.items() if value is not None}


def _ties(graph: Graph, kind: str) -> pl.DataFrame:
    rows = graph.edges[kind].rows
    source, target = _TIES[kind]
    number = pl.concat_str(pl.lit(f"{kind}:"), pl.int_range(pl.len()).cast(pl.String))
    id_ = pl.col("id") if "id" in rows.columns else number
    weight = pl.col("cobuys" if kind == "BOUGHT_FOR" else "weight") if kind != "PART_OF" else pl.lit(None)
    relation = pl.col("relation") if "relation" in rows.columns else pl.lit(None)
    scores = [pl.col(n) if n in rows.columns else pl.lit(None).alias(n) for n in ("acceptance", "support")]
    tied = rows.select(
        id_.alias("id"),
        pl.concat_str(pl.lit(f"{source}:"), "source").alias("source"),
        pl.concat_str(pl.lit(f"{target}:"), "target").alias("target"),
        pl.lit(kind).alias("kind"),
        relation.alias("relation"),
        weight.alias("weight"),
        *scores,
    )
    return _shaped(tied, _EDGE)


def _products(graph: Graph) -> pl.DataFrame:
    return graph.nodes["Product"].rows.select(
        pl.concat_str(pl.lit("product:"), "key").alias("id"),
        pl.lit("product").alias("kind"),
        pl.col("title").alias("label"),
        pl.col("categories").list.first().alias("category"),
        "brand",
        "price",
    )


def _intentions(graph: Graph) -> pl.DataFrame:
    return graph.nodes["Intention"].rows.select(
        pl.concat_str(pl.lit("intention:"), "id").alias("id"),
        pl.lit("intention").alias("kind"),
        pl.col("text").alias("label"),
    )


def _clusters(graph: Graph) -> pl.DataFrame:
    return graph.nodes["IntentionCluster"].rows.select(
        pl.concat_str(pl.lit("cluster:"), "key").alias("id"),
        pl.lit("cluster").alias("kind"),
        "label",
        "level",
    )


def _purposes(graph: Graph) -> pl.DataFrame:
    """Return for each thing the label of the broadest cluster that it stands in most."""
    parents = graph.edges["PART_OF"].rows.select(
        pl.col("source").alias("cluster"), pl.col("target").alias("parent")
    )
    clusters = graph.nodes["IntentionCluster"].rows.select(pl.col("key").alias("cluster"), "label")
    tops = clusters.join(parents, on="cluster", how="anti")
    roots = clusters.select("cluster", pl.col("cluster").alias("root"))
    for _ in range(len(set(graph.nodes["IntentionCluster"].rows["level"]))):
        higher = roots.join(parents, left_on="root", right_on="cluster", how="left")
        roots = higher.select("cluster", pl.coalesce("parent", "root").alias("root"))
    named = roots.join(tops, left_on="root", right_on="cluster").select("cluster", "label")
    standing = [
        named.select(
            pl.concat_str(pl.lit("cluster:"), "cluster").alias("id"), "label", pl.lit(1.0).alias("weight")
        )
    ]
    for kind, prefix in (("IN_CLUSTER", "intention:"), ("SERVES", "product:")):
        rows = graph.edges[kind].rows.join(named, left_on="target", right_on="cluster")
        whole = rows.group_by(pl.concat_str(pl.lit(prefix), "source").alias("id"), "label").agg(
            pl.col("weight").sum()
        )
        standing.append(whole.select("id", "label", pl.col("weight").cast(pl.Float64)))
    ranked = pl.concat(standing).sort("id", "weight", "label", descending=[False, True, False])
    return ranked.unique("id", keep="first", maintain_order=True).select(
        "id", pl.col("label").alias("purpose")
    )


def _shaped(frame: pl.DataFrame, schema: dict[str, Any]) -> pl.DataFrame:
    """Return the columns of a schema, null where the table has none."""
    return frame.select(
        (pl.col(name) if name in frame.columns else pl.lit(None).alias(name)).cast(dtype)
        for name, dtype in schema.items()
    )
