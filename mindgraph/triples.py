"""Kept candidates become intentions and triples with stable ids, each with its evidence.

A candidate is kept when no rule said no and the shopper's score reaches the threshold (or, without
a score, the answer is yes). For finished intentions that were read from a file, the imported verdict
stands in for the shopper's. Whole tables move: a million candidates take seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from mindgraph.errors import WorkspaceError
from mindgraph.records import Triple
from mindgraph.tables import content_ids, normal_forms, schema_of, stripped

#: Why a candidate is out, besides `rule:NAME` and the judge that decides.
UNKNOWN_COBUY = "unknown co-buy"
UNJUDGED = "not judged"
UNPARSED = "unparsed"
WORDLESS = "no words"

#: Scores are added up in billionths, as whole numbers, so that the order of adding changes nothing.
_BILLION = 10**9

_HINT = "Run `mindgraph distill` first, or `mindgraph ingest` with --intentions FILE."
_CANDIDATE = ["id", "cobuy", "relation", "text", "lang"]


@dataclass(frozen=True)
class Built:
    """Hold the tables of one build, each in its file's order."""

    intentions: pl.DataFrame
    triples: pl.DataFrame
    evidence: pl.DataFrame
    rejects: pl.DataFrame
    #: "candidates", each reason to be out, "kept": how many candidates, each counted once, in order.
    funnel: dict[str, int]


def build(
    candidates: pl.LazyFrame, verdicts: pl.LazyFrame, cobuys: pl.LazyFrame, *, threshold: float
) -> Built:
    """Return the intentions, triples and evidence of the candidates that are kept.

    Raises WorkspaceError where there are no candidates at all.
    """
    judged = judge(candidates, verdicts, cobuys, threshold=threshold)
    if judged.is_empty():
        raise WorkspaceError("There are no candidates to build from.", hint=_HINT)
    kept = judged.filter(pl.col("out").is_null()).drop("out")
    worded, intentions = _intentions(kept)
    wordless = kept.filter(worded["intention"].is_null())
    triples, evidence = _triples(worded.drop_nulls("intention"), intentions)
    out = _counts(judged["out"]) | ({WORDLESS: len(wordless)} if len(wordless) else {})
    funnel = {"candidates": len(judged), **out, "kept": len(kept) - len(wordless)}
    lost = judged.filter(pl.col("out") == UNKNOWN_COBUY)
    rejects = pl.concat(
        [
            _rejects(lost, "its co-buy is not in the catalogue"),
            _rejects(wordless, "nothing is left of its text without the relation's phrase"),
        ]
    )
    return Built(intentions.select("id", "text", "lang").sort("id"), triples, evidence, rejects, funnel)


def judge(
    candidates: pl.LazyFrame, verdicts: pl.LazyFrame, cobuys: pl.LazyFrame, *, threshold: float
) -> pl.DataFrame:
    """Return each candidate with the ends of its co-buy, its score, and why it is `out` (null: kept).

    A candidate that several rules refuse is out for the first of them by name. Where there is a
    score it decides; else the answer does.
    """
    said = verdicts.select("candidate", "judge", "answer", "score").collect()
    of_rule = pl.col("judge").str.starts_with("rule:")
    refused = (
        said.filter(of_rule & (pl.col("answer") == "no")).group_by("candidate").agg(pl.col("judge").min())
    )
    ends = cobuys.select(pl.col("id").alias("cobuy"), "product_a", "product_b").collect()
    found = (
        candidates.select(_CANDIDATE)
        .collect()
        .join(ends, on="cobuy", how="left", maintain_order="left")
        .join(refused, left_on="id", right_on="candidate", how="left", maintain_order="left")
        .join(_decisive(said), left_on="id", right_on="candidate", how="left", maintain_order="left")
    )
    return found.with_columns(_why_out(threshold).alias("out")).drop("judge", "decides", "answer")


