"""Input files as tables of text cells: CSV, JSONL, Parquet; each bad line becomes a reject.

Every cell is text (lists are JSON text), cleaned, without white space at its edges, null where
empty. A table knows the line of each row, so that whatever is refused later names its place.
"""

from __future__ import annotations

import csv
import json
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from mindgraph.catalog.lines import check_encoding, format_of, numbered, opened, shown
from mindgraph.errors import CatalogError
from mindgraph.records import Reject
from mindgraph.tables import frame_of, schema_of
from mindgraph.texts import clean

STAGE = "ingest"
#: Says whether a column of this name is wanted; others are left in the file.
Wanted = Callable[[str], bool]


@dataclass
class TableFile:
    """Hold the wanted columns of one input file, and what of it could not be read."""

    path: Path
    #: All columns of the file, wanted or not, in their order.
    columns: list[str]
    cells: dict[str, pl.Series]
    #: The line of each row (for Parquet: the row), from 1.
    lines: pl.Series
    #: The last line of the rows that take several.
    ends: dict[int, int] = field(default_factory=dict)
    bad: list[Reject] = field(default_factory=list)
    #: The file's name, as sources and rejects give it.
    name: str = ""

    def __post_init__(self) -> None:
        self.name = self.name or self.path.name

    def rejects(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return rejects for rows with the columns line, key and reason; raw text is read again."""
        if rows.is_empty():
            return frame_of(Reject)
        raw = self._raw(rows["line"].unique().to_list())
        table = pl.DataFrame(
            {"line": list(raw), "raw": list(raw.values())}, schema={"line": pl.Int64, "raw": pl.String}
        )
        return (
            rows.join(table, on="line", how="left", maintain_order="left")
            .with_columns(
                pl.lit(STAGE).alias("stage"),
                pl.lit(self.name).alias("file"),
                pl.col("key").fill_null(""),
                pl.col("raw").fill_null(""),
            )
            .select(list(schema_of(Reject)))
        )

    def _raw(self, lines: Iterable[int]) -> dict[int, str]:
        if format_of(self.path) == "parquet":
            return {line: self._row(line) for line in lines}
        wanted = {inner: line for line in lines for inner in range(line, self.ends.get(line, line) + 1)}
        found: dict[int, list[str]] = {}
        for number, text in numbered(self.path):
            if number in wanted:
                found.setdefault(wanted[number], []).append(shown(text))
        return {line: "\n".join(parts) for line, parts in found.items()}

    def _row(self, line: int) -> str:
        cells = {name: column[line - 1] for name, column in self.cells.items()}
        return json.dumps(cells, ensure_ascii=False)


def read_table(path: Path, wanted: Wanted) -> TableFile:
    """Read an input file's wanted columns; raise CatalogError where it cannot be read at all."""
    reader = {"csv": _read_csv, "jsonl": _read_jsonl, "parquet": _read_parquet}[format_of(path)]
    table = reader(path, wanted)
    table.cells = {name: _tidy(column) for name, column in table.cells.items()}
    return table


def text_of(value: Any) -> str | None:
    """Return a cell as text: numbers as written, lists and objects as JSON, null as None."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def _tidy(column: pl.Series) -> pl.Series:
    """Clean a whole column as `texts.clean` does, strip it, and make empty cells null."""
    tidied = column.str.replace_all("\x00", "", literal=True).str.normalize("NFC").str.strip_chars()
    return tidied.set(tidied == "", None)


# -------------------------------------------------------------------------------------------- CSV


class _Feed:
    """Give decoded lines to the CSV reader, remember those of the current record, take them back."""

    def __init__(self, lines: Iterator[tuple[int, bytes]]) -> None:
        self._lines = lines
        self._again: deque[bytes] = deque()
        self.record: list[bytes] = []
        self.first = 1
        self.count = 0

    def begin(self) -> None:
        """Begin a new record."""
        self.first += len(self.record)
        self.record = []

    def take_back(self) -> None:
        """Keep only the first line of the record; the others are read again as records."""
        self._again.extendleft(reversed(self.record[1:]))
        del self.record[1:]

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        if self._again:
            line = self._again.popleft()
        else:
            self.count, line = next(self._lines)
        self.record.append(line)
        return line.decode("utf-8", "surrogateescape")


def _read_csv(path: Path, wanted: Wanted) -> TableFile:
    with opened(path) as file:
        delimiter = _delimiter(path, file.readline())
    feed = _Feed(numbered(path))
    reader = csv.reader(feed, delimiter=delimiter, strict=True, skipinitialspace=True)
    header = _header(path, reader, feed)
    places = [index for index, name in enumerate(header) if name and wanted(name)]
    rows: list[list[str]] = []
    table = TableFile(path, header, {}, pl.Series("line", dtype=pl.Int64))
    if not places:
        return table
    lines: list[int] = []
    undecodable = 0
    for row, reason in _records(reader, feed, len(header)):
        if reason:
            undecodable += reason.startswith("not UTF-8")
            table.bad.append(_reject(path, feed.first, reason, feed.record))
            continue
        lines.append(feed.first)
        rows.append([row[index] for index in places])
        if len(feed.record) > 1:
            table.ends[feed.first] = feed.first + len(feed.record) - 1
    check_encoding(path, undecodable, feed.count)
    columns = zip(*rows, strict=True) if rows else ([] for _ in places)
    table.cells = {
        header[index]: pl.Series(header[index], list(values), dtype=pl.String)
        for index, values in zip(places, columns, strict=True)
    }
    table.lines = pl.Series("line", lines, dtype=pl.Int64)
    return table


def _records(reader: Any, feed: _Feed, width: int) -> Iterator[tuple[list[str], str]]:
    """Yield each record with an empty reason, or what is wrong with it."""
    while True:
        feed.begin()
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = (
                "a quote is not closed" if len(feed.record) > 1 or "end of data" in str(error) else str(error)
            )
            feed.take_back()
            yield [], reason
            continue
        if not row:
            continue
        reason = _wrong(row, feed, width)
        if reason and _looks_unclosed(feed, width):
            feed.take_back()
            reason = "a quote is not closed"
        yield row, reason


def _wrong(row: Sequence[str], feed: _Feed, width: int) -> str:
    if len(row) != width:
        return f"{len(row)} fields where the header has {width}"
    if not all(line.isascii() for line in feed.record):
        try:
            b"".join(feed.record).decode("utf-8")
        except UnicodeDecodeError as error:
            return f"not UTF-8 (byte 0x{error.object[error.start]:02x})"
    return ""


def _looks_unclosed(feed: _Feed, width: int) -> bool:
    """Say whether the lines after the first look like rows of their own."""
    rest = [line.decode("utf-8", "surrogateescape") for line in feed.record[1:]]
    alone = sum(len(row) == width for line in rest for row in csv.reader([line]))
    return bool(rest) and alone * 2 >= len(rest)


def _delimiter(path: Path, line: bytes) -> str:
    if path.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    text = line.decode("utf-8", "replace")
    return max(",;\t|", key=text.count)


def _header(path: Path, reader: Any, feed: _Feed) -> list[str]:
    try:
        names = [clean(name).strip() for name in next(reader)]
        b"".join(feed.record).decode("utf-8")
    except StopIteration:
        raise CatalogError(f"{path} is empty.", hint="Export it again; was the disk full?") from None
    except csv.Error as error:
        raise CatalogError(
            f"{path}:1: the header cannot be read: {error}.", hint="The first line names the columns."
        ) from error
    except UnicodeDecodeError as error:
        raise CatalogError(
            f"{path}:1: the header is not UTF-8.",
            hint=f"Convert it: iconv -f LATIN1 -t UTF-8 {path.name} > utf8-{path.name}",
        ) from error
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise CatalogError(f"{path}:1: the column {twice[0]!r} is there twice.", hint="Rename one of them.")
    return names


def _reject(path: Path, line: int, reason: str, raw: Iterable[bytes]) -> Reject:
    return Reject(stage=STAGE, file=path.name, line=line, reason=reason, raw="\n".join(map(shown, raw)))


# ------------------------------------------------------------------------------------------ JSONL


def _read_jsonl(path: Path, wanted: Wanted) -> TableFile:
    names: dict[str, bool] = {}
    rows: list[dict[str, str | None]] = []
    lines: list[int] = []
    bad: list[Reject] = []
    undecodable = number = 0
    for number, line in numbered(path):
        if line.isspace():
            continue
        found = _object(line)
        if isinstance(found, str):
            undecodable += found.startswith("not UTF-8")
            bad.append(_reject(path, number, found, [line]))
            continue
        for name in found.keys() - names.keys():
            names[name] = wanted(name)
        lines.append(number)
        rows.append({name: _jsonl_cell(value) for name, value in found.items() if names[name]})
    check_encoding(path, undecodable, number)
    cells = {
        name: pl.Series(name, [row.get(name) for row in rows], dtype=pl.String)
        for name in sorted(name for name, keep in names.items() if keep)
    }
    return TableFile(path, sorted(names), cells, pl.Series("line", lines, dtype=pl.Int64), bad=bad)


def _object(line: bytes) -> dict[str, Any] | str:
    """Return the object of a line, or why there is none."""
    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as strict:
        try:
            found = json.loads(line.decode("utf-8"))  # reads NaN, Infinity and lone surrogates
        except UnicodeDecodeError as error:
            return f"not UTF-8 (byte 0x{line[error.start]:02x})"
        except (ValueError, RecursionError):
            return f"no JSON: {str(strict).removeprefix('JSON is malformed: ')}"
    return found if isinstance(found, dict) else "no JSON object"


def _jsonl_cell(value: Any) -> str | None:
    text = text_of(value)
    return text if text is None or text.isascii() else clean(text)


# ---------------------------------------------------------------------------------------- Parquet


def _read_parquet(path: Path, wanted: Wanted) -> TableFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with opened(path) as file:
            parquet = pq.ParquetFile(pa.BufferReader(file.read()))
            names = list(parquet.schema_arrow.names)
            found = parquet.read(columns=[name for name in names if wanted(name)])
    except (pa.ArrowException, OSError, ValueError) as error:
        line = str(error).strip().splitlines()[0].rstrip(".")
        raise CatalogError(
            f"{path} is cut short or damaged: {line}.", hint="Copy or export the file again."
        ) from error
    cells = {
        name: pl.Series(name, [text_of(value) for value in column.to_pylist()], dtype=pl.String)
        for name, column in zip(found.column_names, found.columns, strict=True)
    }
    lines = pl.int_range(1, parquet.metadata.num_rows + 1, eager=True).cast(pl.Int64).alias("line")
    return TableFile(path, names, cells, lines)
