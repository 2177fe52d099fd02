"""Compare what a server holds with what was sent: counts, and a checksum of ids and properties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from mindgraph.errors import StoreMismatch
from mindgraph.spool import Layer
from mindgraph.stores import Digest
from mindgraph.stores.bolt.difference import Difference
from mindgraph.tables import checksum

#: Examples that a message shows of one label or type.
_SHOWN = 3

_NOTHING = Digest(0, 0)


@dataclass
class Compared:
    """Add up both sides of the comparison of one label or type."""

    layer: Layer
    wanted: Digest = _NOTHING
    held: Digest = _NOTHING
    examples: list[str] = field(default_factory=list)

    def add(self, wanted: pl.DataFrame, held: pl.DataFrame, differs: Difference) -> None:
        """Take one piece of both sides, and what differs between them."""
        held = held.select(wanted.columns)
        self.wanted = _sum(self.wanted, wanted)
        self.held = _sum(self.held, held)
        room = _SHOWN - len(self.examples)
        if differs and room > 0:
            self.examples += list(_told(self.layer, differs, room))

    @property
    def same(self) -> bool:
        """Say whether both sides have the same rows."""
        return self.wanted == self.held and not self.examples


def require_same(server: str, compared: Mapping[str, Compared]) -> None:
    """Raise StoreMismatch that names every label and type that differs, and how."""
    wrong = [
        f"{name}: {c.held.count:,} held, {c.wanted.count:,} wanted"
        + (f" ({'; '.join(c.examples)})" if c.examples else "")
        for name, c in compared.items()
        if not c.same
    ]
    if wrong:
        raise StoreMismatch(
            f"{server} does not hold what the workspace holds. {'. '.join(wrong)}.",
            hint="`mindgraph load` with the same address mends it.",
        )


def _sum(digest: Digest, rows: pl.DataFrame) -> Digest:
    return Digest(digest.count + len(rows), (digest.checksum + checksum(rows, sorted(rows.columns))) % 2**64)


def _told(layer: Layer, differs: Difference, room: int) -> Iterator[str]:
    """Yield what differs in words, a few rows of it."""
    lines = [
        *(f"{_named(layer, row)} is missing" for row in differs.created.head(room).iter_rows(named=True)),
        *(f"{_named(layer, row)} is too much" for row in differs.removed.head(room).iter_rows(named=True)),
        *(f"{_named(layer, row)} is there twice" for row in differs.doubled.head(room).iter_rows(named=True)),
        *_changes(layer, differs.updated.head(room), differs.before.head(room)),
    ]
    yield from lines[:room]


def _changes(layer: Layer, wanted: pl.DataFrame, held: pl.DataFrame) -> Iterator[str]:
    pairs = zip(wanted.iter_rows(named=True), held.iter_rows(named=True), strict=True)
    for right, wrong in pairs:
        for name in right:
            if right[name] != wrong[name]:
                yield f"{_named(layer, right)} has {name} {_short(wrong[name])}, not {_short(right[name])}"
                break


def _named(layer: Layer, row: Mapping[str, object]) -> str:
    if layer.is_node:
        return _short(row[layer.anchor])
    return f"{_short(row['source'])} → {_short(row['target'])}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
