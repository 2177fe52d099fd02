"""Co-buys from tables: from pairs, or counted from the baskets of orders.

A pair has no direction: product_a is the smaller id, compared as UTF-8 bytes (which is also how
Python compares text). Weights of all lines that name a pair add up, in whatever order they come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from mindgraph.catalog.columns import Input
from mindgraph.records import CoBuy
from mindgraph.tables import content_ids, frame_of, schema_of

#: Beyond it, sums of weights would leave the range of numbers.
_HEAVIEST = 1e300
#: What pairs look like on their way: one row for each line that names one.
_PAIRS: dict[str, pl.DataType] = {
    "a": pl.String(),
    "b": pl.String(),
    "weight": pl.Float64(),
    "source": pl.List(pl.String()),
}


def pairs_of(part: Input, products: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the usable pairs of a co-buy file (a < b, weight, source), and the rejects."""
    rows = part.rows
    weight = pl.lit(1.0)
    if "weight" in part.has:
        weight = pl.col("weight").cast(pl.Float64, strict=False)
    judged = rows.with_columns(number=weight).with_columns(reason=_wrong(products, "weight" in part.has))
    rejects = judged.filter(pl.col("reason").is_not_null()).select(
        "line",
        key=pl.concat_str("product_a", "product_b", separator=" + ", ignore_nulls=True),
        reason="reason",
    )
    good = judged.filter(pl.col("reason").is_null())
    place = pl.concat_list(pl.format("{}:{}", pl.lit(part.file.name), "line"))
    pairs = good.select(
        a=pl.min_horizontal("product_a", "product_b"),
        b=pl.max_horizontal("product_a", "product_b"),
        weight="number",
        source=place,
    )
    return pairs, part.file.rejects(rejects)


def baskets_of(
    part: Input, products: pl.Series, largest: int
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return the pairs within baskets, the lift of each pair, and the rejects.

    A pair weighs 1 a basket. Lift is P(a, b) / (P(a) P(b)) over all baskets with a known product.
    A basket of more than `largest` products is refused as a whole.
    """
    rows = part.rows.with_columns(reason=_wrong_line(products))
    bad = rows.filter(pl.col("reason").is_not_null()).select("line", key="product", reason="reason")
    lines = (
        rows.filter(pl.col("reason").is_null())
        .group_by("order", "product", maintain_order=True)
        .agg(pl.col("line").min())
        .with_columns(size=pl.len().over("order"))
    )
    heaps = lines.filter(pl.col("size") > largest).group_by("order", "size").agg(pl.col("line").min())
    reason = pl.format("basket of {} products, at most {} are read", "size", pl.lit(largest))
    bad = pl.concat([bad, heaps.sort("line").select("line", key="order", reason=reason)])
    kept = lines.filter(pl.col("size") <= largest)
    both = kept.filter(pl.col("size") > 1).select("order", "product", "line")
    met = both.join(both, on="order", suffix="_b").filter(pl.col("product") < pl.col("product_b"))
    file = pl.lit(part.file.name)
    places = pl.concat_list(
        pl.format("{}:{}", file, pl.min_horizontal("line", "line_b")),
        pl.format("{}:{}", file, pl.max_horizontal("line", "line_b")),
    )
    pairs = met.select(a="product", b="product_b", weight=pl.lit(1.0), source=places)
    return pairs, _lift(kept, pairs), part.file.rejects(bad)


def cobuys_of(pairs: Sequence[pl.DataFrame], lift: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the co-buys of pairs from everywhere: weights added up, sources together."""
    if not pairs:
        return frame_of(CoBuy)
    named = pl.concat([table.cast(pl.Schema(_PAIRS)) for table in pairs]).rename(
        {"a": "product_a", "b": "product_b"}
    )
    key = ["product_a", "product_b"]
    table = (
        named.group_by(key)
        .agg("weight", pl.col("source").explode())
        .with_columns(_sorted_places("source"), _sums("weight"))
        .sort(key)
    )
    known = (
        pl.DataFrame(schema={"a": pl.String, "b": pl.String, "lift": pl.Float64}) if lift is None else lift
    )
    table = table.join(known, left_on=key, right_on=["a", "b"], how="left", maintain_order="left")
    return table.with_columns(content_ids(table, "cobuy", key)).select(list(schema_of(CoBuy)))


def _wrong(products: pl.Series, weighed: bool) -> pl.Expr:
    """Return why a line names no co-buy; null where it does."""
    a, b = pl.col("product_a"), pl.col("product_b")
    reason = (
        pl.when(a.is_null() | b.is_null())
        .then(pl.lit("no product id"))
        .when(a == b)
        .then(pl.lit("a product with itself"))
        .when(~a.is_in(products.implode()))
        .then(pl.format("unknown product {}", a))
        .when(~b.is_in(products.implode()))
        .then(pl.format("unknown product {}", b))
    )
    if not weighed:
        return reason.otherwise(pl.lit(None, dtype=pl.String))
    number = pl.col("number")
    usable = number.is_finite() & (number > 0) & (number < _HEAVIEST)
    return reason.when(~usable.fill_null(False)).then(
        pl.format("weight {} is no number above 0", pl.col("weight").fill_null("(empty)"))
    )


def _wrong_line(products: pl.Series) -> pl.Expr:
    product = pl.col("product")
    return (
        pl.when(pl.col("order").is_null())
        .then(pl.lit("no order id"))
        .when(product.is_null())
        .then(pl.lit("no product id"))
        .when(~product.is_in(products.implode()))
        .then(pl.format("unknown product {}", product))
    )


def _lift(kept: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    baskets = kept["order"].n_unique()
    single = kept.group_by("product").agg(n=pl.len())
    together = pairs.group_by("a", "b").agg(n_ab=pl.len())
    return (
        together.join(single, left_on="a", right_on="product")
        .join(single, left_on="b", right_on="product", suffix="_b")
        .select(
            "a", "b", lift=pl.col("n_ab") * float(baskets) / (pl.col("n").cast(pl.Float64) * pl.col("n_b"))
        )
    )


def _sorted_places(name: str) -> pl.Expr:
    """Return the distinct places of each list, by file and by line as a number."""
    place = pl.element()
    number = place.str.extract(r":(\d+)$").cast(pl.Int64)
    return pl.col(name).list.unique().list.eval(place.sort_by(place.str.replace(r":\d+$", ""), number))


def _sums(name: str) -> pl.Expr:
    """Add up each list exactly, so that the order of the lines does not matter."""
    return pl.col(name).map_batches(
        lambda lists: pl.Series(name, [math.fsum(values) for values in lists.to_list()], dtype=pl.Float64),
        return_dtype=pl.Float64,
    )
