"""The graph as sorted Parquet files, made slice by slice, so that memory does not grow with it.

`graph.graph_of` holds the whole graph at once. Where it is sent elsewhere, piece by piece, it is
written here first: one file a label or type in the order of its anchor (a node's key; the end of a
relationship that belongs to the data set), one row group a slice. A spool is named by the digest of
what it was made from, so it is made once, and a later load can tell what has changed since.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import polars as pl
import pyarrow.parquet as pq

from mindgraph import graph, points
from mindgraph.graph import EDGES, NODES
from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Community,
    Evidence,
    Generator,
    Intention,
    Membership,
    Merge,
    Product,
    Record,
    Triple,
    digest,
)

#: How a record's table is had lazily, such as `Workspace.scan`.
Scan = Callable[[type[Record]], pl.LazyFrame]

#: The tables that the graph is made of.
INPUTS: tuple[type[Record], ...] = (
    *(
        Product,
        CoBuy,
        Generator,
        Candidate,
        Evidence,
        Intention,
        Merge,
        Triple,
        Cluster,
        Membership,
        Community,
    ),
)

#: Rows that are in memory at once, about.
SLICE = 80_000

_LAYERS = "layers.json"


@dataclass(frozen=True)
class Range:
    """Say which anchors are meant: `low` ≤ anchor < `high`; None is no upper bound."""

    low: str = ""
    high: str | None = None

    def holds(self, column: pl.Expr) -> pl.Expr:
        """Return the condition that a column is within the range."""
        above = column >= self.low
        return above if self.high is None else above & (column < self.high)


#: Every anchor there is.
EVERYTHING = Range()


@dataclass(frozen=True)
class Layer:
    """Describe one label or type: how its rows are told apart and ordered."""

    name: str
    #: Column by which the rows are sorted and sliced; it belongs to one data set, or is an id of all.
    anchor: str
    #: Columns that tell two rows apart.
    identity: tuple[str, ...]
    #: Labels of the source and the target; empty for nodes.
    ends: tuple[str, ...] = ()

    @property
    def is_node(self) -> bool:
        """Say whether the rows are nodes."""
        return not self.ends

    @property
    def shared(self) -> bool:
        """Say whether several data sets may hold the same node."""
        return self.is_node and self.identity == ("id",)


def _layer_of_edges(type_: str) -> Layer:
    source, target, id_ = EDGES[type_]
    # An intention is of all data sets; the cluster that it is in belongs to one.
    anchor = "target" if NODES[source] == "id" else "source"
    return Layer(type_, anchor, ("source", "target", *([id_] if id_ else [])), (source, target))


#: Every label and type, in the order of loading.
LAYERS: dict[str, Layer] = {
    **{label: Layer(label, key, (key,)) for label, key in NODES.items()},
    **{type_: _layer_of_edges(type_) for type_ in EDGES},
}


class Spool:
    """Read the graph's rows from the files of one folder."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.dataset, self._lows, self._counts = msgspec.json.decode(
            (path / _LAYERS).read_bytes(), type=tuple[str, dict[str, list[str]], dict[str, int]]
        )

    @property
    def digest(self) -> str:
        """Return the digest of what the rows were made from."""
        return self.path.name

    def counts(self) -> dict[str, int]:
        """Return the number of rows by label and type."""
        return dict(self._counts)

    def schema(self, name: str) -> dict[str, pl.DataType]:
        """Return the columns of a label or type with their types."""
        return dict(pl.read_parquet_schema(self.file(name)))

    def ranges(self, name: str) -> list[Range]:
        """Return ranges of anchors that hold a slice each and together hold everything."""
        return _ranges(["", *self._lows[name][1:]])

    def rows(self, name: str, within: Range = EVERYTHING) -> pl.DataFrame:
        """Return the rows of a label or type whose anchor is within a range, in order."""
        scanned = pl.scan_parquet(self.file(name))
        return scanned.filter(within.holds(pl.col(LAYERS[name].anchor))).collect()

    def dimensions(self) -> int:
        """Return how long the vectors of intentions are; 0 where there are none."""
        scanned = pl.scan_parquet(self.file("Intention")).select(points.VECTOR).drop_nulls().head(1)
        found = scanned.collect(engine="streaming")[points.VECTOR]
        return len(found[0]) if len(found) else 0

    def slices(self, name: str) -> Iterator[pl.DataFrame]:
        """Yield all rows of a label or type, in order."""
        for within in self.ranges(name):
            yield self.rows(name, within)

    def file(self, name: str) -> Path:
        """Return the Parquet file of a label or type."""
        return self.path / f"{name}.parquet"


