"""The shapes as table expressions: the same rules, under the same names, over a whole workspace.

Each rule is a function from the view of a workspace to the subjects that break it. A test plants a
violation of every rule and compares with what SHACL finds in the same graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from mindgraph.graph import intention_rows, project, said_by
from mindgraph.rdf.terms import encode, encode_one
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
from mindgraph.relations import BY_NAME
from mindgraph.tables import schema_of

#: A function from a record type to its table, with these columns alone.
ReadColumns = Callable[[type[Record], Sequence[str]], pl.DataFrame]
#: A function to the ids of the subjects that break a rule.
Check = Callable[["View"], pl.DataFrame]


class View:
    """Show the tables of a workspace as the graph shows them: with canonical intentions."""

    def __init__(self, read: ReadColumns, dataset: str) -> None:
        self.dataset = encode_one(dataset)
        self._read = read

    @cached_property
    def products(self) -> pl.DataFrame:
        """The products' ids, titles and prices."""
        return self._read(Product, ["id", "title", "price"])

    @cached_property
    def priced(self) -> pl.DataFrame:
        """The products with a price."""
        return self.products.drop_nulls("price")

    @cached_property
    def cobuys(self) -> pl.DataFrame:
        """The co-buys."""
        return self._read(CoBuy, ["id", "product_a", "product_b", "weight", "lift"])

    @cached_property
    def triples(self) -> pl.DataFrame:
        """The triples, with the generators that said each."""
        raw, merges = self._read(Triple, list(schema_of(Triple))), self._merges
        evidence = self._read(Evidence, ["triple", "candidate"])
        candidates = self._read(Candidate, ["id", "generator"])
        return said_by(project(raw, merges), evidence, candidates, merges, raw)

    @cached_property
    def intentions(self) -> pl.DataFrame:
        """The canonical intentions that a triple uses."""
        return intention_rows(self._read(Intention, ["id", "text", "lang"]), self._merges, self.triples)

    @cached_property
    def memberships(self) -> pl.DataFrame:
        """Which intention stands in which cluster."""
        members = self._read(Membership, ["intention", "cluster"])
        return members.join(self.intentions, left_on="intention", right_on="id", how="semi")

    @cached_property
    def clusters(self) -> pl.DataFrame:
        """The clusters of every level."""
        return self._read(Cluster, ["id", "parent", "level", "label", "size", "examples"])

    @cached_property
    def generators(self) -> pl.DataFrame:
        """The generators."""
        return self._read(Generator, ["id", "model"])

    @cached_property
    def _merges(self) -> pl.DataFrame:
        return self._read(Merge, ["intention", "canonical"])


@dataclass(frozen=True)
class Rule:
    """Name a shape, the path of its subjects, and how tables show who breaks it."""

    name: str
    path: str
    check: Check


def violations(view: View, base: str) -> pl.DataFrame:
    """Return every violation with columns rule and node, in their order."""
    found = [_rows(rule, rule.check(view), view, base) for rule in RULES]
    return pl.concat(found).sort("rule", "node")


def _rows(rule: Rule, broken: pl.DataFrame, view: View, base: str) -> pl.DataFrame:
    ids = encode(broken.get_columns()[0].cast(pl.String).unique())
    path = f"{base}{rule.path.format(dataset=view.dataset)}"
    return (
        ids.alias("node")
        .to_frame()
        .select(pl.lit(rule.name).alias("rule"), pl.concat_str(pl.lit(path), "node").alias("node"))
    )


def _where(table: str, *broken: pl.Expr) -> Check:
    """Return a check for rows of which any of these holds."""
    return lambda view: getattr(view, table).filter(pl.any_horizontal(*broken)).select("id")


def _unknown(table: str, column: str, known: str) -> Check:
    """Return a check for rows that refer to something that is not there."""

    def check(view: View) -> pl.DataFrame:
        rows: pl.DataFrame = getattr(view, table)
        return rows.join(getattr(view, known), left_on=column, right_on="id", how="anti").select("id")

    return check


def _blank(column: str) -> pl.Expr:
    return pl.col(column).is_null() | (pl.col(column) == "")


def _not_above(column: str, least: float) -> pl.Expr:
    """Say that a number is missing, not a number, or at most `least`."""
    return pl.col(column).is_null() | pl.col(column).is_nan() | (pl.col(column) <= least)


def _below(column: str, least: float) -> pl.Expr:
    """Say that a number is there, and not at least `least`."""
    return pl.col(column).is_nan() | (pl.col(column) < least)


def _repeated(table: str, value: str) -> Check:
    """Return a check for ids that come more than once, with different values."""

    def check(view: View) -> pl.DataFrame:
        rows: pl.DataFrame = getattr(view, table)
        return rows.select("id", value).unique().filter(pl.col("id").is_duplicated()).select("id")

    return check


def _number(table: str, column: str, least: int) -> Check:
    """Return a check for whole numbers that are missing or too small."""
    return _where(table, pl.col(column).is_null(), pl.col(column) < least)


def _any(*checks: Check) -> Check:
    return lambda view: pl.concat([check(view) for check in checks])


