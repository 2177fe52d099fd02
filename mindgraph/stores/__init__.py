"""The door to graph stores: one Protocol, one adapter a way to keep a property graph.

A store takes the tables of `mindgraph.graph` one by one, nodes before relationships, and gives them
back in pieces, so that what it holds can be compared with what it was sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from mindgraph.errors import StoreMismatch

if TYPE_CHECKING:
    import polars as pl

    from mindgraph.graph import EdgeTable, Graph, NodeTable

    Table = NodeTable | EdgeTable


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


class Loader(Protocol):
    """Take a property graph, table by table: setup, load each, finish, read back, close."""

    name: str

    def setup(self) -> None:
        """Create what must stand before rows come."""

    def load(self, table: Table) -> None:
        """Take all rows of one label or type, nodes first; raise StoreError where they are refused."""

    def finish(self) -> None:
        """Create what waits until all rows are there."""

    def read_back(self, table: Table, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
        """Yield what the store holds of one label or type, in any order, in pieces of bounded size.

        Each piece has the named columns of `table.rows` with their types.
        """

    def close(self) -> None:
        """Let go of the store."""


def identity(table: Table) -> list[str]:
    """Return the columns that tell the rows of a table apart: a node's key; both ends and the id."""
    from mindgraph.graph import NodeTable

    if isinstance(table, NodeTable):
        return [table.key]
    return ["source", "target", *([table.id] if table.id else [])]


def digest(pieces: Iterable[pl.DataFrame]) -> Digest:
    """Return the digest of rows that come in pieces, in any order."""
    from mindgraph.tables import checksum

    count, total = 0, 0
    for piece in pieces:
        count += len(piece)
        total = (total + checksum(piece, piece.columns)) % 2**64
    return Digest(count, total)


def verify(store: Loader, graph: Graph) -> dict[str, Digest]:
    """Compare what a store holds with what it was sent, and return the digests by label and type.

    Raises StoreMismatch that names every label or type that differs, with both counts.
    """
    found: dict[str, Digest] = {}
    wrong: list[str] = []
    tables: dict[str, Table] = {**graph.nodes, **graph.edges}
    for name, table in tables.items():
        columns = identity(table)
        sent = digest([table.rows.select(columns)])
        found[name] = held = digest(store.read_back(table, columns))
        if held != sent:
            same = held.count == sent.count
            wrong.append(f"{name} ({held.count:,} held, {sent.count:,} sent{', ids differ' if same else ''})")
    if wrong:
        raise StoreMismatch(
            f"{store.name} does not hold what was sent: {'; '.join(wrong)}.",
            hint="Nothing was replaced. Run `mindgraph load` again.",
        )
    return found
