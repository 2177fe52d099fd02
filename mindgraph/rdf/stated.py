"""The triples as they are stated of the graph: canonical, with who said them, in numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from mindgraph.graph import mean_acceptance
from mindgraph.rdf.ids import Codes, Ids, Marks
from mindgraph.rdf.spill import Tables
from mindgraph.records import Candidate, Evidence, Merge, Triple
from mindgraph.tables import content_ids

_ENDS = ["cobuy", "relation", "intention"]
_BITS = 64


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
        self._canonical = self._read_merges()
        #: A bit a generator, 64 to a column.
        self.masks = [f"mask{n}" for n in range(max(1, -(-len(generators) // _BITS)))]

    @property
    def merged(self) -> bool:
        """Say whether any intention stands for another."""
        return self._canonical is not None

    @property
    def like(self) -> pl.DataFrame:
        """An empty table of what `batches` yields."""
        numbers = dict.fromkeys(["cobuy", "product_a", "product_b", "intention"], pl.UInt32)
        return pl.DataFrame(
            schema={
                "id": pl.String,
                **numbers,
                "relation": pl.UInt16,
                "acceptance": pl.Float64,
                "support": pl.Int64,
                "moved": pl.Boolean,
                **dict.fromkeys(self.masks, pl.UInt64),
            }
        )

    def batches(self) -> Iterator[pl.DataFrame]:
        """Yield the triples with canonical intentions, in their order, as `like` has them."""
        speakers = self._speakers()
        for triples, evidence in _side_by_side(self._tables):
            said = self.intentions.codes(triples["intention"])
            canonical = said if self._canonical is None else self._moved(said)
            numbered = {
                "cobuy": self.cobuys.codes(triples["cobuy"]),
                "product_a": self.products.codes(triples["product_a"]),
                "product_b": self.products.codes(triples["product_b"]),
                "intention": canonical,
                "relation": self._relations(triples["relation"]),
                "moved": canonical != said,
                **self._masks(triples["id"], evidence, speakers),
            }
            columns = [pl.Series(name, values) for name, values in numbered.items()]
            yield (
                triples.select("id", "acceptance", "support").with_columns(columns).select(self.like.columns)
            )

    def projected(self, triples: pl.DataFrame) -> pl.DataFrame:
        """Return the triples of some co-buys with those joined that say the same (see `graph.project`)."""
        if not self.merged:
            return triples
        alone = ~triples.select(_ENDS).is_duplicated()
        weighed = pl.col("acceptance") * pl.col("support") / pl.col("support")
        single = triples.filter(alone).with_columns(weighed)
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

    def _read_merges(self) -> Codes | None:
        """Return the canonical of each intention by number; None where nothing is merged."""
        canonical: Codes | None = None
        for merges in self._tables.batches(Merge, ["intention", "canonical"]):
            merged, target = (
                self.intentions.codes(merges["intention"]),
                self.intentions.codes(merges["canonical"]),
            )
            if canonical is None:
                canonical = np.arange(len(self.intentions), dtype=np.uint32)
            known = merged < len(canonical)
            canonical[merged[known]] = target[known]
        return canonical

    def _moved(self, said: Codes) -> Codes:
        assert self._canonical is not None
        known = said < len(self._canonical)
        moved = said.copy()
        moved[known] = self._canonical[said[known]]
        return moved

    def _relations(self, names: pl.Series) -> pl.Series:
        for name in names.unique():
            if name not in self.relations:
                self.relations.append(name)
        return names.replace_strict(self.relations, list(range(len(self.relations))), return_dtype=pl.UInt16)

    def _masks(self, ids: pl.Series, evidence: pl.DataFrame, speakers: Marks) -> dict[str, np.ndarray]:
        """Return for each triple which generators said it, as bits."""
        masks = {name: np.zeros(len(ids), dtype=np.uint64) for name in self.masks}
        index = pl.DataFrame({"triple": ids}).with_row_index("row")
        found = evidence.join(index, on="triple").select("row", "candidate")
        rows, said_by = found["row"].to_numpy(), speakers.of(found["candidate"])
        for number in np.unique(said_by[said_by < len(self.generators)]).tolist():
            masks[self.masks[number // _BITS]][rows[said_by == number]] |= np.uint64(1 << (number % _BITS))
        return masks

    def _speakers(self) -> Marks:
        """Return which generator gave each candidate."""
        batches = self._tables.batches(Candidate, ["id", "generator"])
        return Marks((b["id"], self.generators.codes(b["generator"])) for b in batches)


def _side_by_side(tables: Tables) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield each batch of triples with its evidence; both tables come in the order of the triples."""
    coming = tables.batches(Evidence, ["triple", "candidate"])
    waiting = pl.DataFrame(schema={"triple": pl.String, "candidate": pl.String})
    last = ""
    for triples in tables.batches(Triple):
        end = triples["id"][-1]
        while last <= end and (more := next(coming, None)) is not None:
            waiting, last = pl.concat([waiting, more]), more["triple"][-1]
        yield triples, waiting.filter(pl.col("triple") <= end)
        waiting = waiting.filter(pl.col("triple") > end)