def spool(
    scan: Scan,
    dataset: str,
    digests: Mapping[str, str],
    folder: Path,
    *,
    size: int = SLICE,
    vectors: points.Points | None = None,
) -> Spool:
    """Return the spool of a workspace's tables, made in `folder` where it is not there yet.

    `digests` are those of the `INPUTS`, by table; `size` is the number of rows in a slice, about. With
    `vectors`, intentions and clusters say where they stand.
    """
    code = digest(
        b"".join(Path(str(file)).read_bytes() for file in (graph.__file__, points.__file__, __file__))
    )
    place = vectors.name if vectors else ""
    path = folder / digest(msgspec.json.encode([code, dataset, size, sorted(digests.items()), place]))
    if not path.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=folder, prefix=".", ignore_cleanup_errors=True) as beside:
            Spooler(scan, dataset, Path(beside), size, vectors).write()
            _settle(Path(beside), path)
    return Spool(path)


def _settle(beside: Path, path: Path) -> None:
    """Give a finished folder its name, unless another process was first."""
    try:
        beside.rename(path)
    except OSError:
        if not path.is_dir():
            raise


def keep_newest(folder: Path, keep: Sequence[str], most: int = 3) -> None:
    """Remove old spools from a folder: those named in `keep` stay, and the newest up to `most`."""
    found = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    named = [path for path in found if path.name in keep]
    others = [path for path in found if path.name not in keep]
    for path in others[max(0, most - len(named)) :]:
        shutil.rmtree(path, ignore_errors=True)


