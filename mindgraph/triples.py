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
from mindgraph.tables import (
    content_ids,
    is_ordered,
    normal_forms,
    numbered,
    order_of_ids,
    schema_of,
    stripped,
)

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
    judged = judge(candidates, verdicts, threshold=threshold)
    if judged.is_empty():
        raise WorkspaceError("There are no candidates to build from.", hint=_HINT)
    out = _counts(judged["out"])
    pairs = cobuys.select("id", "product_a", "product_b").collect().with_row_index("pair")
    kept = _paired(judged.filter(pl.col("out").is_null()).drop("out"), pairs)
    del judged
    lost, kept = kept.filter(pl.col("pair").is_null()), kept.drop_nulls("pair")
    number, intentions = _intentions(kept)
    kept = kept.with_columns(number).drop("lang")
    wordless, kept = kept.filter(pl.col("intention").is_null()), kept.drop("text").drop_nulls("intention")
    triples, evidence = _triples(kept, intentions["id"], pairs)
    out |= {why: len(them) for why, them in ((UNKNOWN_COBUY, lost), (WORDLESS, wordless)) if len(them)}
    rejects = [
        _rejects(lost, "its co-buy is not in the catalogue"),
        _rejects(wordless, "nothing is left of its text without the relation's phrase"),
    ]
    funnel = {"candidates": sum(out.values()) + len(kept), **out, "kept": len(kept)}
    return Built(intentions[order_of_ids(intentions["id"])], triples, evidence, pl.concat(rejects), funnel)


def judge(candidates: pl.LazyFrame, verdicts: pl.LazyFrame, *, threshold: float) -> pl.DataFrame:
    """Return the candidates by id, each with its score, and why it is `out` (null: kept).

    A candidate that several rules refuse is out for the first of them by name. Where there is a
    score it decides; else the answer does.
    """
    decided = _decided(verdicts.select("candidate", "judge", "answer", "score").collect())
    asked = candidates.select(_CANDIDATE).collect()
    asked = asked if asked["id"].is_sorted() else asked.sort("id")
    if asked["id"].equals(decided["candidate"]):  # as it is when every candidate was judged
        judged = pl.concat([asked, decided.drop("candidate")], how="horizontal")
    else:
        judged = asked.join(decided, left_on="id", right_on="candidate", how="left", maintain_order="left")
    return judged.select(*_CANDIDATE, "score", _why_out(threshold).alias("out"))


def _decided(said: pl.DataFrame) -> pl.DataFrame:
    """Return one row a judged candidate: the first rule that `refuses` it, and who `decides` and how.

    The shopper decides, else what was imported; both may be missing. Rows come by candidate.
    """
    if not is_ordered(said, ("candidate", "judge")):
        said = said.sort("candidate", "judge")
    judge, here = pl.col("judge"), pl.col("candidate")
    refuses = judge.str.starts_with("rule:") & (pl.col("answer") == "no")
    decides = judge.is_in(["imported", "shopper"])
    alone = here.ne_missing(here.shift(1)) & here.ne_missing(here.shift(-1))
    told = said.select(
        "candidate",
        pl.when(refuses).then(judge).alias("refuses"),
        *(pl.when(decides).then(pl.col(name)).alias(name) for name in ("judge", "answer", "score")),
        alone.alias("alone"),
    ).rename({"judge": "decides"})
    several = (
        told.filter(~pl.col("alone"))
        .group_by("candidate", maintain_order=True)
        .agg(
            pl.col("refuses").drop_nulls().first(),
            # "imported" comes before "shopper": the last one decides.
            pl.col("decides", "answer", "score").filter(pl.col("decides").is_not_null()).last(),
        )
    )
    return told.filter("alone").drop("alone").merge_sorted(several, key="candidate")


def _why_out(threshold: float) -> pl.Expr:
    score, answer = pl.col("score"), pl.col("answer")
    return (
        pl.when(pl.col("refuses").is_not_null())
        .then(pl.col("refuses"))
        .when(answer.is_null())
        .then(pl.lit(UNJUDGED))
        .when(answer == "unparsed")
        .then(pl.lit(UNPARSED))
        .when(pl.when(score.is_not_null()).then(score < threshold).otherwise(answer != "yes"))
        .then(pl.col("decides"))
    )


