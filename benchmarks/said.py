"""What a model would have said of a synthetic shop, and what rules and shopper made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.purposes import STAPLE, Ints, Words, mood_of, wordings
from benchmarks.shop import CoBuys, Products, favourites
from benchmarks.vocabulary import ECHOES, GENERIC, REFUSALS, STAPLES
from mindgraph.records import Candidate, Feature, Generator, Verdict, content_id
from mindgraph.relations import BY_NAME, DEFAULT_RELATIONS, USAGE_RELATIONS
from mindgraph.tables import content_ids, schema_of

#: Of what is not kept, the shares that rules refuse, and the rules; "duplicate" are those that are one.
_REFUSED = {
    "rule:echo": 0.02,
    "rule:empty": 0.02,
    "rule:generic": 0.1,
    "rule:refusal": 0.02,
    "rule:title": 0.06,
    "rule:too_long": 0.03,
}
_UNPARSED = 0.04
#: Share of the candidates that say what is said of many things.
_STAPLE = 0.03
#: Of all, the shares that have a verdict without a score, and an imported one in place of a shopper's.
_SCORELESS, _IMPORTED = 0.08, 0.01


@dataclass(frozen=True)
class Said:
    """Hold the candidates' table, and per candidate (in that order) what only the generator knows."""

    frame: pl.DataFrame
    purpose: Ints
    #: How the purpose is worded, `mood` included.
    wording: pl.DataFrame
    kept: NDArray[np.bool_]
    #: The judge that says no, "unparsed", or null.
    fate: pl.Series


def make_generators() -> pl.DataFrame:
    """Return two models, as they would stand in the workspace."""
    rows = [("synthetic-large", "1"), ("synthetic-small", "2")]
    fields = [("model", model, revision, '{"temperature":0.2}', "p1") for model, revision in rows]
    columns = ["kind", "model", "revision", "parameters", "prompt_version"]
    frame = pl.DataFrame(fields, schema=columns, orient="row")
    ids = pl.Series("id", [content_id("generator", *row) for row in fields])
    return frame.with_columns(ids).select(list(schema_of(Generator)))


def make_features(rng: np.random.Generator, shop: Products, words: Words) -> pl.DataFrame:
    """Return what a model would have seen in each product."""
    use = words.circumstances.gather(shop.purposes[0] * 4)
    return shop.frame.select(
        product="id",
        text=pl.format("The picture shows: {}. It looks well made and would serve{}.", "title", pl.lit(use)),
        images_seen=pl.lit(1, pl.Int64),
        generator=pl.lit(make_generators()["id"][0]),
        reply=random_keys(rng, len(shop.frame)),
    ).select(list(schema_of(Feature)))


def make_candidates(
    rng: np.random.Generator, count: int, kept: int, shop: Products, cobuys: CoBuys, words: Words
) -> Said:
    """Make candidates, as many of each co-buy, and settle which of them are kept: exactly `kept`."""
    pairs = len(cobuys.a)
    cobuy, slot = np.arange(count) % pairs, np.arange(count) // pairs
    relation = (slot % 18 + cobuy) % 18
    purpose = _purposes(rng, shop, cobuys, cobuy)
    needed = _cover(rng, purpose, words, shop, cobuys)
    relations = pl.Series(DEFAULT_RELATIONS).gather(relation)
    wording, text = _worded(rng, purpose, relation, words, needed)
    first = _first(cobuy, relation, text, needed)
    likely = np.isin(relation, [DEFAULT_RELATIONS.index(name) for name in USAGE_RELATIONS])
    is_kept = _exactly(rng, kept, first, likely + 8.0 * needed)
    fate = _fates(rng, is_kept, first)
    text = _surface(rng, text, relations)
    text = _spoil(rng, text, fate, shop.frame["title"].gather(cobuys.a[cobuy]))
    frame = pl.DataFrame(
        {
            "cobuy": cobuys.frame["id"].gather(cobuy),
            "relation": relations,
            "generator": make_generators()["id"].gather((cobuy % 5 == 0).astype(np.int64)),
            "sample": slot // 18,
            "position": np.zeros(count, np.int64),
        }
    )
    frame = frame.with_columns(
        content_ids(frame, "candidate", ["cobuy", "relation", "generator", "sample", "position"]),
        text=text,
        detail=_details(shop, cobuys, cobuy, purpose, words),
        lang=pl.lit("en"),
        images_seen=pl.lit(2, pl.Int64),
        reply=random_keys(rng, pairs * 5).gather(cobuy * 5 + relation % 5),
    )
    return Said(frame.select(list(schema_of(Candidate))), purpose, wording, is_kept, fate)