def _decisive(said: pl.DataFrame) -> pl.DataFrame:
    """Return the answer and score that decide: the shopper's, else those that were imported."""
    said = said.rename({"judge": "decides"})
    shopper = said.filter(pl.col("decides") == "shopper")
    imported = said.filter(pl.col("decides") == "imported")
    if imported.is_empty():
        return shopper
    return pl.concat([shopper, imported.join(shopper, on="candidate", how="anti")])


def _why_out(threshold: float) -> pl.Expr:
    score, answer = pl.col("score"), pl.col("answer")
    return (
        pl.when(pl.col("product_a").is_null())
        .then(pl.lit(UNKNOWN_COBUY))
        .when(pl.col("judge").is_not_null())
        .then(pl.col("judge"))
        .when(answer.is_null())
        .then(pl.lit(UNJUDGED))
        .when(answer == "unparsed")
        .then(pl.lit(UNPARSED))
        .when(pl.when(score.is_not_null()).then(score < threshold).otherwise(answer != "yes"))
        .then(pl.col("decides"))
    )


def _intentions(kept: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the kept candidates with their intention's number, and the numbered intentions."""
    texts = kept.group_by("text", "lang").agg(pl.len().alias("times"))
    texts = texts.with_columns(stripped(texts["text"]).alias("spelling"))
    texts = texts.with_columns(normal_forms(texts["spelling"]).alias("normal"))
    worded = texts.filter(pl.col("normal") != "")
    intentions = (
        worded.group_by("normal", "lang", "spelling")
        .agg(pl.col("times").sum())
        .sort("normal", "lang", pl.col("times"), "spelling", descending=[False, False, True, False])
        .unique(["normal", "lang"], keep="first", maintain_order=True)
        .select("normal", "lang", pl.col("spelling").alias("text"))
        .with_row_index("intention")
    )
    intentions = intentions.with_columns(content_ids(intentions, "intention", ["normal", "lang"]))
    numbers = worded.join(intentions.select("normal", "lang", "intention"), on=["normal", "lang"])
    found = kept.join(
        numbers.select("text", "lang", "intention"), on=["text", "lang"], how="left", maintain_order="left"
    )
    return found, intentions


def _triples(said: pl.DataFrame, intentions: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the triples that candidates say, added up, and which candidate says which."""
    ends = ["cobuy", "relation", "intention"]
    found = (
        said.group_by(ends)
        .agg(
            pl.col("product_a", "product_b").first(), _acceptance(), pl.len().cast(pl.Int64).alias("support")
        )
        .rename({"intention": "number"})
    )
    found = found.with_columns(intentions["id"].gather(found["number"]).alias("intention"))
    found = found.with_columns(content_ids(found, "triple", ends))
    evidence = said.join(
        found.select("cobuy", "relation", pl.col("number").alias("intention"), pl.col("id").alias("triple")),
        on=ends,
    ).select("triple", pl.col("id").alias("candidate"))
    return found.select(list(schema_of(Triple))).sort("id"), evidence.sort("triple", "candidate")


def _acceptance() -> pl.Expr:
    whole = (pl.col("score") * _BILLION + 0.5).floor().cast(pl.Int64)
    return (whole.sum() / (pl.col("score").count() * _BILLION)).fill_nan(None).alias("acceptance")


def _counts(out: pl.Series) -> dict[str, int]:
    """Return how many candidates are out for each reason: the rules by name, then the rest."""
    counted = dict(out.drop_nulls().value_counts().iter_rows())
    rules = sorted(name for name in counted if name.startswith("rule:"))
    others = (UNKNOWN_COBUY, *rules, UNJUDGED, "shopper", "imported", UNPARSED)
    return {name: counted[name] for name in others if name in counted}


def _rejects(lost: pl.DataFrame, reason: str) -> pl.DataFrame:
    return lost.select(
        pl.lit("build").alias("stage"),
        pl.col("id").alias("key"),
        pl.lit(None, pl.String).alias("file"),
        pl.lit(None, pl.Int64).alias("line"),
        pl.lit(reason).alias("reason"),
        pl.col("text").alias("raw"),
    )
