"""Other questions about the whole graph, on tables: importance, similarity, complements, bridges.

Words are networkx' own: edges have source, target, weight. scipy at size. Each function takes tables, or
a networkx graph as `mindgraph.to_networkx` gives it, in which things are named `product:…`, `cluster:…`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

#: Intentions and purposes of more products than this say little of any two of them.
COMMON = 1_000
#: Products crossed at once: bounds the memory.
BLOCK = 2_000


def edges_of(graph: Any) -> pl.DataFrame:
    """Return the edges of a networkx graph: source, target, weight (1 where there is none)."""
    rows = [(str(a), str(b), float(data.get("weight", 1.0))) for a, b, data in graph.edges(data=True)]
    return pl.DataFrame(rows, schema=_EDGES, orient="row")


_EDGES = {"source": pl.String, "target": pl.String, "weight": pl.Float64}


def serves_in(graph: Any) -> pl.DataFrame:
    """Return which product of a networkx graph serves which purpose: product, cluster, weight.

    The graph is that of `mindgraph.to_networkx`: BOUGHT_FOR leads to intentions, IN_CLUSTER on from there.
    """
    rows = {"BOUGHT_FOR": list[tuple[str, str, float]](), "IN_CLUSTER": list[tuple[str, str, float]]()}
    for a, b, data in graph.edges(data=True):
        if data.get("kind") in rows:
            value = data.get("support", 1) if data["kind"] == "BOUGHT_FOR" else data.get("weight", 1.0)
            rows[data["kind"]].append((str(a), str(b), float(value)))
    bought, held = (
        pl.DataFrame(rows[kind], schema=names, orient="row")
        for kind, names in (
            ("BOUGHT_FOR", {"product": pl.String, "intention": pl.String, "support": pl.Float64}),
            ("IN_CLUSTER", {"intention": pl.String, "cluster": pl.String, "share": pl.Float64}),
        )
    )
    return (
        bought.join(held, on="intention")
        .group_by("product", "cluster")
        .agg((pl.col("support") * pl.col("share")).sort().sum().alias("weight"))
        .sort("product", "cluster")
    )


def cobuys_in(graph: Any) -> pl.DataFrame:
    """Return the co-buys of a networkx graph of `mindgraph.to_networkx`: product_a, product_b, weight."""
    rows = [
        (str(a), str(b), float(data.get("weight", 1.0)))
        for a, b, data in graph.edges(data=True)
        if data.get("kind") == "CO_BOUGHT"
    ]
    return pl.DataFrame(
        rows, schema={"product_a": pl.String, "product_b": pl.String, "weight": pl.Float64}, orient="row"
    )


def pagerank(
    edges: pl.DataFrame | Any,
    *,
    personal: Mapping[str, float] | None = None,
    damping: float = 0.85,
    tolerance: float = 1e-12,
) -> pl.DataFrame:
    """Return the importance of each node of an undirected graph: node, pagerank (adds up to 1).

    `personal` weighs the nodes at which a walk begins again; all alike where it is not given.
    Source: Page, Brin, Motwani and Winograd, The PageRank citation ranking, 1999.
    """
    edges = edges if isinstance(edges, pl.DataFrame) else edges_of(edges)
    ids = pl.concat([edges["source"], edges["target"]]).unique().sort()
    if ids.is_empty():
        return pl.DataFrame(schema={"node": pl.String, "pagerank": pl.Float64})
    graph = _adjacency(edges, ids)
    out = np.asarray(graph.sum(axis=1)).ravel()
    steps = sparse.diags(np.divide(1, out, out=np.zeros_like(out), where=out > 0)) @ graph
    begins = np.array([(personal or {}).get(id_, 0.0) for id_ in ids]) if personal else np.ones(len(ids))
    if not begins.sum():
        return pl.DataFrame({"node": ids, "pagerank": np.zeros(len(ids))})
    begins = begins / begins.sum()
    rank, lost, turned = begins.copy(), out == 0, sparse.csr_matrix(steps.T)
    for _ in range(1_000):
        last = rank
        rank = damping * (turned @ last + last[lost].sum() * begins) + (1 - damping) * begins
        if np.abs(rank - last).sum() < tolerance:
            break
    return pl.DataFrame({"node": ids, "pagerank": rank}).sort("pagerank", "node", descending=[True, False])


def similar_products(serves: pl.DataFrame | Any, *, most: int = 10) -> pl.DataFrame:
    """Return the products most alike by the purposes they share: product, other, similarity (cosine, idf).

    `serves` has product, cluster, weight. Purposes of more than `COMMON` products are left out. Source:
    Salton and Buckley, Term-weighting approaches in automatic text retrieval, 1988.
    """
    products, rows = _profiles(_serves(serves))
    found = [
        _strongest(sparse.csr_matrix(rows[start : start + BLOCK] @ rows.T), start, most)
        for start in range(0, rows.shape[0], BLOCK)
    ]
    schema = {"product": pl.String, "other": pl.String, "similarity": pl.Float64}
    if not found:
        return pl.DataFrame(schema=schema)
    table = pl.concat(found)
    columns = {
        "product": products.gather(table["row"]),
        "other": products.gather(table["column"]),
        "similarity": table["value"].round(6),
    }
    return pl.DataFrame(columns, schema=schema)


def complements(
    serves: pl.DataFrame | Any, cobuys: pl.DataFrame | None = None, *, most: int = 10
) -> pl.DataFrame:
    """Return similar products, told apart: product, other, similarity, kind.

    `complement`: alike in purpose and bought together; `substitute`: alike and never bought together.
    A networkx graph holds the co-buys, too. Source of the distinction: McAuley, Pandey and Leskovec,
    Inferring networks of substitutable and complementary products, 2015.
    """
    cobuys = cobuys_in(serves) if cobuys is None else cobuys
    pairs = pl.concat(
        [
            cobuys.select(product="product_a", other="product_b"),
            cobuys.select(product="product_b", other="product_a"),
        ]
    ).with_columns(together=pl.lit(True))
    kind = pl.when(pl.col("together")).then(pl.lit("complement")).otherwise(pl.lit("substitute"))
    return (
        similar_products(serves, most=most)
        .join(pairs.unique(), on=["product", "other"], how="left", maintain_order="left")
        .with_columns(kind.alias("kind"))
        .drop("together")
    )


def foretold(
    serves: pl.DataFrame | Any, cobuys: pl.DataFrame | None = None, *, most: int = 1_000
) -> pl.DataFrame:
    """Return co-buys to expect: pairs alike in purpose, not bought together yet, the likeliest first.

    Columns: product_a, product_b, score: similarity by purpose. How well that foretells is measured by
    `evaluate.held_out`. Source: Liben-Nowell and Kleinberg, The link-prediction problem, 2007.
    """
    pairs = complements(serves, cobuys, most=50).filter(pl.col("kind") == "substitute")
    return (
        pairs.filter(pl.col("product") < pl.col("other"))
        .select(product_a="product", product_b="other", score="similarity")
        .sort("score", "product_a", "product_b", descending=[True, False, False])
        .head(most)
    )


def bridges(serves: pl.DataFrame | Any, groups: pl.DataFrame) -> pl.DataFrame:
    """Return how evenly each purpose serves several groups of products: cluster, groups, products, entropy.

    `groups` has product, group: a category, or a community of the co-buy graph. Entropy in bits. Source:
    Shannon, A mathematical theory of communication, 1948.
    """
    counts = (
        _serves(serves)
        .select("product", "cluster")
        .unique()
        .join(groups, on="product")
        .group_by("cluster", "group")
        .agg(pl.len().alias("products"))
        .sort("cluster", "group")
    )
    share = pl.col("products") / pl.col("products").sum()
    return (
        counts.group_by("cluster", maintain_order=True)
        .agg(
            pl.len().alias("groups"),
            pl.col("products").sum(),
            (-(share * share.log(2)).sum() + 0.0).round(4).alias("entropy"),
        )
        .sort("entropy", "products", "cluster", descending=[True, True, False])
    )


def distributions(
    triples: pl.DataFrame | Any, cobuys: pl.DataFrame | None = None, serves: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Return how the sizes of the graph are spread: of, things, mean, median, p90, most.

    Of a networkx graph, which has no node for a co-buy, intentions are counted by product.
    """
    if cobuys is None or serves is None:
        return _spread(_sizes_in(triples))
    ends = pl.concat([cobuys["product_a"], cobuys["product_b"]])
    counts = {
        "co-buys per product": ends.value_counts()["count"],
        "intentions per co-buy": triples.group_by("cobuy").agg(pl.col("intention").n_unique())["intention"],
        "co-buys per intention": triples.group_by("intention").agg(pl.col("cobuy").n_unique())["cobuy"],
        "purposes per product": serves.group_by("product").agg(pl.len().alias("n"))["n"],
        "products per purpose": serves.group_by("cluster").agg(pl.len().alias("n"))["n"],
    }
    return _spread(counts)