def make_verdicts(rng: np.random.Generator, said: Said) -> pl.DataFrame:
    """Return one verdict a candidate: the rule's that refuses it, the shopper's or an imported one's.

    One in two hundred of the refused has a shopper's yes besides, from before there was the rule.
    """
    fate, count = said.fate, len(said.kept)
    ruled = fate.str.starts_with("rule:").fill_null(False)
    score = np.round(np.where(said.kept, 0.5, 0.0) + rng.beta(2, 1.5, count) * 0.4999, 4)
    part = rng.random((2, count))
    scoreless = pl.Series(part[0] < _SCORELESS) | ruled | (fate == "unparsed").fill_null(False)
    answer = pl.when(pl.Series(said.kept)).then(pl.lit("yes"))
    answer = answer.when(pl.Series((fate == "unparsed").fill_null(False))).then(pl.lit("unparsed"))
    shopper = make_generators()["id"][0]
    verdicts = pl.select(
        candidate=said.frame["id"],
        judge=pl.when(ruled)
        .then(fate)
        .when(pl.Series(part[1] < _IMPORTED))
        .then(pl.lit("imported"))
        .otherwise(pl.lit("shopper")),
        answer=answer.otherwise(pl.lit("no")),
        score=pl.when(scoreless).then(None).otherwise(pl.Series(score)),
        reason=pl.when(ruled).then(pl.lit("a rule speaks")),
        generator=pl.when(~ruled).then(pl.lit(shopper)),
        reply=pl.when(~ruled).then(random_keys(rng, count)),
    )
    before = verdicts.filter(ruled).gather_every(200)
    before = before.with_columns(
        judge=pl.lit("shopper"), answer=pl.lit("yes"), score=pl.lit(0.9), reason=pl.lit(None, pl.String)
    )
    return pl.concat([verdicts, before]).select(list(schema_of(Verdict)))


def random_keys(rng: np.random.Generator, count: int) -> pl.Series:
    """Return keys of 32 hexadecimal digits, as the ledger's are."""
    digits = np.frombuffer(b"0123456789abcdef", np.uint8)[rng.integers(0, 16, count * 32, np.uint8)]
    ends = np.arange(0, count * 32 + 1, 32, dtype=np.int64)
    keys = pa.LargeStringArray.from_buffers(count, pa.py_buffer(ends), pa.py_buffer(digits))
    return pl.Series(pl.from_arrow(keys))


def _purposes(rng: np.random.Generator, shop: Products, cobuys: CoBuys, cobuy: Ints) -> Ints:
    """Draw what each candidate means: mostly the first purposes of the two products."""
    of_pair = np.concatenate([shop.purposes[:, cobuys.a], shop.purposes[:, cobuys.b]])
    turn = rng.random((4, len(cobuys.a))).argsort(axis=0)
    shuffled = np.take_along_axis(of_pair, turn, axis=0)
    which = rng.choice(4, len(cobuy), p=[0.55, 0.25, 0.15, 0.05])
    return shuffled[which, cobuy]