class Spooler:
    """Write the files of one spool, a few slices in memory at a time.

    Triples are sorted into buckets twice: by co-buy, where wordings that were merged become one, and
    by product, where what was said of its co-buys is added up.
    """

    def __init__(
        self, scan: Scan, dataset: str, folder: Path, size: int, vectors: points.Points | None = None
    ) -> None:
        self._scan = scan
        self._vectors = vectors
        self._dataset = dataset
        self._folder = folder
        self._size = size
        self._lows: dict[str, list[str]] = {}
        self._counts: dict[str, int] = {}

    def write(self) -> None:
        """Write every label and type, and the list of slices."""
        triples = self._scan(Triple)
        ends = pl.concat([triples.select(pl.col(side).alias("id")) for side in ("product_a", "product_b")])
        products = _cuts(self._scan(Product), ends, self._size)
        cobuys = _cuts(self._scan(CoBuy), triples.select(pl.col("cobuy").alias("id")), self._size)
        intentions = _cuts(self._scan(Intention), triples.select("id").clear(), self._size)
        members = self._scan(Membership).select(pl.col("cluster").alias("id"))
        clusters = _cuts(self._scan(Cluster), members, self._size)
        self._write_plain(products, cobuys, clusters)
        self._write_clusters(clusters, intentions)
        with TemporaryDirectory(dir=self._folder) as place:
            self._write_said(Path(place), products, cobuys, intentions)
        self._layer("IN_CLUSTER", clusters, self._in_cluster)
        described = [self._dataset, self._lows, self._counts]
        (self._folder / _LAYERS).write_bytes(msgspec.json.encode(described))

    def _write_plain(self, products: list[str], cobuys: list[str], clusters: list[str]) -> None:
        """Write what follows from one table alone."""
        self._layer("Product", products, self._products)
        self._layer("CoBuy", cobuys, self._rows(CoBuy, "id", graph.cobuy_rows))
        self._layer("Generator", [""], lambda _: self._scan(Generator).collect())
        self._layer("OF", cobuys, self._rows(CoBuy, "id", graph.of_rows))
        self._layer("CO_BOUGHT", products, self._rows(CoBuy, "product_a", graph.co_bought_rows))
        self._layer("PART_OF", clusters, self._rows(Cluster, "id", graph.part_of_rows))

    def _write_clusters(self, clusters: list[str], intentions: list[str]) -> None:
        """Write the clusters, with the middle of their members where vectors are wanted."""
        rows = self._rows(Cluster, "id", graph.cluster_rows)
        known = self._scan(Cluster).select("id", "parent", "level").collect()
        if self._vectors is None or known.is_empty():
            self._layer("IntentionCluster", clusters, lambda within: points.placed(rows(within), None))
            return
        ids, middle = points.centres(known, self._members(intentions, self._vectors))
        placed = pl.DataFrame([ids.alias("id"), points.vector_column(middle)])
        self._layer(
            "IntentionCluster", clusters, lambda within: rows(within).join(placed, on="id", how="left")
        )

    def _members(
        self, intentions: list[str], vectors: points.Points
    ) -> Iterator[tuple[pl.DataFrame, points.Matrix]]:
        """Yield memberships with the vectors of their intentions, a slice at a time."""
        for within in _ranges(intentions):
            texts = self._within(Intention, "id", within).select(pl.col("id").alias("intention"), "text")
            found = self._among(Membership, "intention", texts["intention"]).join(texts, on="intention")
            found = found.sort("cluster", "intention")
            if len(found):
                yield found, vectors.place(found["text"].to_list())

    def _write_said(self, place: Path, products: list[str], cobuys: list[str], intentions: list[str]) -> None:
        """Write what follows from the triples."""
        raw = Buckets(place / "raw", "cobuy", cobuys)
        for batch in _batches(self._scan(Triple), self._size):
            raw.put(batch)
        ends = Buckets(place / "ends", "product", products)
        used = Buckets(place / "used", "intention", intentions)
        self._layer("HAS_INTENTION", cobuys, lambda within: self._has_intention(raw.take(within), ends, used))
        self._layer("Intention", intentions, lambda within: self._intentions(within, used.take(within)))
        self._layer("BOUGHT_FOR", products, lambda within: self._bought_for(ends.take(within)))
        self._layer("SERVES", products, lambda within: self._serves(ends.take(within)))

    def _layer(self, name: str, lows: list[str], rows: Callable[[Range], pl.DataFrame]) -> None:
        """Write one file, a row group for each range of ids."""
        layer = LAYERS[name]
        prefix = "" if layer.anchor == "id" else f"{self._dataset}/"
        count = 0
        with ExitStack() as files:
            writer: pq.ParquetWriter | None = None
            for within in _ranges(lows):
                frame = rows(within).sort(layer.anchor, *layer.identity)
                count += len(frame)
                writer = _append(writer, self._folder / f"{name}.parquet", frame, files)
        self._lows[name] = [prefix + low for low in lows]
        self._counts[name] = count

    def _rows(
        self, record: type[Record], column: str, build: Callable[[pl.DataFrame, str], pl.DataFrame]
    ) -> Callable[[Range], pl.DataFrame]:
        """Return the function that gives the rows of a range of ids from one table."""
        return lambda within: build(self._within(record, column, within), self._dataset)

    def _has_intention(self, raw: pl.DataFrame, ends: Buckets, used: Buckets) -> pl.DataFrame:
        """Return the triples of some co-buys, and put them into the buckets of what follows."""
        merges = self._among(Merge, "intention", raw["intention"])
        triples = graph.project(raw, merges)
        ends.put(graph.ends_of(triples))
        used.put(triples.select("intention").unique())
        evidence = self._among(Evidence, "triple", raw["id"])
        candidates = self._among(Candidate, "id", evidence["candidate"], ["id", "generator"])
        said = graph.said_by(triples, evidence, candidates, merges, raw)
        return graph.has_intention_rows(said, self._dataset)

    def _intentions(self, within: Range, used: pl.DataFrame) -> pl.DataFrame:
        merges = self._within(Merge, "canonical", within)
        wordings = self._among(Intention, "id", merges["intention"])
        intentions = pl.concat([self._within(Intention, "id", within), wordings]).unique("id")
        return points.placed(graph.intention_rows(intentions, merges, used), self._vectors)

    def _products(self, within: Range) -> pl.DataFrame:
        rows = self._within(Product, "id", within)
        return graph.product_rows(rows, self._within(Community, "product", within), self._dataset)

    def _bought_for(self, ends: pl.DataFrame) -> pl.DataFrame:
        return graph.bought_for_rows(graph.bought_for_of(ends), self._dataset)

    def _serves(self, ends: pl.DataFrame) -> pl.DataFrame:
        memberships = self._among(Membership, "intention", ends["intention"])
        clusters = self._scan(Cluster).select("id", "parent").collect()
        serves = graph.serves_of(ends, graph.purposes_of(memberships, clusters))
        return graph.serves_rows(serves, self._dataset)

    def _in_cluster(self, within: Range) -> pl.DataFrame:
        memberships = self._within(Membership, "cluster", within)
        used = pl.scan_parquet(self._folder / "Intention.parquet").select("id")
        ours = memberships.lazy().select(pl.col("intention").alias("id")).unique()
        there = used.join(ours, on="id", how="semi").collect(engine="streaming")
        return graph.in_cluster_rows(memberships, there, self._dataset)

    def _within(self, record: type[Record], column: str, within: Range) -> pl.DataFrame:
        return self._scan(record).filter(within.holds(pl.col(column))).collect(engine="streaming")

    def _among(
        self, record: type[Record], column: str, values: pl.Series, columns: Sequence[str] = ()
    ) -> pl.DataFrame:
        """Return the rows of a table whose column holds one of the values."""
        wanted = values.unique().alias(column).to_frame().lazy()
        rows = self._scan(record).select(list(columns)) if columns else self._scan(record)
        return rows.join(wanted, on=column, how="semi").collect(engine="streaming")


