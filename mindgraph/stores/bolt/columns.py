"""Columns as they travel: a list a column, because a dict a row costs more than the row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

#: What stands for a value of a type that we never write: it equals nothing that we do.
_ODD_TEXT = "\x00of another type: "
_ODD_INTEGER = -(2**63)


def frame_of(columns: Mapping[str, Sequence[Any]], schema: Mapping[str, Any]) -> pl.DataFrame:
    """Return lists of a server's values as a table with these types.

    A value of another type, which somebody else must have written, becomes one that equals nothing.
    """
    return pl.DataFrame([_series(name, columns[name], dtype) for name, dtype in schema.items()])


def columns_of(frame: pl.DataFrame) -> dict[str, list[Any]]:
    """Return a table as lists of values that the driver sends."""
    return {name: frame[name].to_list() for name in frame.columns}


def _series(name: str, values: Sequence[Any], dtype: Any) -> pl.Series:
    make = _lists if isinstance(dtype, pl.List) else _plain
    try:
        return make(name, values, dtype)
    except (TypeError, pl.exceptions.PolarsError, pa.ArrowException, OverflowError):
        return make(name, [_typed(value, dtype) for value in values], dtype)


def _plain(name: str, values: Sequence[Any], dtype: Any) -> pl.Series:
    return pl.Series(name, values, dtype=dtype, strict=True)


def _lists(name: str, values: Sequence[Any], dtype: Any) -> pl.Series:
    """Return a column of lists, made by Arrow: polars makes a column of each list first, of 5 kB."""
    kind = pl.Series(dtype=dtype).to_arrow(compat_level=pl.CompatLevel.oldest()).type
    return pl.Series(name, pa.array(values, kind), dtype=dtype)


def _typed(value: Any, dtype: Any) -> Any:
    if value is None:
        return None
    if dtype == pl.String:
        return value if isinstance(value, str) else f"{_ODD_TEXT}{value!r}"
    if dtype == pl.List(pl.Float64):
        numbers = isinstance(value, list) and all(isinstance(part, float) for part in value)
        return value if numbers else [float("nan")]
    if isinstance(dtype, pl.List):
        texts = isinstance(value, list) and all(isinstance(part, str) for part in value)
        return value if texts else [f"{_ODD_TEXT}{value!r}"]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return float("nan") if dtype == pl.Float64 else _ODD_INTEGER
    if dtype == pl.Float64:
        return float(value)
    return value if isinstance(value, int) else _ODD_INTEGER