def _sizes_in(graph: Any) -> dict[str, pl.Series]:
    """Return what is counted in a networkx graph."""
    cobuys, serves = cobuys_in(graph), serves_in(graph)
    pairs = [(str(a), str(b)) for a, b, data in graph.edges(data=True) if data.get("kind") == "BOUGHT_FOR"]
    bought = pl.DataFrame(pairs, schema={"product": pl.String, "intention": pl.String}, orient="row").unique()
    return {
        "co-buys per product": pl.concat([cobuys["product_a"], cobuys["product_b"]]).value_counts()["count"],
        "intentions per product": bought.group_by("product").len("n")["n"],
        "products per intention": bought.group_by("intention").len("n")["n"],
        "purposes per product": serves.group_by("product").len("n")["n"],
        "products per purpose": serves.group_by("cluster").len("n")["n"],
    }


def _spread(counts: Mapping[str, pl.Series]) -> pl.DataFrame:
    table = pl.concat(
        pl.DataFrame({"of": name, "n": values.cast(pl.Int64)}, schema={"of": pl.String, "n": pl.Int64})
        for name, values in counts.items()
    )
    return table.group_by("of", maintain_order=True).agg(
        pl.len().alias("things"),
        pl.col("n").mean().round(2).alias("mean"),
        pl.col("n").median().alias("median"),
        pl.col("n").quantile(0.9).alias("p90"),
        pl.col("n").max().alias("most"),
    )


