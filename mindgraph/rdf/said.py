"""Which generators said a triple, and which candidates were not kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from mindgraph.graph import mean_acceptance
from mindgraph.rdf.spill import Cuts, Spill, Tables
from mindgraph.records import Candidate, Evidence, Merge, Triple
from mindgraph.tables import content_ids, frame_of

#: What a triple carries on its way to the blocks.
SPOKEN = frame_of(Triple).with_columns(
    pl.lit(None, pl.Boolean).alias("moved"), pl.lit(None, pl.List(pl.String)).alias("generators")
)
#: Why a candidate was not kept.
REASONS = pl.DataFrame(schema={"candidate": pl.String, "text": pl.String})
_SAYS = pl.DataFrame(schema={"triple": pl.String, "generator": pl.String})
_ENDS = ["cobuy", "relation", "intention"]
#: Rows that are looked up at a time.
_BATCH = 100_000


def spoken_triples(tables: Tables, generators: pl.DataFrame, scratch: Path) -> Iterator[pl.DataFrame]:
    """Yield the triples with canonical intentions and list column `generators`, in their order.

    Column `moved` says that the intention is not the one that was said.
    """
    merges = pl.concat([frame_of(Merge), *tables.batches(Merge)]).select("intention", "canonical")
    spoken = _spoken(tables, generators, scratch)
    for triples, found in _side_by_side(tables, spoken):
        lists = found.sort("triple", "generator").group_by("triple", maintain_order=True).agg("generator")
        yield (
            triples.join(lists, left_on="id", right_on="triple", how="left", maintain_order="left")
            .join(merges, on="intention", how="left", maintain_order="left")
            .with_columns(
                pl.coalesce("canonical", "intention").alias("intention"),
                pl.col("canonical").is_not_null().alias("moved"),
                pl.col("generator").fill_null([]).alias("generators"),
            )
            .select(*triples.columns, "moved", "generators")
        )


def projected(triples: pl.DataFrame) -> pl.DataFrame:
    """Return the triples of some co-buys with those joined that say the same (see `graph.project`)."""
    joined = triples.group_by(_ENDS, maintain_order=True).agg(
        pl.col("id", "product_a", "product_b").first(),
        mean_acceptance(),
        pl.col("support").sum(),
        pl.col("moved").any(),
        pl.col("generators").list.explode().unique().sort().drop_nulls(),
    )
    moved = joined.filter("moved")
    named = moved.with_columns(content_ids(moved, "triple", _ENDS))
    return pl.concat([joined.filter(~pl.col("moved")), named]).select(triples.columns)


def reasons(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return columns candidate, text: what speaks against candidates, one row a judge."""
    against = (pl.col("answer") != "yes") | (pl.col("judge") == "shopper")
    score = pl.concat_str(pl.lit("score "), pl.col("score").cast(pl.String))
    why = pl.when(pl.col("answer") == "yes").then(score).otherwise(pl.col("answer"))
    return verdicts.filter(against).select(
        "candidate", pl.concat_str("judge", pl.lit(": "), pl.coalesce("reason", why, "answer")).alias("text")
    )


def _spoken(tables: Tables, generators: pl.DataFrame, scratch: Path) -> Iterator[pl.DataFrame]:
    """Yield (triple, generator) in the order of the triples."""
    if len(generators) == 1:
        only = pl.lit(generators["id"][0]).alias("generator")
        for batch in tables.batches(Evidence, ["triple"]):
            yield batch.unique(maintain_order=True).with_columns(only)
        return
    cuts = Cuts(batch["id"] for batch in tables.batches(Candidate, ["id"])).every(_BATCH)
    said = Spill(scratch / "said", cuts, "id", frame_of(Candidate).select("id", "generator"))
    said.fill(tables.batches(Candidate, ["id", "generator"]))
    rests = Spill(scratch / "rests", cuts, "candidate", frame_of(Evidence))
    rests.fill(tables.batches(Evidence))
    back = Cuts(batch["triple"] for batch in tables.batches(Evidence, ["triple"])).every(_BATCH)
    spoken = Spill(scratch / "spoken", back, "triple", _SAYS)
    for number in range(len(cuts)):
        both = rests.part(number).join(said.part(number), left_on="candidate", right_on="id")
        spoken.add(both.select("triple", "generator").unique())
    for part in spoken.close().parts():
        yield part.unique().sort("triple")


def _side_by_side(
    tables: Tables, spoken: Iterator[pl.DataFrame]
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Yield each batch of triples with the rows that speak of it; both come in order."""
    waiting = _SAYS
    last = ""
    for triples in tables.batches(Triple):
        if triples.is_empty():
            continue
        end = triples["id"][-1]
        while last <= end and (more := next(spoken, None)) is not None:
            if len(more):
                waiting, last = pl.concat([waiting, more]), more["triple"][-1]
        yield triples, waiting.filter(pl.col("triple") <= end)
        waiting = waiting.filter(pl.col("triple") > end)
