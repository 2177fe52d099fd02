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

from mindgraph.rdf.ids import Codes
from mindgraph.records import Record

#: One id in this many is looked at to find where to cut.
_SAMPLE = 64


class Tables(Protocol):
    """Give the tables of a workspace a few rows at a time, each in its record's order."""

    def batches(self, record: type[Record], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield a table in batches with these columns, or all."""


class Spill:
    """Hold the rows of one table in parts."""

    def __init__(self, folder: Path, like: pl.DataFrame) -> None:
        self._folder = folder
        self._empty = like.clear()
        self._writers: dict[int, pa.RecordBatchStreamWriter] = {}
        folder.mkdir(parents=True)

    def add(self, frame: pl.DataFrame, parts: pl.Series) -> None:
        """Deal out some rows; `parts` has the number of each row's part."""
        whole = frame.select(self._empty.columns).with_columns(parts.alias("_part"))
        dealt = whole.partition_by("_part", maintain_order=True, include_key=False, as_dict=True)
        for (part,), rows in dealt.items():
            table = rows.to_arrow()
            if part not in self._writers:
                self._writers[part] = pa.ipc.new_stream(str(self._file(part)), table.schema)
            self._writers[part].write_table(table)

    def close(self) -> None:
        """Close the files; now the parts can be read."""
        for writer in self._writers.values():
            writer.close()

    def part(self, number: int) -> pl.DataFrame:
        """Return the rows of one part, in the order in which they came."""
        if number not in self._writers:
            return self._empty
        with pa.OSFile(str(self._file(number)), "rb") as file:
            frame = pl.from_arrow(pa.ipc.open_stream(file).read_all())
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _file(self, part: int) -> Path:
        return self._folder / f"{part}.arrows"


class Ranges:
    """Cut numbered things into parts of equal size; numbers past the end go into the last."""

    def __init__(self, count: int, size: int) -> None:
        self._size = max(size, 1)
        self.count = count
        self.parts = max(1, -(-count // self._size))

    def of(self, codes: Codes) -> pl.Series:
        """Return the part of each number."""
        return pl.Series(np.minimum(codes // self._size, self.parts - 1), dtype=pl.UInt32)

    def bounds(self, part: int) -> tuple[int, int]:
        """Return the first number of a part, and how many there are."""
        start = part * self._size
        return start, max(0, min(self._size, self.count - start))


class Cuts:
    """Cut things by their ids into parts of about equal size, in the order of the ids and `>`.

    That is the order of IRIs, for ids that need no encoding.
    """

    def __init__(self, batches: Iterable[pl.Series], size: int) -> None:
        self.count = 0
        sampled = [pl.Series(dtype=pl.String)]
        for ids in batches:
            self.count += len(ids)
            sampled.append(ids.gather_every(_SAMPLE).alias(""))
        keys = (pl.concat(sampled) + ">").sort()
        self._bounds = keys.gather_every(max(1, size // _SAMPLE)).slice(1).unique().sort()

    @property
    def parts(self) -> int:
        """The number of parts."""
        return len(self._bounds) + 1

    def of(self, ids: pl.Series) -> pl.Series:
        """Return the part of each id."""
        if self.parts == 1:
            return pl.zeros(len(ids), dtype=pl.UInt32, eager=True)
        return self._bounds.search_sorted(ids + ">", side="right").cast(pl.UInt32)
