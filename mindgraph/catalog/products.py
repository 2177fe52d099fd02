"""Products from tables: cleaned, joined by id over several files, every oddity named."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from mindgraph.catalog import cells
from mindgraph.catalog.columns import PRODUCTS, Input, missing_column
from mindgraph.records import Product, Reject
from mindgraph.tables import frame_of, schema_of

#: What a later line may fill in; what the first line says stays.
_FILLED = ("title", "brand", "categories", "description", "price", "image")


def products_of(inputs: Sequence[Input]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the products of all files, `image` still a path, and the rejects.

    The first value that is there wins, in the order of files and lines. The table has the columns
    of `Product`, and `file` and `line` of where the picture is named.
    """
    if not any("title" in part.has for part in inputs):
        raise missing_column(inputs[0].file, PRODUCTS, "title")
    cleaned = [_cleaned(part, number) for number, part in enumerate(inputs)]
    rejects = [reject for _, reject in cleaned]
    rows = pl.concat([table for table, _ in cleaned])
    repeated = rows.filter(pl.struct("number", "id").is_duplicated())
    rejects += [_contradictions(part, repeated.filter(number=n)) for n, part in enumerate(inputs)]
    return _standing_in(_joined(rows)), pl.concat(rejects)


def _cleaned(part: Input, number: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    rows = part.rows
    prices = cells.prices(rows["price"])
    unpriced = rows.filter(rows["price"].is_not_null() & prices.is_null())
    nameless = rows.filter(pl.col("id").is_null())
    rejects = pl.concat(
        [
            nameless.select("line", key=pl.lit(""), reason=pl.lit("no product id")),
            unpriced.select(
                "line", key="id", reason=pl.format("price {} is no amount", pl.col("price").str.slice(0, 80))
            ),
        ]
    )
    done = rows.with_columns(
        cells.mapped(rows["title"], cells.title),
        cells.mapped(rows["brand"], cells.prose),
        cells.categories(rows["categories"]),
        cells.mapped(rows["description"], cells.prose),
        cells.mapped(rows["image"], lambda text: next(iter(cells.joined(text)), "")),
        prices,
        number=pl.lit(number),
        file=pl.lit(part.file.name),
    )
    return done.filter(pl.col("id").is_not_null()), part.file.rejects(rejects)


def _contradictions(part: Input, rows: pl.DataFrame) -> pl.DataFrame:
    """Return a reject for each line of a repeated id that says something else than the first."""
    if rows.is_empty():
        return frame_of(Reject)
    first = rows.group_by("id").agg(pl.col("line").min().alias("first"), *(_first(name) for name in _FILLED))
    both = rows.join(first, on="id", suffix="_first", maintain_order="left")
    differing = pl.concat_str(
        (pl.when(pl.col(name) != pl.col(f"{name}_first")).then(pl.lit(name)) for name in _FILLED),
        separator=", ",
        ignore_nulls=True,
    )
    said = both.with_columns(differing.alias("differing")).filter(pl.col("differing") != "")
    reason = pl.format("id named again with another {}; line {} stays", "differing", "first")
    return part.file.rejects(said.select("line", key="id", reason=reason))


def _joined(rows: pl.DataFrame) -> pl.DataFrame:
    """Return one row an id: the first value that is there of each field."""
    once = rows.filter(~pl.col("id").is_duplicated())
    several = rows.filter(pl.col("id").is_duplicated())
    picture = pl.col("image").is_not_null()
    merged = several.group_by("id", maintain_order=True).agg(
        *(_first(name) for name in _FILLED),
        pl.format("{}:{}", "file", "line").first().alias("source"),
        pl.col("file", "line", "number").filter(picture).first(),
    )
    single = once.with_columns(source=pl.format("{}:{}", "file", "line"))
    columns = ["id", *_FILLED, "source", "file", "line", "number"]
    return pl.concat([single.select(columns), merged.select(columns)]).sort("id")


def _first(name: str) -> pl.Expr:
    return pl.col(name).drop_nulls().first()


def _standing_in(products: pl.DataFrame) -> pl.DataFrame:
    """Split the paths of categories, and let brand and category stand in for a missing title."""
    paths = pl.col("categories").str.split(cells.PATHS)
    leaf = paths.list.first().str.split(" > ").list.last()
    instead = pl.concat_str("brand", leaf, separator=", ", ignore_nulls=True).replace("", None)
    return products.with_columns(
        titled=pl.col("title").is_not_null(),
        title=pl.coalesce("title", instead, "id"),
        categories=paths.fill_null([]),
    ).select(*schema_of(Product), "file", "line", "number")