class Buckets:
    """Sort rows into files by the range that a column falls into."""

    def __init__(self, folder: Path, column: str, lows: Sequence[str]) -> None:
        folder.mkdir()
        self._folder = folder
        self._column = column
        self._lows = list(lows)
        self._parts = 0
        self._empty = pl.DataFrame()

    def put(self, rows: pl.DataFrame) -> None:
        """Add rows, each to the bucket of its range."""
        lows = pl.Series(self._lows)
        numbers = lows.search_sorted(rows[self._column], side="right") - 1
        for (number,), part in rows.group_by(numbers.alias("bucket")):
            part.write_ipc(self._folder / f"{number}.{self._parts}.arrow", compression="lz4")
        self._parts += 1
        self._empty = rows.clear()

    def take(self, within: Range) -> pl.DataFrame:
        """Return the rows of one range, in the order in which they were put."""
        number = self._lows.index(within.low)
        files = [self._folder / f"{number}.{part}.arrow" for part in range(self._parts)]
        return pl.concat([self._empty, *(pl.read_ipc(f) for f in files if f.exists())])


def _append(
    writer: pq.ParquetWriter | None, path: Path, frame: pl.DataFrame, files: ExitStack
) -> pq.ParquetWriter:
    """Append a row group to a Parquet file, which is made where there is no writer yet."""
    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    if writer is None:
        writer = files.enter_context(pq.ParquetWriter(path, table.schema, compression="zstd"))
    writer.write_table(table, row_group_size=max(1, len(frame)))
    return writer


def _batches(rows: pl.LazyFrame, size: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of a table in its order, `size` at a time; an empty piece where there are none."""
    count = int(rows.select(pl.len()).collect().item())
    for offset in range(0, max(count, 1), size):
        yield rows.slice(offset, size).collect()


def _ranges(lows: Sequence[str]) -> list[Range]:
    """Return the ranges between lowest values."""
    return [Range(low, high) for low, high in zip(lows, [*lows[1:], None], strict=True)]


def _cuts(things: pl.LazyFrame, uses: pl.LazyFrame, size: int) -> list[str]:
    """Return the lowest id of each slice of things, a slice being used about `size` times."""
    used = uses.group_by("id").agg(pl.len().alias("uses"))
    weighed = things.select("id").join(used, on="id", how="left").sort("id")
    slice_ = ((pl.col("uses").fill_null(0) + 1).cum_sum() - 1) // size
    cut = weighed.filter(slice_ != slice_.shift(1)).select("id").collect(engine="streaming")
    return ["", *cut["id"]]
