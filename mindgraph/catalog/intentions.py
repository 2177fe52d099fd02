"""Finished intentions from a file: candidates with their verdicts, so that no model need be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from mindgraph.catalog import cells
from mindgraph.catalog.columns import INTENTIONS, Input, missing_column
from mindgraph.records import Candidate, Generator, content_id
from mindgraph.relations import canonical_relation
from mindgraph.tables import content_ids, map_distinct, schema_of
from mindgraph.texts import strip_lead_in

SHOPPER, IMPORTED = "shopper", "imported"
_YES = re.compile(
    r"(?i)\W*(?:yes|yeah|yep|y|true|t|1(?:\.0*)?|accept(?:ed|able)?|kept|keep|agreed?)(?![\w'’]|\.\d)"
)
_NO = re.compile(
    r"(?i)\W*(?:no|nope|n|false|f|0(?:\.0*)?|reject(?:ed)?|dropped|drop|disagreed?)(?![\w'’]|\.\d)"
)


@dataclass(frozen=True)
class Imported:
    """Hold what one file of finished intentions gives."""

    generator: Generator
    candidates: pl.DataFrame
    verdicts: pl.DataFrame
    rejects: pl.DataFrame


def read_answer(text: str) -> str:
    """Return `yes`, `no` or `unparsed` for a judge's words; nothing is guessed.

    >>> read_answer("Yes, because both protect the phone."), read_answer("It depends")
    ('yes', 'unparsed')
    """
    if _YES.match(text):
        return "yes"
    return "no" if _NO.match(text) else "unparsed"


def named_products(part: Input) -> pl.DataFrame:
    """Return the ids and titles that the file itself gives, each once with its first line."""
    missing = [field for field in ("title_a", "title_b") if field not in part.has]
    if missing:
        error = missing_column(part.file, INTENTIONS, missing[0])
        error.hint += " Or name the file of PRODUCTS first: mindgraph ingest PRODUCTS --intentions FILE"
        raise error
    sides = [part.rows.select("line", id=f"product_{side}", title=f"title_{side}") for side in ("a", "b")]
    both = pl.concat(sides).filter(pl.col("id").is_not_null()).sort("line", maintain_order=True)
    return both.unique(["id", "title"], keep="first", maintain_order=True)


def named_pairs(part: Input, products: pl.Series) -> pl.DataFrame:
    """Return the pairs that the file names, each once with weight 1, as far as they make a co-buy."""
    a, b = pl.col("product_a"), pl.col("product_b")
    known = part.rows.filter(a != b, a.is_in(products.implode()), b.is_in(products.implode()))
    return (
        known.select("line", a=pl.min_horizontal(a, b), b=pl.max_horizontal(a, b))
        .group_by("a", "b")
        .agg(pl.col("line").min())
        .select(
            "a",
            "b",
            weight=pl.lit(1.0),
            source=pl.concat_list(pl.format("{}:{}", pl.lit(part.file.name), "line")),
        )
    )


def intentions_of(part: Input, cobuys: pl.DataFrame, revision: str, lang: str) -> Imported:
    """Return the candidates and verdicts of a file; `revision` is the digest of its bytes."""
    generator = _generator(part.file.name, revision)
    judged = _judged(part.rows, cobuys, part)
    bad = judged.filter(pl.col("wrong").is_not_null()).select(
        "line",
        key=pl.concat_str("product_a", "product_b", separator=" + ", ignore_nulls=True),
        reason="wrong",
    )
    good = _candidates(judged.filter(pl.col("wrong").is_null()), part, generator, lang)
    verdicts, odd = _verdicts(good, part, generator)
    return Imported(
        generator=generator,
        candidates=good.select(list(schema_of(Candidate))),
        verdicts=verdicts,
        rejects=part.file.rejects(pl.concat([bad, odd])),
    )


def _generator(name: str, revision: str) -> Generator:
    found = content_id("generator", "import", name, revision, "{}", "")
    return Generator(id=found, kind="import", model=name, revision=revision)


def _judged(rows: pl.DataFrame, cobuys: pl.DataFrame, part: Input) -> pl.DataFrame:
    """Add `cobuy`, the cleaned `text`, the canonical relation, and `wrong`: why a row is refused."""
    a, b = pl.col("product_a"), pl.col("product_b")
    table = rows.with_columns(
        a=pl.min_horizontal(a, b),
        b=pl.max_horizontal(a, b),
        written=pl.col("relation"),
        relation=cells.mapped(rows["relation"].fill_null(""), lambda name: canonical_relation(name) or ""),
        text=cells.mapped(rows["text"], lambda text: strip_lead_in(cells.plain(text))),
        detail=cells.mapped(rows["detail"], cells.plain),
    ).join(
        cobuys.select("product_a", "product_b", cobuy="id"),
        left_on=["a", "b"],
        right_on=["product_a", "product_b"],
        how="left",
        maintain_order="left",
    )
    wrong = (
        pl.when(a.is_null() | b.is_null())
        .then(pl.lit("no product id"))
        .when(a == b)
        .then(pl.lit("a product with itself"))
        .when(pl.col("cobuy").is_null())
        .then(pl.lit("the pair is no co-buy of this catalogue"))
        .when(pl.col("relation").is_null())
        .then(pl.format("unknown relation {}", pl.col("written").str.slice(0, 80)))
        .when(pl.col("text").is_null())
        .then(pl.lit("no intention text"))
    )
    return table.with_columns(wrong=wrong.otherwise(pl.lit(None, dtype=pl.String)))


def _candidates(rows: pl.DataFrame, part: Input, generator: Generator, lang: str) -> pl.DataFrame:
    """Add the fields of `Candidate` that the file does not name; position counts within the request."""
    table = rows.with_columns(
        lang=pl.lit(lang),
        images_seen=pl.lit(0, dtype=pl.Int64),
        generator=pl.lit(generator.id),
        sample=pl.lit(0, dtype=pl.Int64),
        position=pl.int_range(pl.len()).over("cobuy", "relation"),
        reply=pl.format("{}:{}", pl.lit(part.file.name), "line"),
    )
    ids = content_ids(table, "candidate", ["cobuy", "relation", "generator", "sample", "position"])
    return table.with_columns(ids.alias("id"))


def _verdicts(rows: pl.DataFrame, part: Input, generator: Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the verdicts, and rejects for scores that are no number from 0 to 1."""
    score = pl.col("score").cast(pl.Float64, strict=False)
    score = pl.when(score.is_between(0, 1)).then(score)
    answered = bool({"answer", "score"} & part.has)
    said = (
        pl.when(pl.lit(not answered))
        .then(pl.lit("yes"))
        .when(pl.col("said").is_not_null())
        .then(pl.col("said"))
        .when(pl.col("number").is_not_null())
        .then(pl.when(pl.col("number") >= 0.5).then(pl.lit("yes")).otherwise(pl.lit("no")))
        .otherwise(pl.lit("unparsed"))
    )
    table = rows.with_columns(
        map_distinct(rows["answer"], read_answer).alias("said"),
        cells.mapped(rows["reason"], cells.plain),
        cells.mapped(rows["answer"], cells.plain),
        number=score,
    )
    odd = table.filter(pl.col("score").is_not_null() & pl.col("number").is_null()).select(
        "line",
        key="id",
        reason=pl.format("score {} is no number from 0 to 1", pl.col("score").str.slice(0, 80)),
    )
    verdicts = table.select(
        candidate="id",
        judge=pl.lit(SHOPPER if answered else IMPORTED),
        answer=said,
        score="number",
        reason=pl.coalesce("reason", _told("answer")),
        generator=pl.lit(generator.id),
        reply="reply",
    )
    return verdicts, odd


def _told(name: str) -> pl.Expr:
    """Return an answer that says more than its yes or no: it is the reason."""
    return pl.when(pl.col(name).str.contains(r"\S\s+\S")).then(pl.col(name))