def _bought_for(view: View) -> pl.DataFrame:
    dangling = view.triples.join(view.intentions, left_on="intention", right_on="id", how="anti")
    return pl.concat(dangling.select(pl.col(side).alias("id")) for side in ("product_a", "product_b")).join(
        view.products, on="id", how="semi"
    )


def _pair(view: View) -> pl.DataFrame:
    sides = [view.cobuys.select("id", pl.col(side).alias("product")) for side in ("product_a", "product_b")]
    counted = pl.concat(sides).unique().group_by("id").len()
    return counted.filter(pl.col("len") != 2).select("id")


def _cobuy_product(view: View) -> pl.DataFrame:
    return pl.concat(
        view.cobuys.join(view.products, left_on=side, right_on="id", how="anti").select("id")
        for side in ("product_a", "product_b")
    )


def _generated(view: View) -> pl.DataFrame:
    said = view.triples.select("id", pl.col("generators").list.drop_nulls().alias("generator"))
    nobody = said.filter(pl.col("generator").list.len() == 0)
    unknown = (
        said.explode("generator")
        .drop_nulls()
        .join(view.generators, left_on="generator", right_on="id", how="anti")
    )
    return pl.concat([nobody.select("id"), unknown.select("id")])


def _broader(view: View) -> pl.DataFrame:
    dangling = view.memberships.join(view.clusters, left_on="cluster", right_on="id", how="anti")
    return dangling.select("intention")


def _parent(view: View) -> pl.DataFrame:
    below = view.clusters.drop_nulls("parent")
    return below.join(view.clusters, left_on="parent", right_on="id", how="anti").select("id")


def _example(view: View) -> pl.DataFrame:
    named = view.clusters.select("id", pl.col("examples").alias("example")).explode("example").drop_nulls()
    return named.join(view.products, left_on="example", right_on="id", how="anti").select("id")


def _cycle(view: View) -> pl.DataFrame:
    """Return the clusters that reach themselves: what is left when ends are taken off again and again."""
    left = view.clusters.select("id", "parent").drop_nulls().unique()
    while True:
        pointed = left.join(left, left_on="id", right_on="parent", how="semi")
        kept = pointed.join(left, left_on="parent", right_on="id", how="semi")
        if len(kept) == len(left):
            return left.select("id")
        left = kept


def _higher(view: View) -> pl.DataFrame:
    above = view.clusters.select(pl.col("id").alias("parent"), pl.col("level").alias("above"))
    return view.clusters.join(above, on="parent").filter(pl.col("above") <= pl.col("level")).select("id")


_PRODUCT, _OFFER, _COBUY = "product/{dataset}/", "offer/{dataset}/", "cobuy/{dataset}/"
_TRIPLE, _INTENTION, _CLUSTER = "triple/{dataset}/", "intention/", "cluster/{dataset}/"

RULES: tuple[Rule, ...] = (
    Rule("ProductName", _PRODUCT, _any(_where("products", _blank("title")), _repeated("products", "title"))),
    Rule("ProductSku", _PRODUCT, _where("products", _blank("id"))),
    Rule("ProductBoughtFor", _PRODUCT, _bought_for),
    Rule("OfferPrice", _OFFER, _any(_where("products", _below("price", 0)), _repeated("priced", "price"))),
    Rule("CoBuyPair", _COBUY, _pair),
    Rule("CoBuyProduct", _COBUY, _cobuy_product),
    Rule(
        "CoBuyWeight", _COBUY, _any(_where("cobuys", _not_above("weight", 0)), _repeated("cobuys", "weight"))
    ),
    Rule("CoBuyLift", _COBUY, _where("cobuys", _below("lift", 0))),
    Rule("AssertionSubject", _TRIPLE, _unknown("triples", "cobuy", "cobuys")),
    Rule("AssertionPredicate", _TRIPLE, _where("triples", ~pl.col("relation").is_in(list(BY_NAME)))),
    Rule("AssertionObject", _TRIPLE, _unknown("triples", "intention", "intentions")),
    Rule(
        "AssertionAcceptance",
        _TRIPLE,
        _where("triples", _below("acceptance", 0), pl.col("acceptance") > 1),
    ),
    Rule("AssertionSupport", _TRIPLE, _number("triples", "support", 1)),
    Rule("AssertionGenerated", _TRIPLE, _generated),
    Rule(
        "IntentionLabel",
        _INTENTION,
        _any(_where("intentions", _blank("text")), _repeated("intentions", "text")),
    ),
    Rule("IntentionBroader", _INTENTION, _broader),
    Rule("ClusterLabel", _CLUSTER, _any(_where("clusters", _blank("label")), _repeated("clusters", "label"))),
    Rule("ClusterParent", _CLUSTER, _any(_parent, _repeated("clusters", "parent"))),
    Rule("ClusterLevel", _CLUSTER, _any(_number("clusters", "level", 0), _repeated("clusters", "level"))),
    Rule("ClusterSize", _CLUSTER, _any(_number("clusters", "size", 1), _repeated("clusters", "size"))),
    Rule("ClusterExample", _CLUSTER, _example),
    Rule("ClusterCycle", _CLUSTER, _cycle),
    Rule("ClusterHigher", _CLUSTER, _higher),
    Rule("GeneratorModel", "generator/", _where("generators", _blank("model"))),
)
