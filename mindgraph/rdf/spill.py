"""Rows dealt out by key into files on disk, so that any table can be walked in any order.

Memory holds one part at a time, however long the table is; time stays linear.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import polars as pl
import pyarrow as pa

from mindgraph.rdf.model import key_of
from mindgraph.records import Record

#: One key in this many is looked at to find where to cut.
_SAMPLE = 64


class Tables(Protocol):
    """Give the tables of a workspace a few rows at a time, each in its record's order."""

    def batches(self, record: type[Record], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield a table in batches with these columns, or all."""


class Cuts:
    """Cut the subjects of one kind, in the order of their IRIs, into parts of about `size`."""

    def __init__(self, ids: Iterable[pl.Series]) -> None:
        self.count = 0
        sampled = [pl.Series(dtype=pl.String)]
        for batch in ids:
            self.count += len(batch)
            sampled.append(key_of(batch.gather_every(_SAMPLE)))
        self._sampled = pl.concat(sampled).sort()
        self.bounds = self._sampled.clear()

    def every(self, size: int) -> Cuts:
        """Set how many subjects a part holds, about."""
        step = max(1, size // _SAMPLE)
        self.bounds = self._sampled.gather_every(step).slice(1).unique().sort()
        return self

    def __len__(self) -> int:
        return len(self.bounds) + 1

    def split(self, frame: pl.DataFrame, column: str) -> Iterator[tuple[int, pl.DataFrame]]:
        """Yield the rows of each part, in their order, with the part's number."""
        if len(self) == 1:
            yield 0, frame
            return
        parts = self.bounds.search_sorted(key_of(frame[column]), side="right").alias("_part")
        for rows in frame.with_columns(parts).partition_by("_part", maintain_order=True):
            yield int(rows["_part"][0]), rows.drop("_part")


class Spill:
    """Hold the rows of one table, dealt out by one of its columns."""

    def __init__(self, folder: Path, cuts: Cuts, column: str, like: pl.DataFrame) -> None:
        self._folder, self._cuts, self._column = folder, cuts, column
        self._empty = like.clear()
        self._writers: dict[int, pa.RecordBatchStreamWriter] = {}
        folder.mkdir(parents=True)

    def add(self, frame: pl.DataFrame) -> None:
        """Deal out some rows; their column must hold no null."""
        for part, rows in self._cuts.split(frame.select(self._empty.columns), self._column):
            table = rows.to_arrow()
            if part not in self._writers:
                self._writers[part] = pa.ipc.new_stream(str(self._file(part)), table.schema)
            self._writers[part].write_table(table)

    def fill(self, batches: Iterable[pl.DataFrame]) -> Spill:
        """Deal out all batches and close the files."""
        for batch in batches:
            self.add(batch)
        return self.close()

    def close(self) -> Spill:
        """Close the files; now the parts can be read."""
        for writer in self._writers.values():
            writer.close()
        return self

    def parts(self) -> Iterator[pl.DataFrame]:
        """Yield the rows of each part, in the order of the cuts."""
        return (self.part(number) for number in range(len(self._cuts)))

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
