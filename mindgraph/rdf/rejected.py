"""Candidates that were not kept, with what each judge held against them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from mindgraph.rdf import model
from mindgraph.rdf.model import Block
from mindgraph.rdf.spill import Cuts, Spill, Tables
from mindgraph.records import Candidate, Evidence, Record, Verdict
from mindgraph.tables import frame_of


def rejected_blocks(tables: Tables, dataset: str, size: int, folders: Iterator[Path]) -> Iterator[Block]:
    """Yield the candidates on which no triple rests, in the order of their IRIs, `size` at a time."""
    cuts = Cuts.even((batch["id"] for batch in tables.batches(Candidate, ["id"])), size)
    candidates = _dealt(tables, Candidate, "id", cuts, next(folders))
    kept = _dealt(tables, Evidence, "candidate", cuts, next(folders))
    verdicts = _dealt(tables, Verdict, "candidate", cuts, next(folders))
    for part in range(cuts.parts):
        rejected = candidates.part(part).join(kept.part(part), left_on="id", right_on="candidate", how="anti")
        why = _reasons(verdicts.part(part))
        judged = rejected.join(why, left_on="id", right_on="candidate", how="left", maintain_order="left")
        yield model.rejected_block(model.in_order(judged), dataset)


def _reasons(verdicts: pl.DataFrame) -> pl.DataFrame:
    """Return columns candidate and reasons: what speaks against candidates, one text a judge."""
    against = (pl.col("answer") != "yes") | (pl.col("judge") == "shopper")
    score = pl.concat_str(pl.lit("score "), pl.col("score").cast(pl.String))
    why = pl.when(pl.col("answer") == "yes").then(score).otherwise(pl.col("answer"))
    said = pl.concat_str("judge", pl.lit(": "), pl.coalesce("reason", why, "answer")).alias("reasons")
    return verdicts.filter(against).group_by("candidate").agg(said)


def _dealt(tables: Tables, record: type[Record], column: str, cuts: Cuts, folder: Path) -> Spill:
    spill = Spill(folder, frame_of(record))
    for batch in tables.batches(record):
        spill.add(batch, cuts.of(batch[column]))
    return spill
