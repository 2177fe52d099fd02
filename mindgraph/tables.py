"""Whole tables: schemas, ids for many rows at once, checksums that do not depend on order."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import msgspec
import polars as pl

from mindgraph.records import Record, column_types
from mindgraph.texts import EDGES, MAY_LEAD_IN, PHRASE, normalise, strip_lead_in

R = TypeVar("R", bound=Record)

#: Texts that need more than edges off and lower case: not printable ASCII, or white space to fold.
_UNPLAIN = r"[^ -~]|  "
#: A closing mark at the end, or an opening one in front, that may belong to a part of the text.
_PAIRED = r"[\"\])}>]\W*$|^\W*[\"\[({<]"
#: What `msgspec.json` escapes in a string.
_ESCAPED = r'["\\\x00-\x1f]'

_POLARS: dict[Any, Any] = {
    str: pl.String,
    int: pl.Int64,
    float: pl.Float64,
    bool: pl.Boolean,
    list[str]: pl.List(pl.String),
}


def schema_of(record: type[Record]) -> pl.Schema:
    """Return the polars schema of a record's table."""
    return pl.Schema({name: _POLARS[plain] for name, (plain, _) in column_types(record).items()})


def frame_of(record: type[Record], rows: Iterable[Record] = ()) -> pl.DataFrame:
    """Return the records as a table, in the order given."""
    return pl.DataFrame([msgspec.structs.asdict(r) for r in rows], schema=schema_of(record))


def records_of(record: type[R], frame: pl.DataFrame) -> list[R]:
    """Return the rows of a table as records."""
    return msgspec.convert(frame.to_dicts(), list[record])  # type: ignore[valid-type]


class Rows:
    """Collect rows one by one and keep them as columns, so that millions of them stay small."""

    #: Rows that wait as tuples before they become columns.
    WAITING = 5_000

    def __init__(self, schema: pl.Schema) -> None:
        self._schema = schema
        self._frames = [pl.DataFrame(schema=schema)]
        self._waiting: list[tuple[Any, ...]] = []

    def add(self, *values: Any) -> None:
        """Add one row, its values in the order of the schema."""
        self._waiting.append(values)
        if len(self._waiting) >= self.WAITING:
            self._settle()

    def frame(self) -> pl.DataFrame:
        """Return all rows so far, in the order in which they came."""
        self._settle()
        self._frames = [pl.concat(self._frames)]
        return self._frames[0]

    def _settle(self) -> None:
        if self._waiting:
            self._frames.append(pl.DataFrame(self._waiting, schema=self._schema, orient="row"))
            self._waiting = []


def content_ids(
    frame: pl.DataFrame, kind: str, columns: Sequence[str], *, distinct: bool = False
) -> pl.Series:
    """Return `records.content_id(kind, *columns)` of each row, hashing each distinct row once.

    Where the rows are known to be `distinct`, they need not be compared.
    """
    cells = [part for name in columns for part in (pl.lit(","), *_json_parts(frame[name]))]
    keys = pl.select(
        pl.concat_str(pl.lit(f"[{msgspec.json.encode(kind).decode()}"), *cells, pl.lit("]"))
    ).to_series()
    if distinct:
        return digests(keys).alias("id")
    values, number = numbered(keys)
    return digests(values).gather(number).alias("id")


def digests(keys: pl.Series) -> pl.Series:
    """Return `records.digest` of the UTF-8 bytes of each text."""
    hashed = [hashlib.blake2b(key, digest_size=16).digest() for key in keys.cast(pl.Binary).to_list()]
    return pl.Series(hashed, dtype=pl.Binary).bin.encode("hex")


def numbered(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return the distinct values of a text column, and which of them each row has (null: none)."""
    coded = column.cast(pl.Categorical(pl.Categories.random()))
    distinct = coded.drop_nulls().unique()
    place = distinct.to_physical()
    values = distinct.cast(pl.String)[place.arg_sort()]
    return values, coded.to_physical()


def order_of_ids(ids: pl.Series) -> pl.Series:
    """Return the rows in the order of their ids; as numbers, where the ids are hexadecimal."""
    order = ids.str.slice(0, 16).str.to_integer(base=16, dtype=pl.UInt64, strict=False).arg_sort()
    return order if ids.gather(order).is_sorted() else ids.arg_sort()


def is_ordered(frame: pl.DataFrame, columns: Sequence[str]) -> bool:
    """Say whether the rows stand in the order of these columns, nulls first."""
    in_order = pl.lit(True)
    for name in reversed(columns):
        before, here = pl.col(name).shift(1), pl.col(name)
        less = (before < here).fill_null(before.is_null() & here.is_not_null())
        in_order = less | (before.eq_missing(here) & in_order)
    return bool(frame.select(in_order.slice(1).all()).item())


def json_text(column: pl.Series) -> pl.Series:
    """Return the JSON of each value of a text or number column, as `msgspec.json` writes it."""
    return pl.select(pl.concat_str(*_json_parts(column))).to_series().alias(column.name)


def _json_parts(column: pl.Series) -> list[pl.Expr]:
    """Return what makes the JSON of each value, one after the other."""
    if column.dtype != pl.String:
        return [pl.lit(column.cast(pl.String).fill_null("null"))]
    awkward = column.str.contains(_ESCAPED) | column.is_null()
    if not awkward.any():
        return [pl.lit('"'), pl.lit(column), pl.lit('"')]
    escaped = pl.Series([msgspec.json.encode(v).decode() for v in column.filter(awkward)])
    return [pl.lit(('"' + column + '"').scatter(awkward.arg_true(), escaped))]


def map_distinct(column: pl.Series, function: Callable[[str], str]) -> pl.Series:
    """Apply a Python function once to each distinct value of a text column; nulls stay null."""
    distinct, number = numbered(column)
    mapped = pl.Series([function(value) for value in distinct.to_list()], dtype=pl.String)
    return mapped.gather(number).alias(column.name)


def stripped(column: pl.Series) -> pl.Series:
    """Return `texts.strip_lead_in` of each text."""
    rest = column.str.replace(PHRASE, "")
    awkward = column.str.contains(_UNPLAIN) | rest.str.contains(MAY_LEAD_IN) | rest.str.contains(_PAIRED)
    return _or_else(rest.str.strip_chars(EDGES), awkward, column, strip_lead_in)


def normal_forms(column: pl.Series) -> pl.Series:
    """Return `texts.normalise` of each text."""
    awkward = column.str.contains(_UNPLAIN) | column.str.contains(MAY_LEAD_IN)
    return _or_else(column.str.strip_chars(EDGES).str.to_lowercase(), awkward, column, normalise)


def _or_else(
    easy: pl.Series, awkward: pl.Series, column: pl.Series, function: Callable[[str], str]
) -> pl.Series:
    """Return the easy values, but what the function says where a text is awkward."""
    if not awkward.any():
        return easy
    return easy.scatter(awkward.arg_true(), map_distinct(column.filter(awkward), function))


def checksum(frame: pl.DataFrame, columns: Sequence[str]) -> int:
    """Return a checksum of a set of rows that does not depend on their order.

    The sum, modulo 2**64, of a 64-bit hash of each row. Comparable within one version of polars:
    both sides of a comparison are computed here.
    """
    if frame.is_empty():
        return 0
    hashes = frame.select(list(columns)).hash_rows(seed=1)
    halves = pl.DataFrame({"low": hashes % 2**32, "high": hashes // 2**32}).sum()
    low, high = (int(half) for half in halves.row(0))
    return (low + (high << 32)) % 2**64
