"""Rows dealt out into files on disk, so that any table can be walked in any order.

Memory holds one part at a time, however long the table is; time stays linear.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
import pyarrow as pa

from mindgraph.rdf.ids import Codes, Packed
from mindgraph.records import Record

#: One id in this many is looked at to find where to cut.
_SAMPLE = 64


class Tables(Protocol):
    """Give the tables of a workspace a few rows at a time, each in its record's order."""

    def batches(self, record: type[Record], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield a table in batches with these columns, or all."""


class Spill:
    """Hold the rows of one table in parts; a file is open only while it is written or read."""

    def __init__(self, folder: Path, like: pl.DataFrame) -> None:
        self._folder = folder
        self._empty = like.clear()
        folder.mkdir(parents=True)

    def add(self, frame: pl.DataFrame, parts: pl.Series) -> None:
        """Deal out some rows; `parts` has the number of each row's part."""
        whole = frame.select(self._empty.columns).with_columns(parts.alias("_part"))
        dealt = whole.partition_by("_part", maintain_order=True, include_key=False, as_dict=True)
        for (part,), rows in dealt.items():
            table = rows.to_arrow()
            with self._file(part).open("ab") as file, pa.ipc.new_stream(file, table.schema) as stream:
                stream.write_table(table)

    def part(self, number: int) -> pl.DataFrame:
        """Return the rows of one part, in the order in which they came."""
        path, found = self._file(number), [self._empty]
        if path.is_file():
            with pa.OSFile(str(path), "rb") as file:
                while file.tell() < file.size():
                    frame = pl.from_arrow(pa.ipc.open_stream(file).read_all())
                    assert isinstance(frame, pl.DataFrame)
                    found.append(frame)
        return pl.concat(found)

    def _file(self, part: int) -> Path:
        return self._folder / f"{part}.arrows"


class Numbers:
    """Hold numbers of 64 bits in parts, each of which comes back sorted, each number once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True)

    def add(self, numbers: Packed, parts: pl.Series) -> None:
        """Deal out some numbers; `parts` has the part of each."""
        belongs = parts.to_numpy()
        small = np.min_scalar_type(int(belongs.max(initial=0)))  # 16 bits are sorted by their digits
        order = np.argsort(belongs.astype(small), kind="stable")
        dealt, ends = numbers[order], np.cumsum(np.bincount(belongs))
        begin = 0
        for part, end in enumerate(ends.tolist()):
            if end > begin:
                with self._file(part).open("ab") as file:
                    file.write(dealt[begin:end].data)
            begin = end

    def part(self, number: int) -> Packed:
        """Return the numbers of one part."""
        path = self._file(number)
        return distinct(np.fromfile(path, dtype=np.uint64)) if path.is_file() else np.zeros(0, np.uint64)

    def _file(self, part: int) -> Path:
        return self._folder / f"{part}.numbers"


def distinct(numbers: Packed) -> Packed:
    """Return numbers sorted, each once."""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), dtype=bool)
    np.not_equal(ordered[1:], ordered[:-1], out=first[1:])
    return ordered[first]


class Tape:
    """Hold rows of numbers on disk, to be read once more in the order in which they came."""

    def __init__(self, path: Path, width: int) -> None:
        self._file = path.open("w+b")
        self._width = width

    def add(self, rows: Packed) -> None:
        """Write some rows, of shape (n, width)."""
        self._file.write(np.ascontiguousarray(rows).data)

    def rewind(self) -> None:
        """Go back to the first row."""
        self._file.seek(0)

    def take(self, count: int) -> Packed:
        """Return the next rows."""
        return np.frombuffer(self._file.read(8 * count * self._width), np.uint64).reshape(-1, self._width)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def resized(frames: Iterable[pl.DataFrame], size: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of some tables in pieces of this size; the last may be smaller."""
    waiting: pl.DataFrame | None = None
    for frame in frames:
        waiting = frame if waiting is None else pl.concat([waiting, frame])
        while len(waiting) >= size:
            yield waiting.head(size)
            waiting = waiting.slice(size)
    if waiting is not None and len(waiting):
        yield waiting


class Ranges:
    """Cut numbered things into parts of equal size; numbers past the end go into the last."""

    def __init__(self, count: int, size: int) -> None:
        self.size = max(size, 1)
        self.count = count
        self.parts = max(1, -(-count // self.size))

    def of(self, codes: Codes) -> pl.Series:
        """Return the part of each number."""
        return pl.Series(np.minimum(codes // self.size, self.parts - 1), dtype=pl.UInt32)

    def start(self, part: int) -> int:
        """Return the first number of a part."""
        return part * self.size


class Cuts:
    """Cut things by their ids into parts, in the order of the ids and `>`.

    That is the order of IRIs, for ids that need no encoding. `bounds` are the keys at which parts begin.
    """

    def __init__(self, bounds: pl.Series) -> None:
        self._bounds = bounds

    @classmethod
    def even(cls, batches: Iterable[pl.Series], size: int) -> Cuts:
        """Return cuts into parts of about this size, from a sample of the ids."""
        sampled = [pl.Series(dtype=pl.String), *(ids.gather_every(_SAMPLE).alias("") for ids in batches)]
        keys = (pl.concat(sampled) + ">").sort()
        return cls(keys.gather_every(max(1, size // _SAMPLE)).slice(1).unique().sort())

    @property
    def parts(self) -> int:
        """The number of parts."""
        return len(self._bounds) + 1

    def of(self, ids: pl.Series) -> pl.Series:
        """Return the part of each id."""
        if self.parts == 1:
            return pl.zeros(len(ids), dtype=pl.UInt32, eager=True)
        return self._bounds.search_sorted(ids + ">", side="right").cast(pl.UInt32)
