"""The workspace's tables as blocks of subjects, in the order of their IRIs, at constant memory.

Ids become numbers, tables are dealt out by subject into parts on disk, and each part is projected as
the graph is: every edge ends at a canonical intention, with support added up and acceptance averaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl

from mindgraph.rdf import model
from mindgraph.rdf.ids import Codes, Ids
from mindgraph.rdf.model import PARTS, REJECTED, Block, Items, Names, Ref, Statement
from mindgraph.rdf.provenance import files_block, generators_block, runs_block
from mindgraph.rdf.rejected import rejected_blocks
from mindgraph.rdf.spill import Cuts, Ranges, Spill, Tables
from mindgraph.rdf.stated import Stated
from mindgraph.rdf.terms import encode_one
from mindgraph.records import Cluster, CoBuy, Generator, Intention, Membership, Merge, Product, Record, Triple
from mindgraph.tables import frame_of
from mindgraph.workspace import Manifest

#: About how many statements are held at a time: what memory is spent on.
STATEMENTS = 200_000
_PAIRS = pl.DataFrame(schema={"subject": pl.UInt32, "target": pl.UInt32})
_WORDINGS = pl.DataFrame(schema={"subject": pl.UInt32, "text": pl.String})


@dataclass(frozen=True)
class Source:
    """Say what a dump is made from, and what goes in."""

    tables: Tables
    dataset: str
    lang: str = "en"
    runs: Sequence[Manifest] = ()
    parts: frozenset[str] = frozenset(PARTS)
    profile: str = "rdf11"
    statements: int = STATEMENTS

    def blocks(self, scratch: Path) -> Iterator[Block]:
        """Yield every block with something to say, in byte order; `scratch` is an empty folder."""
        for block in _Walk(self, scratch).blocks():
            kept = block.only(self.parts)
            if kept.fields and len(kept.ids):
                yield kept


class _Walk:
    """Walk through the subjects of all kinds, in the order of their IRIs."""

    def __init__(self, source: Source, scratch: Path) -> None:
        self.source, self.tables = source, source.tables
        self.folders = (scratch / str(number) for number in count())
        self.dataset = encode_one(source.dataset)
        self.clusters = model.in_order(self._whole(Cluster))
        self.generators = model.in_order(self._whole(Generator))
        self.products, self.cobuys, self.intentions = (
            self._ids(Product),
            self._ids(CoBuy),
            self._ids(Intention),
        )
        said_by = Ids([self.generators["id"]])
        self.stated = Stated(self.tables, self.products, self.cobuys, self.intentions, said_by)
        self.cuts = Cuts(self._column(Triple, "id"), source.statements // 8)
        self.triples = self.cuts.count
        self.by_product = self._ranges(self.products, 12 + 2 * self.triples // max(len(self.products), 1))
        self.by_intention = self._ranges(self.intentions, 6)
        self.used = np.zeros(len(self.intentions), dtype=bool)
        self.bought, self.related = self._spill(_PAIRS), self._spill(_PAIRS)
        self.said = self._spill(self.stated.like)

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks of all kinds; the order of the calls is the order of the paths."""
        dataset, runs = self.dataset, self.source.runs
        if REJECTED in self.source.parts:
            yield from rejected_blocks(self.tables, dataset, self.source.statements // 7, self.folders)
        yield model.clusters_block(self.clusters, dataset, self.source.lang)
        yield from self._cobuys()
        yield files_block(runs)
        yield generators_block(self.generators)
        yield model.images_block(self._images())
        yield from self._intentions()
        yield from self._products()
        yield runs_block(runs, self.generators, dataset)
        tops = self.clusters.filter(pl.col("parent").is_null())["id"]
        yield model.scheme_block(tops, dataset, self.source.dataset)
        yield from self._assertions()

    def _cobuys(self) -> Iterator[Block]:
        """Yield the co-buys, and deal out what their triples say to the subjects that come later."""
        ranges = self._ranges(self.cobuys, 8 + self.triples // max(len(self.cobuys), 1))
        cobuys, raw = self._dealt(CoBuy, self.cobuys, ranges), self._spill(self.stated.like)
        for batch in self.stated.batches():
            raw.add(batch, ranges.of(batch["cobuy"].to_numpy()))
        raw.close()
        for part in range(ranges.parts):
            triples = self.stated.projected(raw.part(part))
            self._deal(triples)
            for rows, kept in _subjects(cobuys.part(part)):
                yield self._cobuy_block(rows, kept, triples)
                triples = triples.clear()
        for spill in (self.said, self.bought, self.related):
            spill.close()

    def _deal(self, triples: pl.DataFrame) -> None:
        self.said.add(triples, self.cuts.of(triples["id"]))
        intentions = triples["intention"].to_numpy()
        self.used[intentions[intentions < len(self.used)]] = True
        for side in ("product_a", "product_b"):
            self._refer(self.bought, triples[side].to_numpy(), intentions)

    def _refer(self, spill: Spill, products: Codes, targets: Codes) -> None:
        """Deal out pairs of products and what they refer to, each once."""
        subjects, others = _unpacked(np.unique(_packed(products, targets)))
        pairs = pl.DataFrame({"subject": subjects, "target": others})
        spill.add(pairs, self.by_product.of(subjects))

    def _cobuy_block(self, rows: pl.DataFrame, kept: Codes, triples: pl.DataFrame) -> Block:
        """Return the block of some co-buys; their products are related on the way."""
        first, second = (self.products.codes(rows[side]) for side in ("product_a", "product_b"))
        self._refer(self.related, first, second)
        places = np.arange(len(rows), dtype=np.uint32)
        twice, both = np.concatenate([places, places]), np.concatenate([first, second])
        pair = self._items(self.products, twice, both, places)
        stated = {
            self.stated.relations[number]: self._items(
                self.intentions, said["cobuy"].to_numpy(), said["intention"].to_numpy(), kept
            )
            for (number,), said in triples.partition_by("relation", as_dict=True).items()
        }
        return model.cobuys_block(self.cobuys.names(pl.Series(kept)), rows, pair, stated, self.dataset)

    def _images(self) -> pl.Series:
        """Return the distinct pictures of the products, in the order of their IRIs."""
        batches = (batch.drop_nulls()["image"] for batch in self.tables.batches(Product, ["image"]))
        images = Ids(batch.unique() for batch in batches)
        return images.raw(pl.Series(range(len(images)), dtype=pl.UInt32))

    def _intentions(self) -> Iterator[Block]:
        """Yield the canonical intentions that a triple uses."""
        ranges = self.by_intention
        intentions = self._dealt(Intention, self.intentions, ranges)
        wordings = self._wordings(intentions)
        clusters = Ids([self.clusters["id"]])
        memberships = self._spill(_PAIRS)
        for batch in self.tables.batches(Membership, ["intention", "cluster"]):
            subjects, targets = self.intentions.codes(batch["intention"]), clusters.codes(batch["cluster"])
            memberships.add(pl.DataFrame({"subject": subjects, "target": targets}), ranges.of(subjects))
        memberships.close()
        for part in range(ranges.parts):
            found = intentions.part(part)
            for rows, kept in _subjects(found.filter(pl.Series(self.used[found["code"].to_numpy()]))):
                members = memberships.part(part)
                inside = self._items(clusters, *_columns(members), kept)
                ids = self.intentions.names(pl.Series(kept))
                yield model.intentions_block(
                    ids, rows, _worded(wordings.part(part), rows, kept), inside, self.dataset
                )

    def _wordings(self, intentions: Spill) -> Spill:
        """Return the texts of merged intentions, dealt out by their canonical ones."""
        ranges, merges, wordings = self.by_intention, self._spill(_PAIRS), self._spill(_WORDINGS)
        for batch in self.tables.batches(Merge, ["intention", "canonical"]):
            merged, canonical = (
                self.intentions.codes(batch["intention"]),
                self.intentions.codes(batch["canonical"]),
            )
            merges.add(pl.DataFrame({"subject": merged, "target": canonical}), ranges.of(merged))
        merges.close()
        for part in range(ranges.parts):
            texts = intentions.part(part).select("code", "text")
            found = merges.part(part).join(texts, left_on="subject", right_on="code")
            moved = found.select(pl.col("target").alias("subject"), "text")
            wordings.add(moved, ranges.of(moved["subject"].to_numpy()))
        wordings.close()
        return wordings

    def _products(self) -> Iterator[Block]:
        """Yield the offers of the products, and then the products."""
        products = self._dealt(Product, self.products, self.by_product)
        for part in range(self.by_product.parts):
            for rows, kept in _subjects(products.part(part)):
                yield model.offers_block(self.products.names(pl.Series(kept)), rows, self.dataset)
        for part in range(self.by_product.parts):
            related, bought = self.related.part(part), self.bought.part(part)
            for rows, kept in _subjects(products.part(part)):
                others = self._items(self.products, *_columns(related), kept)
                purposes = self._items(self.intentions, *_columns(bought), kept)
                ids = self.products.names(pl.Series(kept))
                yield model.products_block(ids, rows, others, purposes, self.dataset)
                related, bought = related.clear(), bought.clear()

    def _assertions(self) -> Iterator[Block]:
        relations = model.relation_names(pl.Series(self.stated.relations, dtype=pl.String))
        for part in range(self.cuts.parts):
            triples = model.in_order(self.said.part(part))
            statement = Statement(
                Ref(f"cobuy/{self.dataset}/", self.cobuys.names(triples["cobuy"])),
                Names(relations.gather(triples["relation"])),
                Ref("intention/", self.intentions.names(triples["intention"])),
            )
            spoken = Items(*self.stated.spoken(triples))
            yield model.assertions_block(statement, triples, spoken, self.dataset, self.source.profile)

    def _items(self, ids: Ids, subjects: Codes, targets: Codes, kept: Codes) -> Items:
        """Return what the kept subjects, by position, refer to, each once."""
        if not len(kept) or not len(subjects):
            return Items(pl.Series(dtype=pl.UInt32), pl.Series(dtype=pl.String))
        places = np.minimum(np.searchsorted(kept, subjects), len(kept) - 1)
        inside = kept[places] == subjects
        rows, found = _unpacked(np.unique(_packed(places[inside], targets[inside])))
        return Items(pl.Series(rows), ids.names(pl.Series(found)))

    def _whole(self, record: type[Record]) -> pl.DataFrame:
        return pl.concat([frame_of(record), *self.tables.batches(record)])

    def _ids(self, record: type[Record]) -> Ids:
        return Ids(self._column(record, "id"))

    def _ranges(self, ids: Ids, lines: int) -> Ranges:
        return Ranges(len(ids), self.source.statements // lines)

    def _column(self, record: type[Record], name: str) -> Iterator[pl.Series]:
        return (batch[name] for batch in self.tables.batches(record, [name]))

    def _dealt(self, record: type[Record], ids: Ids, ranges: Ranges) -> Spill:
        """Return a table dealt out by the number of its id, in column `code`."""
        spill = self._spill(frame_of(record).with_columns(pl.lit(0, pl.UInt32).alias("code")))
        for batch in self.tables.batches(record):
            codes = ids.codes(batch["id"])
            spill.add(batch.with_columns(pl.Series("code", codes)), ranges.of(codes))
        spill.close()
        return spill

    def _spill(self, like: pl.DataFrame) -> Spill:
        return Spill(next(self.folders), like)


def _subjects(rows: pl.DataFrame) -> Iterator[tuple[pl.DataFrame, Codes]]:
    """Yield a part's rows in order, one a subject, with the subjects' numbers; then what repeats an id."""
    ordered = rows.sort("code", maintain_order=True)
    first = ordered["code"].is_first_distinct()
    for chosen in (ordered.filter(first), ordered.filter(~first)):
        if len(chosen):
            yield chosen, chosen["code"].to_numpy()


def _worded(wordings: pl.DataFrame, rows: pl.DataFrame, kept: Codes) -> tuple[pl.Series, pl.Series]:
    """Return positions of subjects with their merged wordings, each once, without their own text."""
    places = pl.DataFrame({"subject": kept, "own": rows["text"]}).with_row_index("row").unique("subject")
    found = wordings.join(places, on="subject").filter(pl.col("text") != pl.col("own"))
    once = found.select("row", "text").unique().sort("row", "text")
    return once["row"], once["text"]


def _columns(pairs: pl.DataFrame) -> tuple[Codes, Codes]:
    return pairs["subject"].to_numpy(), pairs["target"].to_numpy()


def _packed(high: Codes, low: Codes) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    packed: np.ndarray[tuple[int], np.dtype[np.uint64]] = (high.astype(np.uint64) << np.uint64(32)) | low
    return packed


def _unpacked(packed: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> tuple[Codes, Codes]:
    return (packed >> np.uint64(32)).astype(np.uint32), (packed & np.uint64(0xFFFFFFFF)).astype(np.uint32)
