"""A workspace's tables, a few rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from mindgraph.errors import WorkspaceError
from mindgraph.records import Record
from mindgraph.tables import frame_of, schema_of
from mindgraph.workspace import Workspace

_ROWS = 50_000


@dataclass(frozen=True)
class StoredTables:
    """Read the tables of a workspace from its files."""

    workspace: Workspace

    def batches(self, record: type[Record], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield a table in batches; nothing where it has not been written."""
        names = columns or list(schema_of(record))
        if not self.workspace.has(record):
            return
        self.workspace.scan(record)  # says what is wrong with the file
        path = self.workspace.file(record)
        try:
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(_ROWS, columns=names):
                    yield _frame(batch, record, names)
        except (pa.ArrowException, OSError) as error:
            raise WorkspaceError(
                f"{path} cannot be read: {str(error).splitlines()[0]}",
                hint=f"Remove it and run the stage that writes {record.table} again.",
            ) from error


@dataclass(frozen=True)
class FrameTables:
    """Give tables that are held in memory, such as those of a chosen part."""

    read: Callable[[type[Record]], pl.DataFrame]

    def batches(self, record: type[Record], columns: list[str] | None = None) -> Iterator[pl.DataFrame]:
        """Yield a table in batches."""
        frame = self.read(record).select(columns or list(schema_of(record)))
        return frame.iter_slices(_ROWS)


def _frame(batch: pa.RecordBatch, record: type[Record], names: list[str]) -> pl.DataFrame:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    return frame.cast({name: dtype for name, dtype in frame_of(record).schema.items() if name in names})
