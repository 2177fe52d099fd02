"""The triples as they are stated of the graph: canonical, with who said them, in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from mindgraph.graph import mean_acceptance
from mindgraph.rdf.ids import Codes, Flags, Ids, Marks, Packed, ascend_as_iris
from mindgraph.rdf.spill import Cuts, Tables
from mindgraph.records import Candidate, Evidence, Merge, Triple
from mindgraph.tables import content_ids

_ENDS = ["cobuy", "relation", "intention"]
_NUMBERED = ["cobuy", "relation", "intention", "product_a", "product_b"]
_BITS = 64


@dataclass(frozen=True)
class Numbered:
    """Hold some triples with canonical intentions, and what they refer to by number."""

    #: Columns id, acceptance, support, and what `numbers` has.
    rows: pl.DataFrame
    numbers: Mapping[str, Codes]
    #: Bits that say which generators said each, of shape (n, masks).
    masks: Packed
    #: Triples that may be joined with others, or have a name and place of their own.
    touched: Flags


class Stated:
    """Read the triples of a workspace, numbered."""

    def __init__(self, tables: Tables, products: Ids, cobuys: Ids, intentions: Ids, generators: Ids) -> None:
        self._tables = tables
        self.products, self.cobuys, self.intentions, self.generators = (
            products,
            cobuys,
            intentions,
            generators,
        )
        #: The relations by number, in the order in which they are met.
        self.relations: list[str] = []
        #: The canonical of each intention by number; None where nothing is merged.
        self.canonical, self._targets = self._read_merges()
        #: A bit a generator, 64 to a column.
        self.masks = [f"mask{n}" for n in range(max(1, -(-len(generators) // _BITS)))]
        #: The last ids of batches that come in the order of their IRIs.
        self.ends = [pl.Series(dtype=pl.String)]
        #: Whether each batch does.
        self.in_order: list[bool] = []

    @property
    def like(self) -> pl.DataFrame:
        """An empty table of triples in numbers."""
        return pl.DataFrame(
            schema={
                "id": pl.String,
                "acceptance": pl.Float64,
                "support": pl.Int64,
                **dict.fromkeys(_NUMBERED, pl.UInt32),
                "moved": pl.Boolean,
                **dict.fromkeys(self.masks, pl.UInt64),
            }
        )

    def batches(self) -> Iterator[Numbered]:
        """Yield the triples with canonical intentions, in their order."""
        speakers = self._speakers()
        for triples, evidence in _side_by_side(self._tables):
            said = self.intentions.codes(triples["intention"])
            numbers = {
                "cobuy": self.cobuys.codes(triples["cobuy"]),
                "relation": self._relations(triples["relation"]),
                "intention": self._moved(said),
                "product_a": self.products.codes(triples["product_a"]),
                "product_b": self.products.codes(triples["product_b"]),
            }
            masks = self._masks(triples["id"], evidence, speakers)
            yield Numbered(triples, numbers, masks, self._touched(triples["id"], said, numbers["intention"]))

    def touched(self, batch: Numbered) -> pl.DataFrame:
        """Return the touched triples of a batch, as `like` has them."""
        chosen = batch.touched
        columns = [pl.Series(name, batch.numbers[name][chosen]) for name in _NUMBERED]
        columns += [pl.Series(name, batch.masks[chosen, n]) for n, name in enumerate(self.masks)]
        rows = batch.rows.filter(pl.Series(chosen))
        moved = self.intentions.codes(rows["intention"]) != batch.numbers["intention"][chosen]
        columns.append(pl.Series("moved", moved))
        return rows.select("id", "acceptance", "support").with_columns(columns).select(self.like.columns)

    @property
    def cuts(self) -> Cuts:
        """Cuts of the triples by id: a batch that comes in order is a part."""
        return Cuts(pl.concat(self.ends).head(-1) + ">" if len(self.ends) > 1 else self.ends[0])

    def projected(self, triples: pl.DataFrame) -> pl.DataFrame:
        """Return the triples of some co-buys with those joined that say the same (see `graph.project`)."""
        if self.canonical is None:
            return triples
        alone = ~triples.select(_ENDS).is_duplicated()
        single = triples.filter(alone).with_columns(weighed())
        joined = (
            triples.filter(~alone)
            .group_by(_ENDS, maintain_order=True)
            .agg(
                pl.col("id", "product_a", "product_b").first(),
                mean_acceptance(),
                pl.col("support").sum(),
                pl.col("moved").any(),
                pl.col(self.masks).bitwise_or(),
            )
        )
        return self._named(pl.concat([single, joined.select(triples.columns)]))

    def spoken(self, triples: pl.DataFrame) -> tuple[pl.Series, pl.Series]:
        """Return which rows are said by which generators: row numbers, ascending, and encoded ids."""
        found = []
        for number in range(len(self.generators)):
            bits = triples[self.masks[number // _BITS]].to_numpy() & np.uint64(1 << (number % _BITS))
            rows = np.flatnonzero(bits).astype(np.uint32)
            found.append(
                pl.DataFrame({"row": rows, "generator": np.full(len(rows), number, dtype=np.uint32)})
            )
        pairs = pl.concat(found) if found else pl.DataFrame(schema={"row": pl.UInt32, "generator": pl.UInt32})
        pairs = pairs if len(found) < 2 else pairs.sort("row", "generator")
        return pairs["row"], self.generators.names(pairs["generator"])

    def _named(self, triples: pl.DataFrame) -> pl.DataFrame:
        """Return triples with ids by content for those that moved to another intention."""
        moved = triples.filter("moved")
        if moved.is_empty():
            return triples
        words = pl.DataFrame(
            {
                "cobuy": self.cobuys.raw(moved["cobuy"]),
                "relation": pl.Series(self.relations).gather(moved["relation"]),
                "intention": self.intentions.raw(moved["intention"]),
            }
        )
        named = moved.with_columns(content_ids(words, "triple", _ENDS))
        return pl.concat([triples.filter(~pl.col("moved")), named])

    def _read_merges(self) -> tuple[Codes | None, Flags]:
        """Return the canonical of each intention, if any is merged, and which are canonical for others."""
        canonical: Codes | None = None
        targets = np.zeros(len(self.intentions), dtype=bool)
        for merges in self._tables.batches(Merge, ["intention", "canonical"]):
            merged, target = (
                self.intentions.codes(merges["intention"]),
                self.intentions.codes(merges["canonical"]),
            )
            if canonical is None:
                canonical = np.arange(len(self.intentions), dtype=np.uint32)
            known = merged < len(canonical)
            canonical[merged[known]] = target[known]
            targets[target[target < len(targets)]] = True
        return canonical, targets

    def _moved(self, said: Codes) -> Codes:
        """Return the canonical intentions, by number."""
        if self.canonical is None:
            return said
        known = said < len(self.canonical)
        moved = said.copy()
        moved[known] = self.canonical[said[known]]
        return moved

    def _touched(self, ids: pl.Series, said: Codes, canonical: Codes) -> Flags:
        """Return which triples have an intention that others are merged into, or come out of order.

        Ids come from content, so any other triple says what no other one does.
        """
        self.in_order.append(ascend_as_iris(ids, self.ends[-1]))
        if not self.in_order[-1]:
            return np.ones(len(ids), dtype=bool)
        self.ends.append(pl.Series([ids[-1]]))  # of its own: a slice would hold the whole batch
        touched: Flags = canonical != said
        known = canonical < len(self._targets)
        touched[known] |= self._targets[canonical[known]]
        return touched

    def _relations(self, names: pl.Series) -> Codes:
        for name in names.unique(maintain_order=True):
            if name not in self.relations:
                self.relations.append(name)
        places = list(range(len(self.relations)))
        return names.replace_strict(self.relations, places, return_dtype=pl.UInt32).to_numpy()

    def _masks(self, ids: pl.Series, evidence: pl.DataFrame, speakers: Marks) -> Packed:
        """Return for each triple which generators said it, as bits."""
        masks = np.zeros((len(ids), len(self.masks)), dtype=np.uint64)
        index = pl.DataFrame({"triple": ids}).with_row_index("row")
        found = evidence.join(index, on="triple").select("row", "candidate")
        rows, said_by = found["row"].to_numpy(), speakers.of(found["candidate"])
        for number in np.unique(said_by[said_by < len(self.generators)]).tolist():
            masks[rows[said_by == number], number // _BITS] |= np.uint64(1 << (number % _BITS))
        return masks

    def _speakers(self) -> Marks:
        """Return which generator gave each candidate."""

        def given() -> Iterator[tuple[pl.Series, Codes]]:
            for batch in self._tables.batches(Candidate, ["id", "generator"]):
                yield batch["id"], self.generators.codes(batch["generator"])

        return Marks(given, len(self.generators))


def weighed() -> pl.Expr:
    """Return the mean of one acceptance, weighted as `mean_acceptance` does: the same to the last bit."""
    return pl.col("acceptance") * pl.col("support") / pl.col("support")


def _side_by_side(tables: Tables) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield each batch of triples with its evidence; both tables come in the order of the triples."""
    coming = tables.batches(Evidence, ["triple", "candidate"])
    waiting = pl.DataFrame(schema={"triple": pl.String, "candidate": pl.String})
    last = ""
    for triples in tables.batches(Triple):
        end = triples["id"][-1]
        while last <= end and (more := next(coming, None)) is not None:
            waiting, last = pl.concat([waiting, more]), more["triple"][-1]
        here = int(waiting["triple"].search_sorted(end, side="right"))
        yield triples, waiting.head(here)
        waiting = waiting.slice(here)
