"""Send rows to a server: in batches, several at once, and no row lost in silence.

Batches that touch the same nodes do not run at the same time, as far as that can be told: nodes are
put into bins by a hash, and a batch of relationships is one bin of sources with one bin of targets.
Where the server's locks still meet, its managed transactions run the batch again. A batch that fails
for what is in it is halved down to the row, which becomes a reject; the rest goes in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

import msgspec
import polars as pl

from mindgraph.errors import StoreError
from mindgraph.records import Reject
from mindgraph.spool import Layer
from mindgraph.stores.bolt.columns import columns_of
from mindgraph.stores.bolt.connection import Bolt
from mindgraph.stores.bolt.errors import BadRows

#: Rows of one transaction at most.
BATCH = 5_000

#: More rejects than these are no matter of single rows.
TOO_MANY = 10_000


@dataclass(frozen=True, eq=False)
class Batch:
    """Be rows that one statement takes in one transaction."""

    layer: Layer
    #: Name of the statement in the layer's folder: write, create, update or remove.
    action: str
    rows: pl.DataFrame
    #: Bins of nodes that it touches.
    bins: frozenset[tuple[str, int]] = frozenset()
    parameters: dict[str, int | str] = field(default_factory=dict)


class Writer:
    """Run batches with several workers, and keep what could not be written."""

    def __init__(self, bolt: Bolt, workers: int) -> None:
        self.workers = max(1, workers)
        self.rejects: list[Reject] = []
        #: Keys of nodes that could not be written, by label.
        self.missing: dict[str, set[str]] = {}
        #: Identities of rows that could not be written, by label and type.
        self._refused: dict[str, list[tuple[object, ...]]] = {}
        self._bolt = bolt

    def run(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Write batches and yield each as it is done; the first error that is not in its rows ends it."""
        waiting: list[Batch] = []
        running: dict[Future[None], Batch] = {}
        source = iter(batches)
        with ThreadPoolExecutor(self.workers, thread_name_prefix="mindgraph-bolt") as pool:
            try:
                while True:
                    self._refill(waiting, source)
                    self._start(waiting, running, pool)
                    if not running:
                        return
                    done, _ = wait(running, return_when=FIRST_COMPLETED)
                    for future in done:
                        batch = running.pop(future)
                        future.result()
                        yield batch
            finally:
                for future in running:
                    future.cancel()

    def edges(self, layer: Layer, action: str, rows: pl.DataFrame, **parameters: int) -> Iterator[Batch]:
        """Yield batches of relationships, so that those that follow each other touch different nodes."""
        count = 2 * self.workers
        binned = rows.with_columns(
            (pl.col(end).hash() % count).cast(pl.Int64).alias(f"_{end}") for end in ("source", "target")
        )
        source, target = layer.ends
        parts = binned.partition_by("_source", "_target", as_dict=True, include_key=False)
        # Along the diagonals: batches of one diagonal have no bin in common.
        for (a, b), part in sorted(
            parts.items(), key=lambda item: ((item[0][1] - item[0][0]) % count, item[0])
        ):
            bins = frozenset({(source, a), (target, b)})
            for piece in part.iter_slices(BATCH):
                yield Batch(layer, action, piece, bins, dict(parameters))

    def without_missing_ends(self, layer: Layer, rows: pl.DataFrame) -> pl.DataFrame:
        """Return the relationships of which both ends could be written; the others are rejected."""
        ends = zip(("source", "target"), layer.ends, strict=True)
        lost = pl.any_horizontal(pl.col(end).is_in(list(self.missing.get(label, ()))) for end, label in ends)
        if any(self.missing.get(label) for label in layer.ends):
            for row in rows.filter(lost).iter_rows(named=True):
                self._reject(layer, row, "one of its ends could not be written")
            return rows.filter(~lost)
        return rows

    def refused(self, layer: Layer) -> pl.DataFrame:
        """Return the identities of the rows of a label or type that could not be written."""
        schema = dict.fromkeys(layer.identity, pl.String)
        return pl.DataFrame(self._refused.get(layer.name, []), schema=schema, orient="row")

    def _refill(self, waiting: list[Batch], source: Iterator[Batch]) -> None:
        while len(waiting) < 4 * self.workers:
            batch = next(source, None)
            if batch is None:
                return
            waiting.append(batch)

    def _start(
        self, waiting: list[Batch], running: dict[Future[None], Batch], pool: ThreadPoolExecutor
    ) -> None:
        """Start waiting batches that touch nothing of what runs, as many as there are workers."""
        busy = {bin_ for batch in running.values() for bin_ in batch.bins}
        for batch in list(waiting):
            if len(running) >= self.workers:
                return
            if not batch.bins & busy:
                waiting.remove(batch)
                running[pool.submit(self._send, batch)] = batch
                busy |= batch.bins

    def _send(self, batch: Batch) -> None:
        """Write a batch; halve it where it fails for what is in it."""
        try:
            self._write(batch)
        except BadRows as error:
            if len(batch.rows) == 1:
                self._reject(batch.layer, batch.rows.row(0, named=True), str(error))
                return
            middle = len(batch.rows) // 2
            for half in (batch.rows.head(middle), batch.rows.slice(middle)):
                self._send(Batch(batch.layer, batch.action, half, batch.bins, batch.parameters))

    def _write(self, batch: Batch) -> None:
        expected = None if batch.action == "remove" else len(batch.rows)
        self._bolt.write(
            f"load/{batch.layer.name}/{batch.action}",
            rows=expected,
            **columns_of(batch.rows),
            **batch.parameters,
        )

    def _reject(self, layer: Layer, row: dict[str, object], reason: str) -> None:
        key = " → ".join(str(row[name]) for name in layer.identity)
        raw = msgspec.json.encode(row).decode()
        self.rejects.append(
            Reject(stage="load-neo4j", key=f"{layer.name} {key}"[:500], reason=reason, raw=raw[:20_000])
        )
        self._refused.setdefault(layer.name, []).append(tuple(row[name] for name in layer.identity))
        if layer.is_node:
            self.missing.setdefault(layer.name, set()).add(str(row[layer.anchor]))
        if len(self.rejects) > TOO_MANY:
            raise StoreError(
                f"More than {TOO_MANY:,} rows were refused, the last for: {reason}.",
                hint="What was written is kept; mend the cause and run the same command again.",
            )