def _cover(
    rng: np.random.Generator, purpose: Ints, words: Words, shop: Products, cobuys: CoBuys
) -> NDArray[np.bool_]:
    """Let every purpose that no candidate means be meant by one whose products are made for it.

    Changes `purpose`, and returns which candidates must be kept so that every purpose is seen.
    """
    kind = (shop.department * 9 + shop.thing)[cobuys.a]
    order = np.argsort(kind, kind="stable")
    needed = np.zeros(len(purpose), bool)
    needed[np.unique(purpose, return_index=True)[1]] = True
    for slot in range(len(purpose) // len(kind)):
        missing = np.setdiff1d(np.arange(len(words.deeds)), purpose[needed])
        sides = (np.searchsorted(kind[order], words.kinds[missing], side=side) for side in ("left", "right"))
        low, high = sides
        drawn = low + rng.integers(0, 1 << 30, len(missing)) % np.maximum(1, high - low)
        spot = order[drawn.clip(0, len(kind) - 1)] + len(kind) * slot
        good = (high > low) & ~needed[spot]
        purpose[spot[good]], needed[spot[good]] = missing[good], True
    return needed


def _worded(
    rng: np.random.Generator, purpose: Ints, relation: Ints, words: Words, needed: NDArray[np.bool_]
) -> tuple[pl.DataFrame, pl.Series]:
    """Return how each candidate words its purpose, and the text; a few say what everybody says.

    Such a staple is counted to one purpose, whatever the products: `purpose` is changed to it.
    """
    mood = np.array([mood_of(name) for name in DEFAULT_RELATIONS])[relation]
    wording = wordings(rng, len(purpose))
    which = favourites(rng, len(STAPLES), len(purpose), power=1.0)
    staple = (rng.random(len(purpose)) < _STAPLE) & ~needed
    purpose[staple] = which[staple] * 449 % len(words.deeds)
    text = words.texts(purpose, mood, wording)
    text = pl.Series(STAPLES).gather(which).zip_with(pl.Series(staple), text)
    mood[staple] = STAPLE
    return wording.with_columns(mood=pl.Series(mood, dtype=pl.UInt8)), text


def _first(cobuy: Ints, relation: Ints, text: pl.Series, needed: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say which candidates repeat no other of their co-buy and relation; the needed ones come first."""
    order = np.argsort(~needed, kind="stable")
    frame = pl.DataFrame({"c": cobuy, "r": relation, "t": text})[order]
    first = np.empty(len(order), bool)
    first[order] = frame.select(pl.struct("c", "r", "t").is_first_distinct()).to_series().to_numpy()
    return first


def _exactly(
    rng: np.random.Generator, kept: int, first: NDArray[np.bool_], likely: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Choose exactly `kept` of the candidates that repeat no other; usage relations more often."""
    chance = rng.random(len(first)) + 0.25 * likely - 10.0 * ~first
    chosen = np.zeros(len(first), bool)
    chosen[np.argpartition(-chance, kept)[:kept]] = True
    if not first[chosen].all():
        raise ValueError(f"Fewer than {kept} candidates say something of their own.")
    return chosen


def _fates(rng: np.random.Generator, kept: NDArray[np.bool_], first: NDArray[np.bool_]) -> pl.Series:
    """Return the judge that refuses each candidate, "unparsed", or null where it is kept."""
    names = [*_REFUSED, "unparsed", "shopper"]
    shares = [*_REFUSED.values(), _UNPARSED]
    drawn = pl.Series(names).gather(rng.choice(len(names), len(kept), p=[*shares, 1 - sum(shares)]))
    return pl.select(
        pl.when(pl.Series(kept))
        .then(None)
        .when(pl.Series(~first))
        .then(pl.lit("rule:duplicate"))
        .otherwise(drawn)
        .alias("fate")
    )["fate"]


def _surface(rng: np.random.Generator, text: pl.Series, relations: pl.Series) -> pl.Series:
    """Return the texts as models write them: with a capital, a full stop, the relation's phrase."""
    look = pl.Series(rng.random(len(text)))
    phrases = {name: BY_NAME[name].phrase for name in DEFAULT_RELATIONS}
    capital = pl.col("text").str.slice(0, 1).str.to_uppercase() + pl.col("text").str.slice(1)
    phrase = pl.col("relation").replace_strict(phrases, return_dtype=pl.String)
    return (
        pl.DataFrame({"text": text, "relation": relations, "look": look})
        .select(
            pl.when(pl.col("look") < 0.06)
            .then(capital)
            .when(pl.col("look") < 0.1)
            .then(pl.col("text") + ".")
            .when((pl.col("look") < 0.16) & (phrase != ""))
            .then(phrase + " " + pl.col("text"))
            .otherwise("text")
            .alias("text")
        )
        .to_series()
    )


def _spoil(rng: np.random.Generator, text: pl.Series, fate: pl.Series, titles: pl.Series) -> pl.Series:
    """Return the texts, but where a rule refuses them, what that rule refuses."""
    draw = rng.integers(0, 4, len(text))
    spoilt = {
        "rule:empty": pl.lit(""),
        "rule:refusal": pl.Series(REFUSALS).gather(draw % 2),
        "rule:generic": pl.Series(GENERIC).gather(draw),
        "rule:echo": pl.Series(ECHOES).gather(draw % 2),
        "rule:title": titles,
        "rule:too_long": pl.concat_str(text, *[pl.lit(" and then once more, and again")] * 5),
    }
    changed: pl.Expr = pl.lit(text)
    for rule, instead in spoilt.items():
        changed = pl.when((fate == rule).fill_null(False)).then(instead).otherwise(changed)
    return pl.select(changed.alias("text"))["text"]


def _details(shop: Products, cobuys: CoBuys, cobuy: Ints, purpose: Ints, words: Words) -> pl.Series:
    """Return a sentence of evidence for each candidate."""
    looks = shop.frame["title"].str.extract(r"^\S+ (.*?),")
    return pl.select(
        pl.format(
            "The {} and the {} in the pictures go together{}.",
            looks.gather(cobuys.a[cobuy]),
            looks.gather(cobuys.b[cobuy]),
            words.circumstances.gather(purpose * 4),
        ).alias("detail")
    )["detail"]
