"""A sheet for people: is it plausible, is it typical? And what their answers say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mindgraph.errors import CatalogError
from mindgraph.evaluate.scores import cohens_kappa, fleiss_kappa, interval
from mindgraph.relations import BY_NAME

#: Columns that judges fill in with yes or no.
QUESTIONS = ("plausible", "typical")
_YES, _NO = {"yes", "y", "1", "true"}, {"no", "n", "0", "false"}


def sample_sheet(
    products: pl.DataFrame, triples: pl.DataFrame, intentions: pl.DataFrame, *, size: int = 100, seed: int = 0
) -> pl.DataFrame:
    """Return a sample of triples as sentences, with empty columns for the answers.

    Acceptance is not shown: judges are not told what the model thought.
    """
    picked = np.random.default_rng(seed).permutation(len(triples))[:size]
    titles = products.select("id", "title")
    phrases = {name: relation.phrase for name, relation in BY_NAME.items()}
    return (
        triples.sort("id")[np.sort(picked)]
        .join(titles.rename({"id": "product_a", "title": "title_a"}), on="product_a", how="left")
        .join(titles.rename({"id": "product_b", "title": "title_b"}), on="product_b", how="left")
        .join(intentions.select(intention="id", text="text"), on="intention", how="left")
        .with_columns(pl.col("relation").replace_strict(phrases, default="").alias("phrase"))
        .select(
            "id",
            pl.col("title_a").alias("product a"),
            pl.col("title_b").alias("product b"),
            pl.concat_str("phrase", pl.lit(" "), "text").str.strip_chars().alias("bought together because"),
            *(pl.lit("").alias(question) for question in QUESTIONS),
        )
        .sort("id")
    )


def read_judgements(paths: list[Path]) -> pl.DataFrame:
    """Return judge, id, question, answer (true, false) of filled-in sheets, a judge a file."""
    return pl.concat([_read(path) for path in paths])


def judgements(answers: pl.DataFrame, *, seed: int = 0) -> pl.DataFrame:
    """Return for each question: share of yes with its interval over items, and the judges' agreement.

    Agreement is Cohen's kappa of two judges, Fleiss' of more, over the items that all answered.
    """
    rows = []
    for (question,), part in answers.sort("question").group_by("question", maintain_order=True):
        share, low, high = interval(
            part.group_by("id").agg(pl.col("answer").mean()).sort("id")["answer"].to_numpy(), seed=seed
        )
        rows.append(
            {
                "question": question,
                "items": part["id"].n_unique(),
                "judges": part["judge"].n_unique(),
                "yes": share,
                "low": low,
                "high": high,
                **_agreement(part, seed),
            }
        )
    return pl.DataFrame(rows)


def _read(path: Path) -> pl.DataFrame:
    try:
        sheet = pl.read_csv(path, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CatalogError(f"{path}: cannot be read ({str(error).splitlines()[0]}).") from error
    missing = [name for name in ("id", *QUESTIONS) if name not in sheet.columns]
    if missing:
        raise CatalogError(
            f"{path}:1: no column {', '.join(missing)}.", hint="Fill in a sheet of --sample-sheet."
        )
    rows: list[tuple[str, str, str, bool]] = []
    for line, row in enumerate(sheet.iter_rows(named=True), start=2):
        for question in QUESTIONS:
            said = (row[question] or "").strip().lower()
            if said and said not in _YES | _NO:
                raise CatalogError(
                    f"{path}:{line}: {question} is {said!r}.", hint="Answer yes or no, or nothing."
                )
            if said:
                rows.append((path.stem, row["id"], question, said in _YES))
    return pl.DataFrame(rows, schema=["judge", "id", "question", "answer"], orient="row")


def _agreement(part: pl.DataFrame, seed: int) -> dict[str, Any]:
    wide = part.pivot("judge", index="id", values="answer", aggregate_function="first").drop("id")
    table = wide.drop_nulls().to_numpy().astype(np.int64)
    judges = table.shape[1]
    if judges < 2 or len(table) < 2:
        return {"kappa": None, "kappa_low": None, "kappa_high": None, "kind": "one judge"}
    rng = np.random.default_rng(seed)
    found = [_kappa(table[rng.integers(0, len(table), len(table))]) for _ in range(500)]
    low, high = np.nanpercentile(found, [2.5, 97.5])
    kind = "Cohen" if judges == 2 else "Fleiss"
    return {"kappa": _kappa(table), "kappa_low": float(low), "kappa_high": float(high), "kind": kind}


def _kappa(table: Any) -> float:
    if table.shape[1] == 2:
        return cohens_kappa(table[:, 0], table[:, 1])
    return fleiss_kappa(np.stack([(table == answer).sum(axis=1) for answer in (0, 1)], axis=1))


__all__ = ["QUESTIONS", "judgements", "read_judgements", "sample_sheet"]
