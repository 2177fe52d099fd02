"""What a server holds of one data set, read in pieces of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import neo4j
import polars as pl

from mindgraph.points import VECTOR
from mindgraph.spool import EVERYTHING, LAYERS, Layer, Range
from mindgraph.stores.bolt import shared
from mindgraph.stores.bolt.columns import columns_of, frame_of
from mindgraph.stores.bolt.connection import Bolt

#: Nodes that one answer holds at most.
PAGE = 50_000

#: The same where nodes carry vectors, each as large as a hundred other nodes.
VECTOR_PAGE = 2_000

#: Above every id: the highest character there is.
_TOP = "\U0010ffff"


class Held:
    """Read what a server holds of one data set; the counterpart of a `Spool`."""

    def __init__(self, bolt: Bolt, dataset: str, schemas: Mapping[str, Mapping[str, Any]]) -> None:
        self._bolt = bolt
        self.dataset = dataset
        self._schemas = schemas

    def rows(self, name: str, within: Range = EVERYTHING) -> pl.DataFrame:
        """Return the rows of a label or type whose anchor is within a range, doubles included."""
        layer = LAYERS[name]
        if layer.is_node:
            pages = list(self._pages(layer, within))
            return self._ours(layer, pl.concat(pages))
        bounds = self.bounds(layer, within)
        columns = self._bolt.fold(
            f"load/{name}/read", lambda found: _columns(found, layer, self._schemas[name]), **bounds
        )
        return frame_of(columns, self._schemas[name])

    def find(self, name: str, rows: pl.DataFrame) -> pl.DataFrame:
        """Return what the server holds of these rows, found one by one by their identity."""
        layer = LAYERS[name]
        keys = columns_of(rows.select(layer.identity))
        if layer.is_node:
            return self._ours(layer, self.nodes(name, keys[layer.anchor]))
        found = self._bolt.read(f"load/{name}/find", **keys)
        return frame_of(found[0], self._schemas[name])

    def nodes(self, name: str, wanted: list[str]) -> pl.DataFrame:
        """Return the nodes of these keys, with all that is kept of them."""
        found = self._bolt.read(f"load/{name}/find", wanted=wanted, dataset=self.dataset)
        return frame_of(found[0], self.node_schema(name))

    def counts(self) -> dict[str, int]:
        """Return how many rows of each label and type the server holds."""
        low, high = f"{self.dataset}/", f"{self.dataset}0"
        found = self._bolt.read("load/counts", low=low, high=high, dataset=self.dataset)
        return dict.fromkeys(LAYERS, 0) | {row["name"]: row["rows"] for row in found}

    def node_schema(self, name: str) -> dict[str, Any]:
        """Return the columns in which nodes travel."""
        return {**self._schemas[name], **(shared.SCHEMA if LAYERS[name].shared else {})}

    def bounds(self, layer: Layer, within: Range) -> dict[str, str]:
        """Return the parameters that say which anchors are meant; keys are those of the data set."""
        lowest, highest = f"{self.dataset}/", f"{self.dataset}0"
        if layer.shared:
            lowest, highest = "", _TOP
        high = highest if within.high is None else within.high
        return {"low": max(within.low, lowest), "high": high, "dataset": self.dataset}

    def _ours(self, layer: Layer, nodes: pl.DataFrame) -> pl.DataFrame:
        """Return nodes as this data set says them."""
        return shared.said_by(nodes, self.dataset) if layer.shared else nodes

    def _pages(self, layer: Layer, within: Range) -> Iterator[pl.DataFrame]:
        bounds = self.bounds(layer, within)
        schema = self.node_schema(layer.name)
        limit = VECTOR_PAGE if VECTOR in schema else PAGE
        while True:
            found = self._bolt.read(f"load/{layer.name}/read", limit=limit, **bounds)
            page = frame_of(found[0], schema)
            yield page
            if len(page) < limit:
                return
            if VECTOR in schema and not page[VECTOR].count():
                limit = PAGE
            bounds["low"] = page[layer.anchor][-1] + "\x00"


def _columns(found: Iterator[neo4j.Record], layer: Layer, schema: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the rows of all anchors, a list a column."""
    columns: dict[str, list[Any]] = {name: [] for name in schema}
    for record in found:
        size = 0
        for name in schema:
            if name != layer.anchor:
                columns[name].extend(record[name])
                size = len(record[name])
        columns[layer.anchor].extend([record[layer.anchor]] * size)
    return columns
