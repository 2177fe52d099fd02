"""Make a server hold what a spool holds of one data set, and prove it.

Each label and type is compared slice by slice with what the server holds, or, where the server says
which spool it was given last and that one is still here, with that spool; only the difference is
written. While it is, the server says that the load is not finished, so that an interrupted load is
followed by one that looks at everything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from importlib import metadata
from typing import Protocol

import polars as pl

from mindgraph.errors import SettingsError
from mindgraph.records import Reject
from mindgraph.spool import EVERYTHING, LAYERS, Layer, Range, Spool
from mindgraph.stores import Digest
from mindgraph.stores.bolt import shared
from mindgraph.stores.bolt.connection import Bolt
from mindgraph.stores.bolt.difference import Difference, difference
from mindgraph.stores.bolt.ground import alone, check_nothing_in_the_way, make_schema, plan_anew
from mindgraph.stores.bolt.held import Held
from mindgraph.stores.bolt.verifying import Compared, require_same
from mindgraph.stores.bolt.writing import BATCH, Batch, Writer

#: Is told a label or type, the rows done and the rows there are.
Tell = Callable[[str, int, int], None]

#: Where more of a label or type has changed than this share, all of it is read back; where more of the
#: whole is new, queries are planned anew.
_SHARE = 0.1


class Rows(Protocol):
    """Give the rows of a label or type: a spool, or what a server holds."""

    def rows(self, name: str, within: Range = EVERYTHING) -> pl.DataFrame:
        """Return the rows whose anchor is within a range."""


@dataclass
class Synced:
    """Say what a load did, by label and type."""

    created: Counter[str] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    removed: Counter[str] = field(default_factory=Counter)
    #: Keys of nodes that are no longer wanted and stay, because others hang on to them.
    kept: dict[str, list[str]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    #: What was compared in the end: "everything", or "what changed".
    compared: str = "everything"

    def table(self) -> list[dict[str, object]]:
        """Return a row for each label and type."""
        return [
            {
                "name": name,
                "created": self.created[name],
                "updated": self.updated[name],
                "removed": self.removed[name],
            }
            for name in LAYERS
        ]


def quiet(name: str, done: int, total: int) -> None:
    """Tell nobody."""


def plan(bolt: Bolt, spool: Spool, *, workers: int = 2, tell: Tell | None = None) -> Synced:
    """Return what a load would do; write nothing."""
    return _Load(bolt, spool, workers, tell).plan()


def synchronise(
    bolt: Bolt, spool: Spool, *, workers: int = 2, full: bool = False, tell: Tell | None = None
) -> Synced:
    """Make the server hold what the spool holds of its data set, verify it, and say what was done.

    `full` compares everything even where the server names a spool that is still here. Raises
    StoreError where something stands in the way, StoreMismatch where the read-back differs.
    """
    return _Load(bolt, spool, workers, tell).run(full)


def verify(bolt: Bolt, spool: Spool, *, workers: int = 2, tell: Tell | None = None) -> dict[str, Compared]:
    """Compare all that the server holds of the data set with the spool; raise StoreMismatch."""
    compared = _Load(bolt, spool, workers, tell).compare_all()
    require_same(bolt.name, compared)
    return compared


class _Load:
    """Be one load of one spool into one database."""

    def __init__(self, bolt: Bolt, spool: Spool, workers: int, tell: Tell | None) -> None:
        if "/" in spool.dataset or not spool.dataset:
            raise SettingsError(
                f"The data set's name {spool.dataset!r} cannot qualify keys: it is empty or holds a '/'.",
                hint='Give it another one: `dataset = "shop"` in mindgraph.toml.',
            )
        self._bolt = bolt
        self._spool = spool
        self._held = Held(bolt, spool.dataset, {name: spool.schema(name) for name in LAYERS})
        self._writer = Writer(bolt, workers)
        self._tell = tell or quiet
        self._done = Synced()
        #: Keys of nodes that are to go when no relationship needs them any more, by label.
        self._leaving: dict[str, list[str]] = {}
        #: What was written of a label or type; None where it is too much to be kept.
        self._changes: dict[str, list[Difference] | None] = {}

    def plan(self) -> Synced:
        """Count what would be written."""
        check_nothing_in_the_way(self._bolt, self._spool, self._held)
        for layer in LAYERS.values():
            for _, _, differs in self._differences(layer, self._held):
                self._count(layer, differs)
                if layer.shared and len(differs.created):
                    known = self._held.nodes(layer.name, differs.created["id"].to_list())
                    self._count_adopted(layer, differs, known)
        return self._done

    def run(self, full: bool) -> Synced:
        """Write the difference and verify."""
        check_nothing_in_the_way(self._bolt, self._spool, self._held)
        make_schema(self._bolt, self._spool.dimensions())
        with alone(self._bolt):
            before = self._known(full)
            self._begin()
            for layer in LAYERS.values():
                self._write(layer, before)
            self._remove_nodes()
            self._verify(before is self._held)
            self._finish()
        if self._done.created.total() > _SHARE * sum(self._spool.counts().values()):
            plan_anew(self._bolt)
        self._done.rejects = self._writer.rejects
        return self._done

    def compare_all(self) -> dict[str, Compared]:
        """Compare every label and type with what the server holds."""
        return {name: self._compare(layer) for name, layer in LAYERS.items()}

    def _known(self, full: bool) -> Rows:
        """Return what the server is known to hold: the spool it was given last, or what is read from it."""
        last = self._bolt.read("load/state/last", dataset=self._spool.dataset)[0]["loaded"]
        path = self._spool.path.parent / str(last)
        if full or last is None or last == self._spool.digest or not path.is_dir():
            return self._held
        before = Spool(path)
        known = all(before.schema(name) == self._spool.schema(name) for name in LAYERS)
        return before if known and self._held.counts() == before.counts() else self._held

    def _begin(self) -> None:
        version = metadata.version("mindgraph-kg")
        self._bolt.write("load/state/begin", dataset=self._spool.dataset, version=version)

    def _finish(self) -> None:
        loaded = None if self._writer.rejects else self._spool.digest
        self._bolt.write("load/state/finish", dataset=self._spool.dataset, loaded=loaded)

    def _differences(
        self, layer: Layer, before: Rows
    ) -> Iterator[tuple[pl.DataFrame, pl.DataFrame, Difference]]:
        """Yield the slices of a label or type: wanted, held, and what differs; some are read ahead."""

        def compared(within: Range) -> tuple[pl.DataFrame, pl.DataFrame, Difference]:
            wanted, held = self._spool.rows(layer.name, within), before.rows(layer.name, within)
            return wanted, held, difference(layer, wanted, held)

        ranges = iter(self._spool.ranges(layer.name))
        ahead: list[Future[tuple[pl.DataFrame, pl.DataFrame, Difference]]] = []
        with ThreadPoolExecutor(2, thread_name_prefix="mindgraph-compare") as pool:
            for within in ranges:
                ahead.append(pool.submit(compared, within))
                if len(ahead) > 2:
                    yield ahead.pop(0).result()
            for future in ahead:
                yield future.result()

    def _write(self, layer: Layer, before: Rows) -> None:
        """Write what differs of one label or type."""
        self._changes[layer.name] = []
        total, done = self._spool.counts()[layer.name], 0
        for batch in self._writer.run(self._batches(layer, before)):
            done += len(batch.rows)
            self._tell(layer.name, done, max(done, total))

    def _batches(self, layer: Layer, before: Rows) -> Iterator[Batch]:
        for _, _, differs in self._differences(layer, before):
            if differs:
                self._count(layer, differs)
                self._remember(layer, differs)
                yield from (self._node_batches if layer.is_node else self._edge_batches)(layer, differs)

    def _node_batches(self, layer: Layer, differs: Difference) -> Iterator[Batch]:
        leaving = differs.removed[layer.anchor].to_list()
        self._leaving.setdefault(layer.name, []).extend(leaving)
        rows = pl.concat([differs.created, differs.updated])
        parameters: dict[str, int | str] = {}
        if layer.shared:
            known = self._held.nodes(layer.name, [*rows["id"], *leaving])
            self._count_adopted(layer, differs, known)
            rows = shared.settled(known, rows, self._spool.dataset)
            rows = rows.filter(pl.col("datasets").list.len() > 0)
        else:
            rows, parameters = rows.drop("dataset"), {"dataset": self._spool.dataset}
        for piece in rows.iter_slices(BATCH):
            yield Batch(layer, "write", piece, parameters=parameters)

    def _edge_batches(self, layer: Layer, differs: Difference) -> Iterator[Batch]:
        writer = self._writer
        yield from writer.edges(layer, "remove", differs.doubled, keep=1)
        yield from writer.edges(layer, "remove", differs.removed, keep=0)
        if len(differs.updated.columns) > len(layer.identity):
            yield from writer.edges(layer, "update", writer.without_missing_ends(layer, differs.updated))
        yield from writer.edges(layer, "create", writer.without_missing_ends(layer, differs.created))

    def _count(self, layer: Layer, differs: Difference) -> None:
        done, name = self._done, layer.name
        done.created[name] += len(differs.created)
        done.updated[name] += len(differs.updated)
        done.removed[name] += len(differs.removed) + len(differs.doubled)

    def _count_adopted(self, layer: Layer, differs: Difference, known: pl.DataFrame) -> None:
        """Count nodes that other data sets hold already as updated, not created."""
        adopted = len(differs.created.join(known, on="id", how="semi"))
        self._done.created[layer.name] -= adopted
        self._done.updated[layer.name] += adopted

    def _remember(self, layer: Layer, differs: Difference) -> None:
        """Keep what was written of a label or type, as long as it is little."""
        kept = self._changes[layer.name]
        if kept is not None:
            kept.append(differs)
            limit = max(BATCH, int(_SHARE * self._spool.counts()[layer.name]))
            if sum(part.changed() for part in kept) > limit:
                self._changes[layer.name] = None

    def _remove_nodes(self) -> None:
        """Remove nodes that are no longer wanted, and those that were kept before; keep what is held."""
        for name, layer in LAYERS.items():
            if not layer.is_node:
                continue
            bounds = self._held.bounds(layer, EVERYTHING)
            waiting = self._bolt.read(f"load/{name}/kept", **bounds)[0]["kept"]
            leaving = [*self._leaving.get(name, []), *waiting]
            self._done.removed[name] += len(waiting)
            for start in range(0, len(leaving), BATCH):
                wanted = leaving[start : start + BATCH]
                kept = self._bolt.write(f"load/{name}/remove", wanted=wanted, dataset=self._spool.dataset)
                self._done.kept.setdefault(name, []).extend(kept["kept"])
                self._done.removed[name] -= len(kept["kept"])

    def _verify(self, everything_was_read: bool) -> None:
        """Compare counts, and what changed or all of it; raise StoreMismatch."""
        compared: dict[str, Compared] = {}
        for name, layer in LAYERS.items():
            changes = self._changes[name]
            if changes is None:
                compared[name] = self._compare(layer)
            elif changes:
                compared[name] = self._compare_changes(layer, changes)
        if not everything_was_read:
            self._done.compared = "what changed"
        require_same(self._bolt.name, compared)
        self._require_counts()

    def _require_counts(self) -> None:
        refused = Counter(reject.key.partition(" ")[0] for reject in self._writer.rejects)
        held, wanted = self._held.counts(), self._spool.counts()
        require_same(
            self._bolt.name,
            {
                name: Compared(layer, Digest(wanted[name], 0), Digest(held[name], 0))
                for name, layer in LAYERS.items()
                if not 0 <= wanted[name] - held[name] <= refused[name]
            },
        )

    def _compare(self, layer: Layer) -> Compared:
        """Read all of a label or type and compare it."""
        compared = Compared(layer)
        for wanted, held, differs in self._differences(layer, self._held):
            self._add(compared, wanted, held, differs)
            self._tell(f"verify {layer.name}", compared.wanted.count, self._spool.counts()[layer.name])
        return compared

    def _compare_changes(self, layer: Layer, changes: list[Difference]) -> Compared:
        """Read what changed of a label or type, row by row, and compare it."""
        compared = Compared(layer)
        keys = list(layer.identity)
        for change in changes:
            wanted = pl.concat([change.created, change.updated])
            asked = pl.concat([wanted.select(keys), change.removed]).unique(keys, maintain_order=True)
            for piece in asked.iter_slices(BATCH):
                held = self._held.find(layer.name, piece)
                part = wanted.join(piece, on=keys, how="semi")
                self._add(compared, part, held, difference(layer, part, held))
        return compared

    def _add(self, compared: Compared, wanted: pl.DataFrame, held: pl.DataFrame, differs: Difference) -> None:
        """Add a slice to a comparison, without the rows that were refused."""
        layer = compared.layer
        refused = self._writer.refused(layer)
        if len(refused):
            wanted = wanted.join(refused, on=layer.identity, how="anti")
            held = held.join(refused, on=layer.identity, how="anti")
            differs = difference(layer, wanted, held)
        compared.add(wanted, held, differs)
