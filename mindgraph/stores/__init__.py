"""The door to graph stores: one Protocol, one adapter a way to keep a property graph.

A store takes the rows of `mindgraph.graph` piece by piece, nodes before relationships, and gives them
back in pieces, so that what it holds can be compared with what it was sent in any amount of memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mindgraph.errors import StoreMismatch

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Rows:
    """Hold an answer: column names, and one dict a row.

    Nodes are {"labels": […], "properties": {…}}, relationships {"type": …, "properties": {…}}, paths
    {"nodes": […], "relationships": […]}.
    """

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    #: Whether there were more than the limit allowed.
    more: bool = False


@dataclass(frozen=True)
class Digest:
    """Hold how many rows there are, and a checksum of them that does not depend on their order."""

    count: int
    checksum: int


class Store(Protocol):
    """Answer Cypher about a property graph."""

    name: str

    def query(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, limit: int | None = None
    ) -> Rows:
        """Answer one read-only statement; raise StoreError where it is refused."""

    def close(self) -> None:
        """Let go of the store."""


class Pieces(Protocol):
    """Give the graph's rows by label or type, such as `graph.Graph` and `spool.Spool`."""

    def counts(self) -> dict[str, int]:
        """Return the number of rows by label and type."""

    def slices(self, name: str) -> Iterator[pl.DataFrame]:
        """Yield all rows of a label or type, in pieces."""


class Loader(Protocol):
    """Take a property graph, piece by piece: setup, load each, finish, read back, close."""

    name: str

    def setup(self) -> None:
        """Create what must stand before rows come."""

    def load(self, name: str, rows: pl.DataFrame) -> None:
        """Take rows of one label or type, all nodes first; raise StoreError where they are refused."""

    def finish(self) -> None:
        """Create what waits until all rows are there."""

    def read_back(self, name: str, schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
        """Yield these columns of all that is held of one label or type, in any order, in pieces."""

    def close(self) -> None:
        """Let go of the store."""


def identity(name: str) -> list[str]:
    """Return the columns that tell the rows of a label or type apart: a key; both ends and the id."""
    from mindgraph.graph import EDGES, NODES

    if name in NODES:
        return [NODES[name]]
    id_ = EDGES[name][2]
    return ["source", "target", *([id_] if id_ else [])]


def digest(pieces: Iterable[pl.DataFrame]) -> Digest:
    """Return the digest of rows that come in pieces, in any order."""
    from mindgraph.tables import checksum

    count, total = 0, 0
    for piece in pieces:
        count += len(piece)
        total = (total + checksum(piece, piece.columns)) % 2**64
    return Digest(count, total)


def verify(loader: Loader, rows: Pieces) -> dict[str, Digest]:
    """Compare what a store holds with what it was sent, and return the digests by label and type.

    Raises StoreMismatch that names every label or type that differs, with both counts.
    """
    import polars as pl

    found: dict[str, Digest] = {}
    wrong: list[str] = []
    for name in rows.counts():
        columns = identity(name)
        sent = digest(piece.select(columns) for piece in rows.slices(name))
        found[name] = held = digest(loader.read_back(name, dict.fromkeys(columns, pl.String())))
        if held != sent:
            same = held.count == sent.count
            wrong.append(f"{name} ({held.count:,} held, {sent.count:,} sent{', ids differ' if same else ''})")
    if wrong:
        raise StoreMismatch(
            f"{loader.name} does not hold what was sent: {'; '.join(wrong)}.",
            hint="Nothing was replaced. Run `mindgraph load` again.",
        )
    return found
