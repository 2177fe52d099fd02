"""A chosen part of the graph: the same tables with fewer rows, for any export."""

from __future__ import annotations

from dataclasses import dataclass, fields

import polars as pl

from mindgraph.errors import NotFound
from mindgraph.graph import Read, ends_of
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


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Say which triples are wanted; what they touch comes along.

    `top` counts products, those with the most triples first; a category is any level of a path, or a
    path; a cluster is an id or a label, and brings what lies below it.
    """

    top: int | None = None
    relations: tuple[str, ...] = ()
    clusters: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    min_acceptance: float | None = None

    def __bool__(self) -> bool:
        return self != Selection()

    def words(self) -> str:
        """Return the choice in words; empty where everything is wanted."""
        chosen = ((field.name, getattr(self, field.name)) for field in fields(self))
        return ", ".join(f"{name} {value}" for name, value in chosen if value not in (None, ()))


def selected(read: Read, selection: Selection) -> Read:
    """Return the tables with only what the chosen triples touch.

    Raises NotFound for a cluster or category that is not there.
    """
    if not selection:
        return read
    triples = _triples(read, selection)
    tables = _touched(read, triples)
    return lambda record: tables[record] if record in tables else read(record).clear()


def _triples(read: Read, selection: Selection) -> pl.DataFrame:
    triples = read(Triple)
    if selection.relations:
        triples = triples.filter(pl.col("relation").is_in(list(selection.relations)))
    if selection.min_acceptance is not None:
        triples = triples.filter(pl.col("acceptance") >= selection.min_acceptance)
    if selection.clusters:
        triples = triples.filter(
            pl.col("intention").is_in(_intentions_under(read, selection.clusters).implode())
        )
    if selection.categories:
        products = _products_in(read(Product), selection.categories)
        triples = triples.filter(pl.any_horizontal(_either(products)))
    if selection.top is not None:
        triples = triples.filter(pl.all_horizontal(_either(_busiest(triples, selection.top))))
    return triples


def _either(products: pl.Series) -> list[pl.Expr]:
    return [pl.col(side).is_in(products.implode()) for side in ("product_a", "product_b")]


def _busiest(triples: pl.DataFrame, count: int) -> pl.Series:
    """Return the products with the most triples; ties go to the smaller id."""
    busy = ends_of(triples).group_by("product").len().sort("len", "product", descending=[True, False])
    return busy["product"].head(count)


def _products_in(products: pl.DataFrame, categories: tuple[str, ...]) -> pl.Series:
    """Return the products of which a category path is, begins with, or holds as a level one of these."""
    paths = products.select("id", pl.col("categories").alias("path")).explode("path").drop_nulls()
    found = paths.clear()
    for category in categories:
        levels = pl.col("path").str.split(" > ").list.contains(category)
        here = paths.filter(
            levels | (pl.col("path") == category) | pl.col("path").str.starts_with(f"{category} > ")
        )
        if here.is_empty():
            raise NotFound(f"No product is in the category {category!r}.")
        found = pl.concat([found, here])
    return found["id"].unique()


def _intentions_under(read: Read, wanted: tuple[str, ...]) -> pl.Series:
    """Return the intentions of the clusters and of all below them, merged wordings included."""
    clusters = read(Cluster).select("id", "parent", "label")
    named = clusters.filter(pl.col("id").is_in(list(wanted)) | pl.col("label").is_in(list(wanted)))
    missing = set(wanted) - set(named["id"]) - set(named["label"])
    if missing:
        raise NotFound(f"There is no cluster {sorted(missing)[0]!r}.")
    inside = named.select("id")
    while True:
        below = clusters.join(inside, left_on="parent", right_on="id", how="semi").select("id")
        wider = pl.concat([inside, below]).unique()
        if len(wider) == len(inside.unique()):
            break
        inside = wider
    members = read(Membership).join(inside, left_on="cluster", right_on="id", how="semi")["intention"]
    merged = read(Merge).filter(pl.col("canonical").is_in(members.implode()))["intention"]
    return pl.concat([members, merged]).unique()


def _touched(read: Read, triples: pl.DataFrame) -> dict[type[Record], pl.DataFrame]:
    """Return every table with the rows that the triples touch."""
    cobuys = read(CoBuy).join(triples, left_on="id", right_on="cobuy", how="semi")
    merges = read(Merge).join(triples, on="intention", how="semi")
    said = pl.concat([triples["intention"], merges["canonical"]]).unique().alias("id").to_frame()
    evidence = read(Evidence).join(triples, left_on="triple", right_on="id", how="semi")
    candidates = read(Candidate).join(evidence, left_on="id", right_on="candidate", how="semi")
    memberships = read(Membership).join(said, left_on="intention", right_on="id", how="semi")
    ends = pl.concat([cobuys["product_a"], cobuys["product_b"].alias("product_a")]).alias("id").to_frame()
    return {
        Product: read(Product).join(ends, on="id", how="semi"),
        CoBuy: cobuys,
        Triple: triples,
        Merge: merges,
        Intention: read(Intention).join(said, on="id", how="semi"),
        Evidence: evidence,
        Candidate: candidates,
        Generator: read(Generator).join(candidates, left_on="id", right_on="generator", how="semi"),
        Membership: memberships,
        Cluster: _with_ancestors(read(Cluster), memberships["cluster"]).with_columns(_only(ends["id"])),
    }


def _only(products: pl.Series) -> pl.Expr:
    """Return the examples of clusters that are among these products."""
    return pl.col("examples").list.eval(pl.element().filter(pl.element().is_in(products.implode())))


def _with_ancestors(clusters: pl.DataFrame, finest: pl.Series) -> pl.DataFrame:
    kept = finest.unique().alias("id").to_frame()
    while True:
        parents = clusters.join(kept, on="id", how="semi").select(pl.col("parent").alias("id")).drop_nulls()
        wider = pl.concat([kept, parents]).unique()
        if len(wider) == len(kept):
            return clusters.join(kept, on="id", how="semi")
        kept = wider