def _paired(kept: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the candidates with the number of their co-buy in place of its id; null: unknown."""
    known = pairs.select(pl.col("id").alias("cobuy"), "pair")
    return kept.join(known, on="cobuy", how="left", maintain_order="left").drop("cobuy")


def _intentions(kept: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Return the number of each kept candidate's intention (null: no words), and the intentions.

    An intention's text is its most frequent spelling; of equally frequent ones, the smallest in bytes.
    """
    texts, text = numbered(kept["text"])
    spelling = stripped(texts)
    normals, normal = numbered(normal_forms(spelling))
    langs, lang = numbered(kept["lang"])
    said = pl.DataFrame({"text": text, "normal": normal.gather(text), "lang": lang})
    key = ["normal", "lang"]
    chosen = (
        _spelled(said.group_by(*key, "text").agg(pl.len().alias("times")), spelling)
        .filter(pl.lit(normals).gather(pl.col("normal")) != "")
        .with_row_index("intention")
    )
    number = said.join(chosen.select(*key, "intention"), on=key, how="left", maintain_order="left")
    named = chosen.select("text", normal=normals.gather(chosen["normal"]), lang=langs.gather(chosen["lang"]))
    ids = content_ids(named, "intention", key, distinct=True)
    return number["intention"], named.select(ids, "text", "lang")


def _spelled(said: pl.DataFrame, spelling: pl.Series) -> pl.DataFrame:
    """Return each normal form and language with its most frequent spelling as `text`."""
    key = ["normal", "lang"]
    texts = said.with_columns(spelling.gather(said["text"]).alias("text"))
    several = pl.struct(key).is_duplicated()
    chosen = (
        texts.filter(several)
        .group_by(*key, "text")
        .agg(pl.col("times").sum())
        .filter(pl.col("times") == pl.col("times").max().over(key))
        .group_by(key)
        .agg(pl.col("text").min())
    )
    return pl.concat([texts.filter(~several).select(*key, "text"), chosen])


def _triples(
    said: pl.DataFrame, intentions: pl.Series, pairs: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the triples that candidates say, added up, and which candidate says which.

    The candidates come in the order of their ids, and name co-buys and intentions by number.
    """
    ends = ["pair", "relation", "intention"]
    relations, relation = numbered(said["relation"])
    said = said.with_columns(relation)
    found = said.group_by(ends).agg(_acceptance(), pl.len().cast(pl.Int64).alias("support"))
    named = found.select(
        "acceptance",
        "support",
        intention=intentions.gather(found["intention"]),
        relation=relations.gather(found["relation"]),
        cobuy=pairs["id"].gather(found["pair"]),
        product_a=pairs["product_a"].gather(found["pair"]),
        product_b=pairs["product_b"].gather(found["pair"]),
    )
    named = named.with_columns(
        content_ids(named, "triple", ["cobuy", "relation", "intention"], distinct=True)
    )
    order = order_of_ids(named["id"])
    triples = named.select(list(schema_of(Triple)))[order]
    place = found.select(ends)[order].with_row_index("triple")
    evidence = (
        said.select(*ends, pl.int_range(pl.len()).alias("candidate"))
        .join(place, on=ends)
        .sort("triple", "candidate")
    )
    return triples, pl.DataFrame(
        {
            "triple": triples["id"].gather(evidence["triple"]),
            "candidate": said["id"].gather(evidence["candidate"]),
        }
    )


def _acceptance() -> pl.Expr:
    whole = (pl.col("score") * _BILLION + 0.5).floor().cast(pl.Int64)
    return (whole.sum() / (pl.col("score").count() * _BILLION)).fill_nan(None).alias("acceptance")


def _counts(out: pl.Series) -> dict[str, int]:
    """Return how many candidates are out for each reason: the rules by name, then the rest."""
    counted = dict(out.drop_nulls().value_counts().iter_rows())
    rules = sorted(name for name in counted if name.startswith("rule:"))
    others = (*rules, UNJUDGED, "shopper", "imported", UNPARSED)
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
