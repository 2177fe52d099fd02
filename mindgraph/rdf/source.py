"""The workspace's tables as blocks of subjects, in the order of their IRIs, at constant memory.

Ids become numbers that sort as the IRIs do, and what the triples say of other subjects is dealt out to
these as numbers, into parts on disk: a part is sorted in no time, and each statement stands in it once.
Tables that come in the order of their IRIs, as those of the stages do, are then walked as they are.
Triples are projected as the graph is: every edge ends at a canonical intention, with support added up and
acceptance averaged; only those that a merge touches are taken out of the walk for that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl

from mindgraph.rdf import model
from mindgraph.rdf.ids import Codes, Ids, Packed, packed, unpacked
from mindgraph.rdf.model import PARTS, REJECTED, Block, Items, Names, Ref, Statement
from mindgraph.rdf.provenance import files_block, generators_block, runs_block
from mindgraph.rdf.rejected import rejected_blocks
from mindgraph.rdf.spill import Numbers, Ranges, Spill, Tables, Tape, distinct, resized
from mindgraph.rdf.stated import Stated, weighed
from mindgraph.rdf.terms import doubles, encode, encode_one
from mindgraph.records import Cluster, CoBuy, Generator, Intention, Membership, Product, Record, Triple
from mindgraph.tables import frame_of, schema_of
from mindgraph.workspace import Manifest

#: About how many statements are held at a time: what memory is spent on.
STATEMENTS = 400_000
#: Co-buys in a part, at most.
_PLACES = 1 << 16
#: What is said of clusters.
_CLUSTER = ["id", "parent", "level", "label", "keywords", "size", "examples"]
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
        self.clusters = model.in_order(self._whole(Cluster, _CLUSTER))
        self.generators = model.in_order(self._whole(Generator, list(schema_of(Generator))))
        self.products, self.cobuys, self.intentions = (
            self._ids(Product),
            self._ids(CoBuy),
            self._ids(Intention),
        )
        said_by = Ids([self.generators["id"]])
        self.stated = Stated(self.tables, self.products, self.cobuys, self.intentions, said_by)
        self.by_product = self._ranges(self.products, 35)
        self.by_cobuy = self._ranges(self.cobuys, 18)
        self.by_intention = self._ranges(self.intentions, 6)
        self.used = np.zeros(len(self.intentions), dtype=bool)
        self.said, self.related, self.bought = (Numbers(next(self.folders)) for _ in range(3))
        self.marks = Tape(next(self.folders), len(self.stated.masks) + 1)
        self.joined = self._spill(self.stated.like)

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks of all kinds; the order of the calls is the order of the paths."""
        dataset, runs = self.dataset, self.source.runs
        if REJECTED in self.source.parts:
            yield from rejected_blocks(self.tables, dataset, self.source.statements // 7, self.folders)
        yield model.clusters_block(self.clusters, dataset, self.source.lang)
        self._read_triples()
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

    def _read_triples(self) -> None:
        """Deal out what the triples say to the subjects that come later."""
        touched = self._spill(self.stated.like)
        for batch in self.stated.batches():
            cobuys, relations, intentions, *products = batch.numbers.values()
            self.said.add(*self._statements(cobuys, relations, intentions))
            self.used[intentions[intentions < len(self.used)]] = True
            for side in products:
                self.bought.add(packed(side, intentions), self.by_product.of(side))
            self.marks.add(np.column_stack([batch.masks, batch.touched]))
            if batch.touched.any():
                touched.add(self.stated.touched(batch), self.by_cobuy.of(cobuys[batch.touched]))
        cuts = self.stated.cuts
        for part in range(self.by_cobuy.parts):
            triples = self.stated.projected(touched.part(part))
            if len(triples):
                self.joined.add(triples, cuts.of(triples["id"]))

    def _statements(self, cobuys: Codes, relations: Codes, intentions: Codes) -> tuple[Packed, pl.Series]:
        """Return what is said of co-buys that there are, as numbers, and the part of each.

        A number has 16 bits for the place of the co-buy in its part, 16 for the relation, 32 for the
        intention.
        """
        known = cobuys < len(self.cobuys)
        places = cobuys[known] % np.uint32(self.by_cobuy.size)
        high = (places << np.uint32(16)) | relations[known]
        return packed(high, intentions[known]), self.by_cobuy.of(cobuys[known])

    def _cobuys(self) -> Iterator[Block]:
        for part, rows, codes in self._ordered(CoBuy, self.cobuys, self.by_cobuy):
            high, intentions = unpacked(self.said.part(part))
            places = (high >> np.uint32(16)) + np.uint32(self.by_cobuy.start(max(part, 0)))
            relations = high & np.uint32(0xFFFF)
            stated = {}
            for number in np.unique(relations).tolist():
                chosen = relations == number
                stated[self.stated.relations[number]] = self._items(
                    self.intentions, places[chosen], intentions[chosen], codes
                )
            first, second = (self.products.codes(rows[side]) for side in ("product_a", "product_b"))
            self.related.add(packed(first, second), self.by_product.of(first))
            pair = self._pair(first, second)
            ids = self.cobuys.names(pl.Series(codes))
            yield model.cobuys_block(ids, rows, pair, stated, self.dataset)

    def _pair(self, first: Codes, second: Codes) -> Items:
        """Return the products of co-buys, each once."""
        places = np.arange(len(first), dtype=np.uint32)
        pairs = distinct(np.concatenate([packed(places, first), packed(places, second)]))
        rows, found = unpacked(pairs)
        return Items(pl.Series(rows), self.products.names(pl.Series(found)))

    def _images(self) -> pl.Series:
        """Return the distinct pictures of the products, in the order of their IRIs."""
        batches = (batch.drop_nulls()["image"] for batch in self.tables.batches(Product, ["image"]))
        images = Ids(batch.unique() for batch in batches)
        return images.raw(pl.Series(range(len(images)), dtype=pl.UInt32))

    def _intentions(self) -> Iterator[Block]:
        """Yield the canonical intentions that a triple uses."""
        wordings, memberships = self._wordings(), Numbers(next(self.folders))
        clusters = Ids([self.clusters["id"]])
        for batch in self.tables.batches(Membership, ["intention", "cluster"]):
            subjects, targets = self.intentions.codes(batch["intention"]), clusters.codes(batch["cluster"])
            memberships.add(packed(subjects, targets), self.by_intention.of(subjects))
        for part, found, codes in self._ordered(Intention, self.intentions, self.by_intention):
            used = self.used[codes]
            rows, kept = found.filter(pl.Series(used)), codes[used]
            if len(rows):
                inside = self._items(clusters, *unpacked(memberships.part(part)), kept)
                ids = self.intentions.names(pl.Series(kept))
                worded = _worded(wordings.part(part), rows, kept)
                yield model.intentions_block(ids, rows, worded, inside, self.dataset)

    def _wordings(self) -> Spill:
        """Return the texts of merged intentions, dealt out by their canonical ones."""
        wordings, canonical = self._spill(_WORDINGS), self.stated.canonical
        if canonical is not None:
            for batch in self.tables.batches(Intention, ["id", "text"]):
                codes = self.intentions.codes(batch["id"])
                moved = np.flatnonzero(canonical[codes] != codes)
                texts = batch["text"].gather(moved)
                found = pl.DataFrame({"subject": canonical[codes[moved]], "text": texts})
                wordings.add(found, self.by_intention.of(found["subject"].to_numpy()))
        return wordings

    def _products(self) -> Iterator[Block]:
        """Yield the offers of the products, and then the products."""
        for _, rows, codes in self._ordered(Product, self.products, self.by_product, ["id", "price"]):
            yield model.offers_block(self.products.names(pl.Series(codes)), rows, self.dataset)
        for part, rows, codes in self._ordered(Product, self.products, self.by_product):
            others = self._items(self.products, *unpacked(self.related.part(part)), codes)
            purposes = self._items(self.intentions, *unpacked(self.bought.part(part)), codes)
            ids = self.products.names(pl.Series(codes))
            yield model.products_block(ids, rows, others, purposes, self.dataset)

    def _assertions(self) -> Iterator[Block]:
        """Yield the assertions: those of the table, and between them those that were joined or renamed."""
        self.marks.rewind()
        placed = self.stated.in_order
        parts = iter(range(len(placed)))
        for batch, in_order in zip(self.tables.batches(Triple), placed, strict=True):
            marks = self.marks.take(len(batch))
            rows = batch.with_columns(pl.Series(n, marks[:, k]) for k, n in enumerate(self.stated.masks))
            plain = self._plain(rows.filter(pl.Series(marks[:, -1] == 0)))
            joined = self._joined(self.joined.part(next(parts) if in_order else -1))
            yield from self._assertion_blocks(_merged(plain, joined))
        if not any(placed):
            yield from self._assertion_blocks(self._joined(self.joined.part(0)))

    def _plain(self, triples: pl.DataFrame) -> pl.DataFrame:
        """Return triples of the table with the names of what they refer to."""
        accepted = triples if self.stated.canonical is None else triples.with_columns(weighed())
        return triples.select("id", "support", *self.stated.masks).with_columns(
            self.cobuys.named(triples["cobuy"]).alias("cobuy"),
            model.relation_names(triples["relation"]).alias("relation"),
            self.intentions.named(triples["intention"]).alias("intention"),
            doubles(accepted["acceptance"]).alias("acceptance"),
        )

    def _joined(self, triples: pl.DataFrame) -> pl.DataFrame:
        """Return triples in numbers with the names of what they refer to, in the order of their IRIs."""
        relations = model.relation_names(pl.Series(self.stated.relations, dtype=pl.String))
        named = triples.select("id", "support", *self.stated.masks).with_columns(
            self.cobuys.names(triples["cobuy"]).alias("cobuy"),
            relations.gather(triples["relation"]).alias("relation"),
            self.intentions.names(triples["intention"]).alias("intention"),
            doubles(triples["acceptance"]).alias("acceptance"),
        )
        return model.in_order(named)

    def _assertion_blocks(self, triples: pl.DataFrame) -> Iterator[Block]:
        for rows in triples.iter_slices(max(1, self.source.statements // 8)):
            statement = Statement(
                Ref(f"cobuy/{self.dataset}/", rows["cobuy"]),
                Names(rows["relation"]),
                Ref("intention/", rows["intention"]),
            )
            spoken = Items(*self.stated.spoken(rows))
            yield model.assertions_block(statement, rows, spoken, self.dataset, self.source.profile)

    def _items(self, ids: Ids, subjects: Codes, targets: Codes, kept: Codes) -> Items:
        """Return what the kept subjects, by position, refer to; both come sorted, each pair once."""
        if not len(kept) or not len(subjects):
            return Items(pl.Series(dtype=pl.UInt32), pl.Series(dtype=pl.String))
        places = np.minimum(np.searchsorted(kept, subjects), len(kept) - 1).astype(np.uint32)
        inside = kept[places] == subjects
        return Items(pl.Series(places[inside]), ids.names(pl.Series(targets[inside])))

    def _whole(self, record: type[Record], columns: list[str]) -> pl.DataFrame:
        return pl.concat([frame_of(record).select(columns), *self.tables.batches(record, columns)])

    def _ids(self, record: type[Record]) -> Ids:
        return Ids(batch["id"] for batch in self.tables.batches(record, ["id"]))

    def _ranges(self, ids: Ids, lines: int) -> Ranges:
        return Ranges(len(ids), min(self.source.statements // lines, _PLACES))

    def _ordered(
        self, record: type[Record], ids: Ids, ranges: Ranges, columns: list[str] | None = None
    ) -> Iterator[tuple[int, pl.DataFrame, Codes]]:
        """Yield a table's rows in the order of their IRIs: the part, its rows, and their numbers.

        Rows that repeat an id come as a part of their own, -1, to which nothing belongs.
        """
        if ids.in_place:
            for part, rows in enumerate(resized(self.tables.batches(record, columns), ranges.size)):
                start = ranges.start(part)
                yield part, rows, np.arange(start, start + len(rows), dtype=np.uint32)
            return
        dealt = self._dealt(record, ids, ranges, columns)
        for part in range(ranges.parts):
            for repeated, (rows, codes) in enumerate(_subjects(dealt.part(part))):
                yield -1 if repeated else part, rows, codes

    def _dealt(self, record: type[Record], ids: Ids, ranges: Ranges, columns: list[str] | None) -> Spill:
        """Return a table dealt out by the number of its id, in column `code`."""
        like = frame_of(record).select(columns or pl.all())
        spill = self._spill(like.with_columns(pl.lit(0, pl.UInt32).alias("code")))
        for batch in self.tables.batches(record, columns):
            codes = ids.codes(batch["id"])
            spill.add(batch.with_columns(pl.Series("code", codes)), ranges.of(codes))
        return spill

    def _spill(self, like: pl.DataFrame) -> Spill:
        return Spill(next(self.folders), like)


def _merged(plain: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of both in the order of their IRIs; each comes in that order, the first plain."""
    if others.is_empty():
        return plain
    places = (plain["id"] + ">").search_sorted(encode(others["id"]) + ">").cast(pl.Int64).to_numpy()
    order = np.insert(np.arange(len(plain)), places, len(plain) + np.arange(len(others)))
    return pl.concat([plain, others.select(plain.columns)])[order]


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
