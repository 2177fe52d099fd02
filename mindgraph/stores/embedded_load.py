"""The embedded graph, built: all rows by the engine's bulk path into a new folder.

Nodes come first, so that relationships can name them by their record number. What is unique and what
is searched by words is indexed after the rows, which is many times faster. Then the folder is opened
again as a reader would open it, read back and compared; only then it replaces the graph before it.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from mindgraph.errors import StoreError
from mindgraph.graph import EDGES, NODES
from mindgraph.points import VECTOR
from mindgraph.records import digest
from mindgraph.resources import cypher, statements
from mindgraph.stores import Pieces, verify
from mindgraph.stores.embedded_engine import open_database, reworded
from mindgraph.stores.embedded_home import Home

_SCHEMA = ("embedded_types.sql", "schema.cypher", "embedded_words.sql", "embedded_vectors.sql")
#: Rows that become Python objects at a time.
_PIECE = 50_000
_NUMBERED = {"key": pl.String(), "number": pl.String()}


class EmbeddedLoader:
    """Build one graph in one new folder."""

    name = "the embedded graph"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._database: Any = None
        self._batch: Any = None
        #: Label → key and record number of each of its nodes.
        self._numbers: dict[str, pl.DataFrame] = {}
        #: How long the vectors are; 0 where there are none.
        self._dimensions = 0

    def setup(self) -> None:
        """Create the database, its labels and types."""
        self._database = open_database(self.folder, create=True)
        self._run("sql", "embedded_types.sql")
        self._batch = self._database.graph_batch(use_wal=False, commit_every=10_000)

    def load(self, name: str, rows: pl.DataFrame) -> None:
        """Take rows of one label or type; relationships need the nodes at both their ends."""
        if name in NODES:
            self._load_nodes(name, rows)
        else:
            self._load_edges(name, rows)

    def finish(self) -> None:
        """Create constraints and indexes, write everything to disk and open it again as a reader."""
        with reworded(self.name, "closing the bulk load"):
            self._batch.close()
        self._batch, self._numbers = None, {}
        self._run("opencypher", "schema.cypher")
        self._run("sql", "embedded_words.sql")
        if self._dimensions:
            self._run("sql", "embedded_vectors.sql")
        self.reopen()

    def reopen(self) -> None:
        """Open the folder as a reader does, after writing to disk what is not there yet."""
        self.close()
        self._database = open_database(self.folder)

    def read_back(self, name: str, schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        """Yield the columns of what is held, relationships found by walking from their sources."""
        return self.rows(cypher(f"check/{name}"), schema)

    def rows(self, statement: str, schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        """Yield the answer to a statement in pieces of bounded size."""
        with reworded(self.name, statement):
            answer = self._database.query("opencypher", statement)
            while rows := [row.to_dict() for row in islice(answer, _PIECE)]:
                yield pl.DataFrame(rows, schema=schema)

    def close(self) -> None:
        """Let go of the folder."""
        for part in (self._batch, self._database):
            if part is not None:
                part.close()
        self._batch = self._database = None

    def _load_nodes(self, label: str, rows: pl.DataFrame) -> None:
        keys = rows[NODES[label]]
        twice = keys.is_first_distinct().not_()
        if twice.any():
            raise StoreError(
                f"{twice.sum():,} rows of {label} have a key that another has, "
                f"such as {keys.filter(twice)[0]!r}.",
                hint="A table is stale: `mindgraph status` shows which stage to run again.",
            )
        numbers: list[str] = []
        with reworded(self.name, f"nodes {label}"):
            for piece in rows.iter_slices(_PIECE):
                numbers += self._batch.create_vertices(label, _properties(piece))
        if VECTOR in rows.columns and (vectors := rows[VECTOR].drop_nulls()).len():
            self._dimensions = len(vectors[0])
        numbered = pl.DataFrame({"key": keys, "number": numbers}, schema=_NUMBERED)
        self._numbers[label] = pl.concat([self._numbers.get(label, numbered.clear()), numbered])

    def _load_edges(self, type_: str, rows: pl.DataFrame) -> None:
        sources, targets = self._numbers_of(type_, rows, 0), self._numbers_of(type_, rows, 1)
        properties = rows.drop("source", "target")
        with reworded(self.name, f"relationships {type_}"):
            for start in range(0, len(rows), _PIECE):
                self._batch.new_edges(
                    sources.slice(start, _PIECE).to_list(),
                    type_,
                    targets.slice(start, _PIECE).to_list(),
                    _properties(properties.slice(start, _PIECE)) if properties.width else None,
                )

    def _numbers_of(self, type_: str, rows: pl.DataFrame, side: int) -> pl.Series:
        """Return the record number of each relationship's node on one side: 0 source, 1 target."""
        label, column = EDGES[type_][:2][side], ("source", "target")[side]
        keys = rows.select(pl.col(column).alias("key"))
        known = self._numbers.get(label, pl.DataFrame(schema=_NUMBERED))
        numbers = keys.join(known, on="key", how="left", maintain_order="left")["number"]
        if lost := numbers.null_count():
            first = keys["key"].filter(numbers.is_null())[0]
            raise StoreError(
                f"{lost:,} relationships {type_} have no {label} as their {column}, such as {first!r}.",
                hint="A table is stale: `mindgraph status` shows which stage to run again.",
            )
        return numbers

    def _run(self, language: str, name: str) -> None:
        for text in statements(name):
            statement = text.replace("$dimensions", str(self._dimensions))
            with reworded(f"{name} in {self.name}", statement):
                self._database.command(language, statement)


def rebuild(rows: Pieces, home: Home, made_of: Mapping[str, str]) -> None:
    """Build the graph in a new folder, compare it with what was sent, and let it be the one that is asked.

    Raises StoreMismatch where it differs; the graph before it stays.
    """
    folder = home.new_folder()
    loader = EmbeddedLoader(folder)
    try:
        loader.setup()
        for name in (*NODES, *EDGES):
            for piece in rows.slices(name):
                loader.load(name, piece)
        loader.finish()
        verify(loader, rows)
        loader.close()
    except BaseException:
        loader.close()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    home.swap(folder, made_of, rows.counts())


def versions() -> dict[str, str]:
    """Return what shapes a graph beside its tables: the engine, and the statements of its schema."""
    shape = "".join(statement for name in _SCHEMA for statement in statements(name))
    return {"engine": metadata.version("arcadedb"), "schema": digest(shape.encode())}


def _properties(piece: pl.DataFrame) -> list[dict[str, Any]]:
    """Return the rows without what is null: a property that is not there is not there."""
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in piece.iter_rows(named=True)
    ]
