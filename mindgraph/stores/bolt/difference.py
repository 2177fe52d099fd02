"""What must be done so that what is held becomes what is wanted: pure tables."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from mindgraph.spool import Layer


@dataclass(frozen=True)
class Difference:
    """Hold rows of one label or type that are to be made, set anew, removed, or made single again."""

    created: pl.DataFrame
    updated: pl.DataFrame
    #: What was held of the updated rows, in the same order.
    before: pl.DataFrame
    #: Columns of the identity alone.
    removed: pl.DataFrame
    #: Held more than once: all but one are too many.
    doubled: pl.DataFrame

    def __bool__(self) -> bool:
        return any(len(rows) for rows in (self.created, self.updated, self.removed, self.doubled))

    def changed(self) -> int:
        """Return how many rows must be written."""
        return sum(len(rows) for rows in (self.created, self.updated, self.removed, self.doubled))


def difference(layer: Layer, wanted: pl.DataFrame, held: pl.DataFrame) -> Difference:
    """Compare rows that are wanted, each once, with rows that are held."""
    keys = list(layer.identity)
    held = held.select(wanted.columns)
    doubled = held.filter(pl.struct(keys).is_duplicated()).select(keys).unique(maintain_order=True)
    # Of a double that differs from what is wanted either copy may be left: both are set anew.
    single = held.unique(keys, keep="first", maintain_order=True) if len(doubled) else held
    print_of = pl.struct(pl.all()).hash()
    known = single.with_columns(print_of.alias("_held")).select(*keys, "_held")
    compared = wanted.with_columns(print_of.alias("_wanted")).join(
        known, on=keys, how="left", maintain_order="left"
    )
    twice = compared.join(doubled, on=keys, how="semi") if len(doubled) else compared.clear()
    differs = (pl.col("_held") != pl.col("_wanted")) & pl.col("_held").is_not_null()
    updated = compared.filter(differs).select(wanted.columns)
    if len(twice):
        updated = pl.concat([updated, twice.select(wanted.columns)]).unique(keys, maintain_order=True)
    return Difference(
        created=compared.filter(pl.col("_held").is_null()).select(wanted.columns),
        updated=updated,
        before=updated.select(keys).join(single, on=keys, how="left", maintain_order="left"),
        removed=single.join(wanted, on=keys, how="anti").select(keys),
        doubled=doubled,
    )
