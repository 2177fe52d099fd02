"""The workspace's tables as blocks of subjects, in the order of their IRIs, at constant memory.

Tables are dealt out by subject into parts on disk, and each part is projected as the graph is:
every edge ends at a canonical intention, with support added up and acceptance averaged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mindgraph.rdf import model
from mindgraph.rdf.model import PARTS, REJECTED, Block
from mindgraph.rdf.provenance import files_block, generators_block, runs_block
from mindgraph.rdf.said import SPOKEN, projected, reasons, spoken_triples
from mindgraph.rdf.spill import Cuts, Spill, Tables
from mindgraph.rdf.terms import encode_one
from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Evidence,
    Generator,
    Intention,
    Membership,
    Merge,
    Product,
    Record,
    Triple,
    Verdict,
)
from mindgraph.tables import frame_of
from mindgraph.workspace import Manifest

#: About how many statements are held at a time: what memory is spent on.
STATEMENTS = 200_000
_VARIANTS = pl.DataFrame(schema={"canonical": pl.String, "text": pl.String})


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
        self.source, self.tables, self.scratch = source, source.tables, scratch
        self.dataset = encode_one(source.dataset)
        self.clusters = model.in_order(self._whole(Cluster))
        self.generators = model.in_order(self._whole(Generator))
        products, cobuys, triples = self._cuts(Product), self._cuts(CoBuy), self._cuts(Triple)
        self.by_product = self._parts(products, 12 + 2 * triples.count // max(products.count, 1))
        self.by_cobuy = self._parts(cobuys, 8 + triples.count // max(cobuys.count, 1))
        self.by_triple = self._parts(triples, 8)
        self.by_intention = self._parts(self._cuts(Intention), 6)

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks of all kinds; the order of the calls is the order of the paths."""
        dataset, runs = self.dataset, self.source.runs
        if REJECTED in self.source.parts:
            yield from self._rejected()
        yield model.clusters_block(self.clusters, dataset, self.source.lang)
        yield from self._cobuys()
        yield files_block(runs)
        yield generators_block(self.generators)
        yield from self._images()
        yield from self._intentions()
        yield from self._products()
        yield runs_block(runs, self.generators, dataset)
        tops = self.clusters.filter(pl.col("parent").is_null())
        yield model.scheme_block(tops, dataset, self.source.dataset)
        yield from self._assertions()

    def _rejected(self) -> Iterator[Block]:
        cuts = self._parts(self._cuts(Candidate), 7)
        candidates = self._table(Candidate, cuts, "id")
        kept = self._table(Evidence, cuts, "candidate")
        verdicts = self._table(Verdict, cuts, "candidate")
        for number in range(len(cuts)):
            part = candidates.part(number).join(
                kept.part(number), left_on="id", right_on="candidate", how="anti"
            )
            why = reasons(verdicts.part(number))
            yield model.rejected_block(model.in_order(part), why, self.dataset)

    def _cobuys(self) -> Iterator[Block]:
        """Yield the co-buys, and deal out what their triples say of products and intentions."""
        cobuys = self._table(CoBuy, self.by_cobuy, "id")
        spoken = spoken_triples(self.tables, self.generators, self._new())
        raw = self._empty(self.by_cobuy, "cobuy", SPOKEN).fill(spoken)
        merged = not self._whole(Merge).is_empty()
        self.said = self._empty(self.by_triple, "id", SPOKEN)
        pair = pl.DataFrame(schema={"product": pl.String, "other": pl.String})
        self.bought = self._empty(self.by_product, "product", pair.rename({"other": "intention"}))
        self.related = self._empty(self.by_product, "product", pair)
        self.used = self._empty(self.by_intention, "id", frame_of(Intention).select("id"))
        for number in range(len(self.by_cobuy)):
            part = model.in_order(cobuys.part(number))
            triples = projected(raw.part(number)) if merged else raw.part(number)
            self._deal(part, triples)
            yield model.cobuys_block(part, triples, self.dataset)
        for spill in (self.said, self.bought, self.related, self.used):
            spill.close()

    def _deal(self, cobuys: pl.DataFrame, triples: pl.DataFrame) -> None:
        self.said.add(triples)
        self.used.add(triples.select(pl.col("intention").alias("id")).unique())
        for side in ("product_a", "product_b"):
            self.bought.add(triples.select(pl.col(side).alias("product"), "intention").unique())
        self.related.add(
            cobuys.select(pl.col("product_a").alias("product"), pl.col("product_b").alias("other"))
        )

    def _images(self) -> Iterator[Block]:
        """Yield the pictures of the products."""
        pictures = [batch.drop_nulls().unique() for batch in self.tables.batches(Product, ["image"])]
        cuts = self._parts(Cuts(batch["image"] for batch in pictures), 2)
        images = self._empty(cuts, "image", frame_of(Product).select("image")).fill(pictures)
        for part in images.parts():
            yield model.images_block(model.in_order(part.unique(), "image"))

    def _intentions(self) -> Iterator[Block]:
        intentions = self._table(Intention, self.by_intention, "id")
        variants = self._variants(intentions)
        memberships = self._table(Membership, self.by_intention, "intention")
        for number in range(len(self.by_intention)):
            part = intentions.part(number).join(self.used.part(number), on="id", how="semi")
            yield model.intentions_block(
                model.in_order(part), variants.part(number), memberships.part(number), self.dataset
            )

    def _variants(self, intentions: Spill) -> Spill:
        """Return the texts of merged intentions, dealt out by their canonical ones."""
        merges = self._table(Merge, self.by_intention, "intention")
        texts = (
            merges.part(number)
            .join(intentions.part(number), left_on="intention", right_on="id")
            .select("canonical", "text")
            for number in range(len(self.by_intention))
        )
        return self._empty(self.by_intention, "canonical", _VARIANTS).fill(texts)

    def _products(self) -> Iterator[Block]:
        products = self._table(Product, self.by_product, "id")
        for part in products.parts():
            yield model.offers_block(model.in_order(part), self.dataset)
        for number in range(len(self.by_product)):
            part = model.in_order(products.part(number))
            bought = self.bought.part(number).unique()
            yield model.products_block(part, bought, self.related.part(number), self.dataset)

    def _assertions(self) -> Iterator[Block]:
        for part in self.said.parts():
            yield model.assertions_block(model.in_order(part), self.dataset, self.source.profile)

    def _whole(self, record: type[Record]) -> pl.DataFrame:
        return pl.concat([frame_of(record), *self.tables.batches(record)])

    def _cuts(self, record: type[Record]) -> Cuts:
        return Cuts(batch["id"] for batch in self.tables.batches(record, ["id"]))

    def _parts(self, cuts: Cuts, lines: int) -> Cuts:
        return cuts.every(self.source.statements // lines)

    def _table(self, record: type[Record], cuts: Cuts, column: str) -> Spill:
        spill = self._empty(cuts, column, frame_of(record))
        return spill.fill(self.tables.batches(record))

    def _empty(self, cuts: Cuts, column: str, like: pl.DataFrame) -> Spill:
        return Spill(self._new(), cuts, column, like)

    def _new(self) -> Path:
        """Return the name of a new folder in the scratch folder."""
        self._made = getattr(self, "_made", 0) + 1
        return self.scratch / str(self._made)