def _serves(given: pl.DataFrame | Any) -> pl.DataFrame:
    return given if isinstance(given, pl.DataFrame) else serves_in(given)


def _adjacency(edges: pl.DataFrame, ids: pl.Series) -> sparse.csr_matrix:
    source, target = (ids.search_sorted(edges[side]).to_numpy() for side in ("source", "target"))
    half = sparse.csr_matrix((edges["weight"].to_numpy(), (source, target)), shape=(len(ids), len(ids)))
    loops = sparse.diags(half.diagonal())
    return sparse.csr_matrix(half + half.T - loops)


def _profiles(serves: pl.DataFrame) -> tuple[pl.Series, sparse.csr_matrix]:
    """Return the products and their purposes, weighted by idf, rows of length 1."""
    products, clusters = serves["product"].unique().sort(), serves["cluster"].unique().sort()
    place = (
        products.search_sorted(serves["product"]).to_numpy(),
        clusters.search_sorted(serves["cluster"]).to_numpy(),
    )
    often = np.bincount(place[1], minlength=len(clusters))
    idf = np.where(often <= COMMON, np.log(1 + len(products) / np.maximum(often, 1)), 0)
    data = np.log1p(serves["weight"].to_numpy()) * idf[place[1]]
    rows = sparse.csr_matrix((data, place), shape=(len(products), len(clusters)))
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return products, sparse.csr_matrix(sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ rows)


def _strongest(block: sparse.csr_matrix, start: int, most: int) -> pl.DataFrame:
    rows = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
    table = pl.DataFrame({"row": rows, "column": block.indices.astype(np.int64), "value": block.data})
    return (
        table.filter((pl.col("row") != pl.col("column")) & (pl.col("value") > 1e-9))
        .with_columns(pl.col("value").round(9))
        .sort("row", "value", "column", descending=[False, True, False])
        .group_by("row", maintain_order=True)
        .head(most)
    )
