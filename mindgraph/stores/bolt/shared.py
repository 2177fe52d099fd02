"""Nodes that several data sets share: what each says of them, and what the node shows.

A node that one data set holds shows what that one says. Where several hold it, `contributions` keeps
what each says, as JSON beside its name in `datasets`, and the node shows what follows from them
whatever the order in which they came: texts of the data set whose name sorts first, lists united, the
first vector that there is.
So a data set can let go of a node, and what it said goes with it.
"""

from __future__ import annotations

from typing import Any

import polars as pl

#: The columns of who holds a node and what each says of it.
SCHEMA: dict[str, Any] = {"datasets": pl.List(pl.String), "contributions": pl.List(pl.String)}


def said_by(nodes: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return what one data set says of nodes; those that it does not hold are left out.

    A node that does not show what follows from its contributions is returned as it is: somebody
    changed it, and it will be found to differ.
    """
    said = _properties(nodes)
    mine = nodes.filter(pl.col("datasets").list.contains(dataset))
    alone = mine.filter(pl.col("datasets").list.len() == 1).select(said)
    several = mine.filter(pl.col("datasets").list.len() > 1)
    if several.is_empty():
        return alone
    contributions = _contributions(several)
    shown = several.select(said)
    as_it_should = _whole(shown).is_in(_whole(_shown(contributions).select(said)).implode())
    ours = contributions.filter(pl.col("dataset") == dataset).select(said)
    whole = ours.join(shown.filter(as_it_should), on="id", how="semi")
    return pl.concat([alone, whole, shown.filter(~as_it_should)])


def settled(nodes: pl.DataFrame, said: pl.DataFrame, dataset: str) -> pl.DataFrame:
    """Return nodes after a data set has said something of them.

    `nodes` is what the server holds of these ids, as far as it holds them; `said` what the data set
    says now. An id that is in `nodes` and not in `said` is let go; where nobody holds it any more its
    row has an empty list of data sets.
    """
    others = _contributions(nodes).filter(pl.col("dataset") != dataset)
    mine = said.with_columns(pl.lit(dataset).alias("dataset"))
    contributions = pl.concat([others, mine.select(others.columns)])
    shown = _shown(contributions)
    abandoned = nodes.join(shown, on="id", how="anti").with_columns(
        pl.lit([], dtype=pl.List(pl.String)).alias("datasets"),
        pl.lit(None, dtype=pl.List(pl.String)).alias("contributions"),
    )
    return pl.concat([shown.select(nodes.columns), abandoned])


def _contributions(nodes: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each node and data set that holds it: what that data set says."""
    said = _properties(nodes)
    several = pl.col("contributions").list.len() == pl.col("datasets").list.len()
    told = nodes.filter(several)
    # Where nothing tells them apart, each says what the node shows.
    alone = (
        nodes.filter(~several.fill_null(False) & (pl.col("datasets").list.len() > 0))
        .explode("datasets")
        .select(*said, pl.col("datasets").alias("dataset"))
    )
    if told.is_empty():
        return alone
    rows = told.select("id", "datasets", "contributions").explode("datasets", "contributions")
    schema = {name: dtype for name, dtype in nodes.schema.items() if name in said and name != "id"}
    decoded = rows.with_columns(pl.col("contributions").str.json_decode(pl.Struct(schema)))
    spread = decoded.unnest("contributions").rename({"datasets": "dataset"})
    return pl.concat([alone, spread.select(alone.columns)])


def _shown(contributions: pl.DataFrame) -> pl.DataFrame:
    """Return the nodes that follow from what each data set says."""
    said = [name for name in contributions.columns if name not in ("id", "dataset")]
    types = contributions.schema
    lists = [name for name in said if types[name] == pl.List(pl.String)]
    numbers = [name for name in said if isinstance(types[name], pl.List) and name not in lists]
    json = pl.struct(said).struct.json_encode().alias("contributions")
    nodes = (
        contributions.with_columns(json)
        .sort("id", "dataset")
        .group_by("id", maintain_order=True)
        .agg(
            *(pl.col(name).first() for name in said if name not in (*lists, *numbers)),
            *(pl.col(name).drop_nulls().first() for name in numbers),
            *(pl.col(name).explode().drop_nulls().unique().sort() for name in lists),
            *(pl.col(name).first().alias(f"first {name}") for name in lists),
            pl.col("dataset").alias("datasets"),
            "contributions",
        )
    )
    one = pl.col("datasets").list.len() == 1
    return nodes.with_columns(
        *(pl.when(one).then(f"first {name}").otherwise(name).alias(name) for name in lists),
        pl.when(~one).then("contributions").alias("contributions"),
    ).drop(f"first {name}" for name in lists)


def _properties(nodes: pl.DataFrame) -> list[str]:
    return [name for name in nodes.columns if name not in SCHEMA]


def _whole(rows: pl.DataFrame) -> pl.Series:
    """Return a hash of each row."""
    return rows.select(pl.struct(pl.all()).hash()).to_series()
