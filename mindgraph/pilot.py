"""A small part of the catalogue asked in several ways, side by side, before the rest is paid for.

Nothing but the ledger is written: what was asked counts for the full run, for the same questions
are answered from there. How good the intentions are no figure says: a sheet without the names of
the ways is for people to judge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from mindgraph.distill import Distiller
from mindgraph.errors import SettingsError
from mindgraph.filters import SHOPPER, Shopper, runs_of_words, throw_out
from mindgraph.filters.stage import titles
from mindgraph.pairs import Gallery
from mindgraph.prices import prices_of
from mindgraph.prompts import Asker
from mindgraph.records import CoBuy, Product
from mindgraph.session import session
from mindgraph.settings import Settings
from mindgraph.tables import content_ids
from mindgraph.tally import Budget, Tally, Tell, silent
from mindgraph.workspace import Workspace

STAGE = "pilot"
#: What every candidate of the pilot is known by, and what the sheet shows of it.
_SHEET = ["cobuy", "title_a", "title_b", "relation", "text", "detail"]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """Say what became of the sample, asked in one way. Shares and scores run from 0 to 1."""

    way: str
    cobuys: int
    candidates: int
    #: Share of the candidates that the shopper accepts and no rule throws out.
    accepted: float | None
    by_rule: float | None
    duplicates: float | None
    unparsed: float | None
    #: Questions whose answer could not be read, or never came.
    failed: int
    #: Quartiles of the shopper's scores; None where there are none.
    score_25: float | None
    score_50: float | None
    score_75: float | None
    #: Words of an intention, on average.
    words: float | None
    #: Accepted texts in common with the first way, over those of either (Jaccard), mean over co-buys.
    agreement: float | None
    #: Tokens of a co-buy: read and written, over all steps.
    tokens: float
    #: For all co-buys of the workspace at the same rate.
    all_usd: float | None
    all_hours: float


@dataclass(frozen=True)
class Piloted:
    """Hold the rows that stand side by side, and the sheet for people to judge."""

    ways: list[Way]
    #: One row a text and co-buy, in an order that tells nothing; `way` is left out of what is judged.
    sheet: pl.DataFrame


def pilot(
    workspace: Workspace,
    settings: Settings,
    variants: Sequence[Mapping[str, Any]] = (),
    *,
    size: int = 50,
    budget: Budget | None = None,
    tell: Tell = silent,
) -> Piloted:
    """Ask about a sample as the settings say, and once more with each variant of them.

    A variant names settings that differ. Raises BudgetReached or LVLMUnavailable where that ends it:
    the same command goes on.
    """
    cobuys = sample(workspace.require(), size, seed=settings.seed)
    total = workspace.count(CoBuy)
    found = [_asked(workspace, one, cobuys, budget, tell) for one in _ways(settings, variants)]
    first = found[0][0]
    named = ["as it is", *(name_of(variant) for variant in variants)]
    ways = [
        _way(name, judged, tally, cobuys=cobuys, total=total, first=first, settings=way)
        for name, (judged, tally), way in zip(named, found, _ways(settings, variants), strict=True)
    ]
    sheet = pl.concat(
        [judged.with_columns(way=pl.lit(name)) for name, (judged, _) in zip(named, found, strict=True)]
    )
    return Piloted(ways, _blind(sheet, workspace, settings.seed))


def sample(workspace: Workspace, size: int, *, seed: int = 0) -> pl.DataFrame:
    """Return co-buys from across the categories and weights: one of each kind before two of any."""
    first = workspace.read(Product).select(
        pl.col("id").alias("product_a"), category=pl.col("categories").list.first().fill_null("")
    )
    bought = workspace.read(CoBuy).join(first, on="product_a", how="left")
    if bought.is_empty():
        raise SettingsError(f"{workspace.path} holds no co-buys.", hint="mindgraph ingest PRODUCTS COBUYS")
    rank = pl.col("weight").rank("ordinal") * 4 // (pl.len() + 1)
    turns = content_ids(bought.with_columns(seed=pl.lit(seed)), "pilot", ["seed", "id"])
    kinds = bought.with_columns(turns.alias("turn")).sort("turn").with_columns(quarter=rank)
    turn = pl.int_range(pl.len()).over("category", "quarter")
    return kinds.with_columns(round=turn).sort("round", "turn").head(size).select(bought.columns[:-1])


def name_of(variant: Mapping[str, Any]) -> str:
    """Return a variant as it was named: `images=none, calls=per-relation`."""
    return ", ".join(f"{key}={value}" for key, value in variant.items())


def _ways(settings: Settings, variants: Sequence[Mapping[str, Any]]) -> list[Settings]:
    given = msgspec.structs.asdict(settings)
    try:
        return [settings, *(msgspec.convert({**given, **v}, Settings, strict=False) for v in variants)]
    except msgspec.ValidationError as error:
        raise SettingsError(f"A variant is wrong: {error}.") from error


def _asked(
    workspace: Workspace, settings: Settings, cobuys: pl.DataFrame, budget: Budget | None, tell: Tell
) -> tuple[pl.DataFrame, tuple[Tally, Tally]]:
    """Distil and judge the sample in one way; return its candidates with answer, score and rule."""
    asker, products = Asker(settings), workspace.read(Product)
    gallery = Gallery(workspace.images, settings.images)
    with session(workspace, settings, STAGE, budget) as opened:
        tell = opened.telling(tell)
        said = Distiller(opened.lvlm, asker, products, gallery, generator=STAGE).distill(cobuys, tell)
        if said.stopped:
            raise said.stopped
        candidates = said.candidates.with_columns(paragraph=pl.lit(asker.paragraph))
        thrown = throw_out(candidates, titles(workspace), runs_of_words(asker.words))
        left = candidates.join(thrown.select(id="candidate").unique(), on="id", how="anti")
        shopper = Shopper(opened.lvlm, asker, products, gallery, generator=STAGE)
        judged = shopper.judge(left, cobuys, said.features, tell)
        if judged.stopped:
            raise judged.stopped
    return _judged(said.candidates, thrown, judged.verdicts), (said.tally, judged.tally)


def _judged(candidates: pl.DataFrame, thrown: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    rules = thrown.group_by("candidate").agg(rules=pl.col("judge"))
    said = verdicts.filter(judge=SHOPPER).select("candidate", "answer", "score")
    return candidates.join(rules, left_on="id", right_on="candidate", how="left").join(
        said, left_on="id", right_on="candidate", how="left"
    )


def _way(
    name: str,
    judged: pl.DataFrame,
    tallies: tuple[Tally, Tally],
    *,
    cobuys: pl.DataFrame,
    total: int,
    first: pl.DataFrame,
    settings: Settings,
) -> Way:
    used = tallies[0].used + tallies[1].used
    share, prices = total / len(cobuys), prices_of(settings)
    usd = prices.of(used["prompt"], used["cached"], used["completion"]) * share
    scores = judged["score"].drop_nulls()
    low, middle, high = (_rounded(scores.quantile(part, "linear")) for part in (0.25, 0.5, 0.75))
    return Way(
        way=name,
        cobuys=len(cobuys),
        candidates=len(judged),
        accepted=_share(judged, pl.col("answer") == "yes"),
        by_rule=_share(judged, pl.col("rules").is_not_null()),
        duplicates=_share(judged, pl.col("rules").list.contains("rule:duplicate")),
        unparsed=_share(judged, pl.col("answer") == "unparsed"),
        failed=tallies[0].failed + tallies[1].unanswered,
        score_25=low,
        score_50=middle,
        score_75=high,
        words=_rounded(judged.select((pl.col("text").str.count_matches(" ") + 1).mean()).item()),
        agreement=_agreement(judged, first),
        tokens=round((used["prompt"] + used["completion"]) / len(cobuys), 1),
        all_usd=round(usd, 2) if usd else None,
        all_hours=round(used["milliseconds"] / 3.6e6 / settings.concurrency * share, 2),
    )


def _share(judged: pl.DataFrame, condition: pl.Expr) -> float | None:
    return _rounded(judged.select(condition.fill_null(False).mean()).item())


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _agreement(judged: pl.DataFrame, first: pl.DataFrame) -> float | None:
    """Return the mean over co-buys of the accepted texts in common over those of either."""

    def texts(frame: pl.DataFrame) -> pl.DataFrame:
        accepted = frame.filter(pl.col("answer") == "yes")
        return accepted.group_by("cobuy").agg(pl.col("text").str.to_lowercase().unique())

    both = texts(judged).join(texts(first), on="cobuy", how="full", coalesce=True, suffix="_first")
    mine, theirs = (pl.col(name).fill_null([]) for name in ("text", "text_first"))
    shared, either = mine.list.set_intersection(theirs).list.len(), mine.list.set_union(theirs).list.len()
    return _rounded(both.select((shared / either).mean()).item())


def _blind(judged: pl.DataFrame, workspace: Workspace, seed: int) -> pl.DataFrame:
    """Return what people judge: every text once a co-buy and relation, and who said it beside it."""
    said = judged.group_by("cobuy", "relation", "text").agg(
        pl.col("detail").first(), pl.col("way").unique().sort().str.join("; ")
    )
    turns = content_ids(said.with_columns(seed=pl.lit(seed)), "sheet", ["seed", "cobuy", "relation", "text"])
    shown = said.with_columns(turns.alias("row")).join(titles(workspace), on="cobuy", how="left")
    return shown.sort("row").select("row", *_SHEET, "way", plausible=pl.lit(""), typical=pl.lit(""))
