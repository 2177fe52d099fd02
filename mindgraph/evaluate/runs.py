"""How good the data of a run is, and what pictures are worth."""

from __future__ import annotations

from typing import Any

import polars as pl

from mindgraph.evaluate.scores import interval

#: Words that make an intention say nothing of the two things.
GENERIC = r"(?i)\b(?:like|useful|personal use|gift|quality|popular|good|nice|great|buy|together)\b"


def data_quality(
    candidates: pl.DataFrame, verdicts: pl.DataFrame, intentions: pl.DataFrame, triples: pl.DataFrame
) -> pl.DataFrame:
    """Return measure, of, value, low, high, rows.

    Measured are duplicates, unparsed verdicts, acceptance per relation, generic and shared intentions,
    length, and distinct-n: the share of different n-grams among all (Li et al., A diversity-promoting
    objective function, 2016).
    """
    shopper = verdicts.filter(pl.col("judge").is_in(["shopper", "imported"]))
    said = candidates.join(shopper, left_on="id", right_on="candidate", how="inner")
    rows = [
        _share("duplicates", "candidates", candidates.select("cobuy", "relation", "text").is_duplicated()),
        _share("unparsed", "verdicts", shopper["answer"] == "unparsed"),
        _share("generic", "intentions", intentions["text"].str.contains(GENERIC)),
        _share("shared by several co-buys", "intentions", _shared(triples)),
    ]
    rows += [
        _share("accepted", relation, part["answer"] == "yes")
        for (relation,), part in said.sort("relation").group_by("relation", maintain_order=True)
    ]
    words = intentions["text"].str.to_lowercase().str.extract_all(r"\w+")
    rows.append(_mean("words", "intentions", words.list.len()))
    rows += [_distinct(words, n) for n in (1, 2)]
    return pl.DataFrame(rows, schema=_COLUMNS, orient="row")


_COLUMNS = {
    "measure": pl.String,
    "of": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "rows": pl.Int64,
}


def image_value(runs: dict[str, tuple[pl.DataFrame, pl.DataFrame]]) -> pl.DataFrame:
    """Return how runs over the same co-buys differ: acceptance of each, and words shared with the first.

    `runs` has for each name (such as with pictures, without, swapped) its candidates and verdicts.
    Columns: run, co-buys, acceptance, low, high, gain, gain_low, gain_high (paired over co-buys,
    against the first), words (mean Jaccard of the words of each co-buy and relation with the first).
    Source of the question: the paper that this package implements (arXiv 2406.10701) holds that pictures
    matter; swapped pictures tell what is seen from what is guessed.
    """
    names = list(runs)
    accepted = {name: _accepted(*tables) for name, tables in runs.items()}
    first, rows = accepted[names[0]], []
    for name in names:
        both = first.join(accepted[name], on=["cobuy", "relation"], suffix="_b")
        each = both.group_by("cobuy").agg(pl.col("yes").mean(), pl.col("yes_b").mean()).sort("cobuy")
        gain = interval((each["yes_b"] - each["yes"]).to_numpy())
        overlap = pl.col("words").list.set_intersection("words_b").list.len()
        union = pl.col("words").list.set_union("words_b").list.len()
        words = both.select((overlap / union).mean()).item()
        rows.append((name, len(each), *interval(each["yes_b"].to_numpy()), *gain, words))
    columns = ["run", "co-buys", "acceptance", "low", "high", "gain", "gain_low", "gain_high", "words"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def _accepted(candidates: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    shopper = verdicts.filter(pl.col("judge").is_in(["shopper", "imported"]))
    said = candidates.join(shopper, left_on="id", right_on="candidate")
    words = pl.col("text").str.to_lowercase().str.extract_all(r"\w+").list.explode().unique().sort()
    return said.group_by("cobuy", "relation").agg(
        (pl.col("answer") == "yes").mean().alias("yes"), words.alias("words")
    )


def _shared(triples: pl.DataFrame) -> pl.Series:
    return triples.group_by("intention").agg(pl.col("cobuy").n_unique().alias("n"))["n"] > 1


def _share(measure: str, of: str, said: pl.Series) -> tuple[Any, ...]:
    return _mean(measure, of, said.cast(pl.Float64))


def _mean(measure: str, of: str, values: pl.Series) -> tuple[Any, ...]:
    """Return a row with the normal interval of a mean: exact enough at any size that is worth telling."""
    count = len(values)
    if not count:
        return measure, of, None, None, None, 0
    mean = float(values.cast(pl.Float64).to_numpy().mean())
    error = 1.96 * float(values.cast(pl.Float64).to_numpy().std()) / count**0.5
    return measure, of, round(mean, 4), round(mean - error, 4), round(mean + error, 4), count


def _distinct(words: pl.Series, n: int) -> tuple[Any, ...]:
    frame = pl.DataFrame({"words": words}).with_row_index("row").explode("words").drop_nulls("words")
    shifted = [pl.col("words").shift(-k).over("row") for k in range(n)]
    grams = frame.select(pl.concat_str(shifted, separator=" ").alias("gram")).drop_nulls()["gram"]
    share = grams.n_unique() / len(grams) if len(grams) else None
    return f"distinct-{n}", "intentions", None if share is None else round(share, 4), None, None, len(grams)
