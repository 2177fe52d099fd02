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
    pairs = cobuys.select("id", "product_a", "product_b").collect().with_row_index("pair")
    judged = judge(candidates, verdicts, pairs, threshold=threshold)
    if judged.is_empty():
        raise WorkspaceError("There are no candidates to build from.", hint=_HINT)
    counts, lost = _counts(judged["out"]), judged.filter(pl.col("out") == UNKNOWN_COBUY)
    kept = judged.filter(pl.col("out").is_null()).drop("out")
    kept = kept if kept["id"].is_sorted() else kept.sort("id")
    del judged
    number, intentions = _intentions(kept)
    kept = kept.with_columns(number).drop("lang")
    wordless = kept.filter(pl.col("intention").is_null())
    kept = kept.drop("text").drop_nulls("intention")
    triples, evidence = _triples(kept, intentions["id"], pairs)
    out = counts | ({WORDLESS: len(wordless)} if len(wordless) else {})
    rejects = [
        _rejects(lost, "its co-buy is not in the catalogue"),
        _rejects(wordless, "nothing is left of its text without the relation's phrase"),
    ]
    funnel = {"candidates": sum(out.values()) + len(kept), **out, "kept": len(kept)}
    return Built(intentions[order_of_ids(intentions["id"])], triples, evidence, pl.concat(rejects), funnel)


def judge(
    candidates: pl.LazyFrame, verdicts: pl.LazyFrame, pairs: pl.DataFrame, *, threshold: float
) -> pl.DataFrame:
    """Return each candidate with the number of its co-buy, its score, and why it is `out` (null: kept).

    A candidate that several rules refuse is out for the first of them by name. Where there is a
    score it decides; else the answer does.
    """
    said = verdicts.select("candidate", "judge", "answer", "score").collect()
    if not is_ordered(said, ("candidate", "judge")):
        said = said.sort("candidate", "judge")
    known = pairs.lazy().select(pl.col("id").alias("cobuy"), "pair")
    return (
        _merging(candidates.select(_CANDIDATE).collect(), "id")
        .join(
            _merging(_decisive(said), "candidate"),
            left_on="id",
            right_on="candidate",
            how="left",
            maintain_order="left",
        )
        .join(
            _merging(_refused(said), "candidate"),
            left_on="id",
            right_on="candidate",
            how="left",
            maintain_order="left",
        )
        .join(known, on="cobuy", how="left", maintain_order="left")
        .select("id", "pair", "relation", "text", "lang", "score", _why_out(threshold).alias("out"))
        .collect(engine="streaming")
    )


def _merging(frame: pl.DataFrame, key: str) -> pl.LazyFrame:
    """Return a table lazily that says of its key that it is sorted, if it is: it is joined by merging."""
    sorted_ = frame[key].is_sorted()
    return frame.lazy().with_columns(pl.col(key).set_sorted()) if sorted_ else frame.lazy()


def _decisive(said: pl.DataFrame) -> pl.DataFrame:
    """Return the answer and score that decide: the shopper's, else those that were imported.

    The verdicts come in the order of candidate and judge: the shopper's is the last of them.
    """
    deciding = said.rename({"judge": "decides"}).filter(pl.col("decides").is_in(["imported", "shopper"]))
    return deciding.filter(pl.col("candidate").ne_missing(pl.col("candidate").shift(-1)))


def _refused(said: pl.DataFrame) -> pl.DataFrame:
    """Return the candidates that a rule refuses, with the first such rule by name."""
    of_rule = pl.col("judge").str.starts_with("rule:")
    refusing = said.filter(of_rule & (pl.col("answer") == "no")).select("candidate", "judge")
    return refusing.filter(pl.col("candidate").ne_missing(pl.col("candidate").shift(1)))


def _why_out(threshold: float) -> pl.Expr:
    score, answer = pl.col("score"), pl.col("answer")
    return (
        pl.when(pl.col("pair").is_null())
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


def _intentions(kept: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Return the number of each kept candidate's intention (null: no words), and the intentions.

    An intention's text is its most frequent spelling; of equally frequent ones, the smallest in bytes.
    """
    texts, text = numbered(kept["text"])
    spelling = stripped(texts)
    normals, normal = numbered(normal_forms(spelling))
    said = pl.DataFrame({"text": text, "normal": normal.gather(text), "lang": kept["lang"]})
    key = ["normal", "lang"]
    chosen = (
        _spelled(said.group_by(*key, "text").agg(pl.len().alias("times")), spelling)
        .filter(pl.lit(normals).gather(pl.col("normal")) != "")
        .with_row_index("intention")
    )
    number = said.join(chosen.select(*key, "intention"), on=key, how="left", maintain_order="left")
    named = pl.DataFrame({"normal": normals.gather(chosen["normal"]), "lang": chosen["lang"]})
    ids = content_ids(named, "intention", key, distinct=True)
    return number["intention"], chosen.select(ids, "text", "lang")


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
