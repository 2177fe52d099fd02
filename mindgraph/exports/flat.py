"""Flat tables for people who work with data: JSON lines or Parquet, with a data dictionary."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from mindgraph.exports.files import fresh, write_jsonl, write_text
from mindgraph.graph import Graph

#: Table → what it holds, and column → what it says.
TABLES: dict[str, tuple[str, dict[str, str]]] = {
    "products": (
        "One row a product.",
        {
            "id": "the shop's own id",
            "title": "its title",
            "brand": "its brand, where known",
            "categories": "paths from broad to narrow, levels joined by ' > '",
            "price": "its price, where known",
        },
    ),
    "cobuys": (
        "One row for two products that were bought together.",
        {
            "id": "id of the pair",
            "product_a": "the one product, by its id",
            "product_b": "the other",
            "weight": "how often they were bought together",
            "lift": "how much more often than by chance, where known",
        },
    ),
    "intentions": (
        "One row an intention; merged wordings stand in one row.",
        {
            "id": "id of the intention, the same in every data set",
            "text": "the phrase",
            "lang": "its language",
            "variants": "other wordings that mean the same",
            "cluster": "the cluster it stands in most, where clustered",
        },
    ),
    "clusters": (
        "One row a purpose that many intentions share.",
        {
            "id": "id of the cluster",
            "parent": "the broader cluster, where there is one",
            "label": "its name",
            "keywords": "typical words",
            "level": "0 fine, higher is broader",
            "size": "how many intentions it holds",
        },
    ),
    "triples": (
        "One row for each reason of each pair, with titles and words at hand.",
        {
            "id": "id of the triple",
            "cobuy": "the pair, as in cobuys",
            "product_a": "the one product, by its id",
            "title_a": "its title",
            "product_b": "the other product",
            "title_b": "its title",
            "relation": "how the intention joins the two",
            "intention": "the intention, as in intentions",
            "text": "its phrase",
            "acceptance": "how well a shopper accepts it, 0 to 1, where judged",
            "support": "how many kept answers say it",
        },
    ),
    "bought_for": (
        "One row for what a product is bought for, added up over its pairs.",
        {
            "product": "the product, by its id",
            "relation": "how the intention joins the product",
            "intention": "the intention, as in intentions",
            "text": "its phrase",
            "cobuys": "in how many pairs it is said",
            "acceptance": "how well a shopper accepts it, 0 to 1, on average",
            "support": "how many kept answers say it",
        },
    ),
}


def write_flat(graph: Graph, folder: Path, kind: str) -> list[Path]:
    """Write each table as `jsonl` or `parquet`, and README.md, the data dictionary."""
    written = [write_text(folder / "README.md", dictionary(graph.dataset))]
    for name, frame in flat_tables(graph).items():
        path = folder / f"{name}.{kind}"
        if kind == "jsonl":
            write_jsonl(path, frame)
        else:
            with fresh(path) as file:
                frame.write_parquet(file, compression="zstd")
        written.append(path)
    return written


def flat_tables(graph: Graph) -> dict[str, pl.DataFrame]:
    """Return each table of the dictionary, in the order of its first column."""
    made = {
        "products": graph.nodes["Product"].rows,
        "cobuys": _cobuys(graph),
        "intentions": _intentions(graph),
        "clusters": _clusters(graph),
        "triples": _triples(graph),
        "bought_for": _bought_for(graph),
    }
    return {
        name: made[name].select(list(columns)).sort(*_order(name)) for name, (_, columns) in TABLES.items()
    }


def dictionary(dataset: str) -> str:
    """Return the data dictionary as Markdown."""
    lines = [f"# {dataset}: data dictionary", ""]
    for name, (about, columns) in TABLES.items():
        lines += [f"## {name}", "", about, "", "| column | says |", "| --- | --- |"]
        lines += [f"| {column} | {says} |" for column, says in columns.items()]
        lines += [""]
    return "\n".join(lines)


def _order(name: str) -> list[str]:
    return ["product", "relation", "intention"] if name == "bought_for" else ["id"]


def _bare(graph: Graph, column: str) -> pl.Expr:
    """Return a key without the data set's name in front."""
    return pl.col(column).str.strip_prefix(f"{graph.dataset}/")


def _ends(graph: Graph) -> pl.DataFrame:
    """Return the products of each co-buy, by key: source, product_a and product_b."""
    return (
        graph.edges["OF"]
        .rows.group_by("source")
        .agg(pl.col("target").min().alias("product_a"), pl.col("target").max().alias("product_b"))
    )


def _cobuys(graph: Graph) -> pl.DataFrame:
    joined = graph.nodes["CoBuy"].rows.join(_ends(graph), left_on="key", right_on="source")
    return joined.with_columns(_bare(graph, side).alias(side) for side in ("product_a", "product_b"))


def _intentions(graph: Graph) -> pl.DataFrame:
    most = graph.edges["IN_CLUSTER"].rows.sort("source", "weight", "target", descending=[False, True, False])
    clusters = most.unique("source", keep="first").select("source", _bare(graph, "target").alias("cluster"))
    return graph.nodes["Intention"].rows.join(clusters, left_on="id", right_on="source", how="left")


def _clusters(graph: Graph) -> pl.DataFrame:
    parents = graph.edges["PART_OF"].rows.select("source", _bare(graph, "target").alias("parent"))
    return graph.nodes["IntentionCluster"].rows.join(parents, left_on="key", right_on="source", how="left")


def _triples(graph: Graph) -> pl.DataFrame:
    titles = graph.nodes["Product"].rows.select("key", "title")
    words = graph.nodes["Intention"].rows.select("id", "text")
    told = graph.edges["HAS_INTENTION"].rows.rename({"target": "intention"}).join(_ends(graph), on="source")
    for side in ("a", "b"):
        told = told.join(
            titles.rename({"title": f"title_{side}"}), left_on=f"product_{side}", right_on="key", how="left"
        )
    return told.join(words, left_on="intention", right_on="id", how="left").with_columns(
        _bare(graph, "source").alias("cobuy"),
        *(_bare(graph, side).alias(side) for side in ("product_a", "product_b")),
    )


def _bought_for(graph: Graph) -> pl.DataFrame:
    words = graph.nodes["Intention"].rows.select("id", "text")
    told = graph.edges["BOUGHT_FOR"].rows.rename({"target": "intention"}).drop("id")
    return told.join(words, left_on="intention", right_on="id", how="left").with_columns(
        _bare(graph, "source").alias("product")
    )
