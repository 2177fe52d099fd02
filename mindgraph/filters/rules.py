"""Rules that throw out what no model need be asked about: plain functions in a list, each a judge.

A rule is an expression over a table of candidates and says True of what it throws out. A rule is
made to be right where it speaks: what is merely weak is left to the shopper. Every rule that speaks
leaves its verdict, so what was thrown out, and why, can be read in the workspace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from mindgraph.prompts import Wording
from mindgraph.records import Verdict
from mindgraph.relations import BY_NAME, RELATIONS
from mindgraph.tables import frame_of, schema_of

#: Candidates that are looked at together, so that memory stays flat.
BLOCK = 10_000
#: The longest phrase that is let through, in words; twelve are asked for.
LONGEST_PHRASE = 30
#: The longest paragraph, in words; 120 are asked for.
LONGEST_PARAGRAPH = 160
#: Share of words in common from which on a text is its title said again.
ALIKE = 0.75
#: So many words in a row that stand in our prompts are no accident.
ECHO = 6


@dataclass(frozen=True)
class Rule:
    """Be one judge: its name, what it says of what it throws out, and the expression."""

    name: str
    reason: str
    says_no: Callable[[], pl.Expr]

    @property
    def judge(self) -> str:
        """The judge's name in the table of verdicts."""
        return f"rule:{self.name}"


def empty() -> pl.Expr:
    """Find texts with nothing in them, and words that stand for nothing."""
    nothing = (
        r"^(?:none|null|nan|nil|n a|na|nothing|unknown|undefined|not (?:applicable|available|known)|yes|no)?$"
    )
    return pl.col("folded").str.contains(nothing)


def refusal() -> pl.Expr:
    """Find answers in which the model speaks of itself and does not answer."""
    return pl.col("text").str.contains("(?i)" + "|".join(_REFUSALS))


def echo() -> pl.Expr:
    """Find the prompt's own words, and the bones of the answer's shape."""
    return (
        pl.col("echoes")
        | pl.col("text").str.contains(_BONES)
        | pl.col("folded").is_in([*_HEARD, *map(str.lower, BY_NAME)])
    )


def title() -> pl.Expr:
    """Find a product's title said again: its beginning, or nearly all of its words."""
    return pl.col("retold")


def generic() -> pl.Expr:
    """Find what would hold for any two products."""
    return pl.col("folded").str.contains(rf"^(?:(?:{'|'.join(_SAY_LITTLE.split())})(?: |$))+$")


def too_long() -> pl.Expr:
    """Find what is longer than any phrase, or any paragraph where paragraphs were asked for."""
    longest = pl.when(pl.col("paragraph")).then(LONGEST_PARAGRAPH).otherwise(LONGEST_PHRASE)
    return pl.col("folded").str.count_matches(" ") + 1 > longest


def wrong_language() -> pl.Expr:
    """Find another script than the language is written in, or the small words of another language."""
    wrong = pl.lit(False)
    for lang, pattern in _SCRIPTS.items():
        letters = pl.col("text").str.count_matches(r"\p{L}")
        share = pl.col("text").str.count_matches(pattern) < letters * 0.5
        wrong = pl.when(pl.col("lang_base") == lang).then(share & (letters > 3)).otherwise(wrong)
    latin = pl.col("text").str.count_matches(r"\p{Latin}") < pl.col("text").str.count_matches(r"\p{L}") * 0.5
    wrong = (
        pl.when(pl.col("lang_base").is_in(list(_SCRIPTS)))
        .then(wrong)
        .otherwise(
            pl.when(pl.col("lang_base").is_in(list(_SMALL_WORDS))).then(latin).otherwise(pl.lit(False))
        )
    )
    return wrong | _speaks_another()


def duplicate() -> pl.Expr:
    """Find what the same answers on a co-buy have said before, under this relation or another.

    Samples and generators are apart: that two of them say the same is support.
    """
    return pl.col("repeated")


RULES: tuple[Rule, ...] = (
    Rule("empty", "it says nothing", empty),
    Rule("refusal", "the model declines to answer", refusal),
    Rule("echo", "it repeats the prompt", echo),
    Rule("title", "it repeats a product's title", title),
    Rule("generic", "it would hold for any two products", generic),
    Rule("too-long", "it is too long", too_long),
    Rule("language", "it is in another language", wrong_language),
    Rule("duplicate", "the same was said of this co-buy before", duplicate),
)

_REFUSALS = (
    r"\bas an? (?:\w+ )?(?:ai|language model)\b",
    r"\bi(?:['’]m| am) (?:sorry|unable|not able|an ai)\b",
    r"\bi apologi[sz]e\b",
    r"\bi (?:cannot|can['’]?t|can not|do not|don['’]t|could not|couldn['’]t)"
    r" (?:see|view|tell|determine|help|assist|provide|identify|answer|access|know|have (?:enough|any))\b",
    r"\b(?:the|this) (?:image|picture|photo)s? (?:is|are|was|were) (?:not|missing|unavailable|blank)\b",
    r"\b(?:not enough|insufficient) (?:information|context|data|details)\b",
)
_BONES = (
    r'"(?:phrase|detail|answer|reason)"\s*:|</?(?:product|notes_on|reason)'
    r'|\$(?:phrase|name)\b|^\s*[{\[]\s*"'
)
#: Words that fit any two products: a text of nothing else is generic.
_SAY_LITTLE = """
a all also always an and any anyone anything are as at be because been being both by can could each
either every everyone everything for from had has have having he her him his i if in is it its just kind
kinds like liked likes love loved loves many more most much my of on one ones or other others our she so
some something such than that the their them themselves then these they thing things this those thought
time times to together too two type types us very want wanted wants was way we well were what which who
will with would you your person personx people customer customers buyer buyers shopper shoppers user
users owner product products item items goods stuff purchase purchases accessory accessories purpose
purposes reason reasons function functions use used useful uses using need needed needs needing buy
buying bought get getting own owning give gives giving provide provides providing deliver delivers
delivering offer offers offering enjoy enjoys enjoyed enjoying do does doing serve serves serving make
makes making meet meets meeting satisfy satisfying same similar different various general daily everyday
personal good great nice best better excellent high fine cool popular amazing awesome quality price value
performance benefit benefits lot lots
"""
#: What is left of a beginning that was repeated and not completed.
_HEARD = [
    "used for", "capable of", "related to", "similar to", "made of", "a type of", "a part of", "defined as",
    "a property of", "an effect of", "a manner of", "symbols of", "created by", "derived from",
    "distinct from", "a customer buys both because", "in whatever words fit best", "phrase", "detail",
    "product a", "product b", "product a and product b", "product a product b",
]  # fmt: skip

_SCRIPTS = {
    "ja": r"[\p{Hiragana}\p{Katakana}\p{Han}]",
    "zh": r"\p{Han}",
    "ko": r"\p{Hangul}",
    "ru": r"\p{Cyrillic}",
    "uk": r"\p{Cyrillic}",
    "el": r"\p{Greek}",
    "ar": r"\p{Arabic}",
    "he": r"\p{Hebrew}",
}
#: Small words that no other language of the list has, or hardly ever.
_SMALL_WORDS = {
    "en": "the and with for of to is are that this while from when his her their your into",
    "de": "und der das mit für von ist nicht beim zum zur eine einen oder auf auch werden unterwegs",
    "fr": "et le les des du avec pour une dans est sur leur ou aux qui plus chez votre",
    "es": "el los las con para una del por y que en su más al cuando",
    "it": "il gli con per una della delle di che e nel sono più anche del",
    "pt": "os com para uma do da dos das em não que e ao seu mais",
    "nl": "het een met voor van en zijn niet bij ook naar op tijdens",
}


def throw_out(candidates: pl.DataFrame, titles: pl.DataFrame, echoes: Sequence[str]) -> pl.DataFrame:
    """Return the verdicts of all rules that say no.

    `candidates` has the columns of the record and `paragraph` (whether prose was asked for);
    `titles` has `cobuy`, `title_a` and `title_b`; `echoes` are runs of words of the prompts.
    """
    said = [frame_of(Verdict)]
    for part in _blocks(candidates):
        folded = _folded_titles(titles.join(part.select("cobuy").unique(), on="cobuy", how="semi"))
        texts = part.with_columns(_folded("text").alias("folded"))
        texts = texts.with_columns(repeated=_repeats(texts))
        texts = texts.join(folded, on="cobuy", how="left", maintain_order="left")
        said.append(_verdicts(_prepared(texts, echoes)))
    return pl.concat(said)


def _blocks(candidates: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Yield the candidates in pieces that hold all of each co-buy, so that memory does not grow with them."""
    order = candidates["cobuy"].arg_sort()
    cobuy = candidates["cobuy"].gather(order)
    firsts = (cobuy != cobuy.shift()).fill_null(False).arg_true().to_list()
    start = 0
    for end in [*firsts, len(cobuy)]:
        if end - start >= BLOCK or end == len(cobuy) > start:
            yield candidates[order[start:end]]
            start = end


def runs_of_words(wording: Wording) -> list[str]:
    """Return each run of `ECHO` words of our questions, folded: what an echo of them would hold."""
    runs: dict[str, None] = {}
    for name in wording.names:
        for literal in wording[name].literals:
            words = fold(pl.Series([literal])).item().split()
            runs |= dict.fromkeys(" ".join(words[i : i + ECHO]) for i in range(len(words) - ECHO + 1))
    return list(runs)


def fold(texts: pl.Series) -> pl.Series:
    """Return texts in lower case, letters and digits only, words parted by one space."""
    return texts.to_frame("text").select(_folded("text")).to_series()


def _folded(column: str) -> pl.Expr:
    return (
        pl.col(column).fill_null("").str.to_lowercase().str.replace_all(r"['’]", "")
        .str.replace_all(r"[^\p{L}\p{N}]+", " ").str.strip_chars(" ")
    )  # fmt: skip


def _folded_titles(titles: pl.DataFrame) -> pl.DataFrame:
    """Return the titles of each co-buy folded, and the distinct words of each."""
    folded = titles.with_columns(_folded("title_a"), _folded("title_b"))
    return folded.with_columns(
        pl.col(f"title_{side}").str.split(" ").list.unique().alias(f"words_{side}") for side in ("a", "b")
    )


def _prepared(part: pl.DataFrame, echoes: Sequence[str]) -> pl.DataFrame:
    """Add what several rules look at."""
    worded = part.with_columns(words=pl.col("folded").str.split(" ").list.unique())
    return worded.with_columns(
        _retold(worded, "a") | _retold(worded, "b"),
        *(_count_words(words).alias(f"small_{lang}") for lang, words in _SMALL_WORDS.items()),
        lang_base=pl.col("lang").str.split("-").list.first().str.to_lowercase(),
        echoes=pl.col("folded").str.contains_any(list(echoes)) if echoes else pl.lit(False),
    )


def _verdicts(part: pl.DataFrame) -> pl.DataFrame:
    found = part.select("id", *(rule.says_no().fill_null(False).alias(rule.judge) for rule in RULES))
    reasons = {rule.judge: rule.reason for rule in RULES}
    said = found.unpivot(index="id", variable_name="judge", value_name="no").filter("no")
    rows = said.select(
        candidate="id",
        judge="judge",
        answer=pl.lit("no"),
        reason=pl.col("judge").replace_strict(reasons, return_dtype=pl.String),
    )
    return rows.select(
        pl.col(name) if name in rows.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema_of(Verdict).items()
    )


def _repeats(candidates: pl.DataFrame) -> pl.Series:
    """Say of each candidate whether its text was given before in the same answers on its co-buy.

    Before means under an earlier relation of the list, and then under a smaller id.
    """
    group = ["cobuy", "generator", "sample", "folded"]
    keyed = candidates.select("id", "relation", *group).with_row_index("row").filter(pl.col("folded") != "")
    shared = keyed.group_by(group).len().filter(pl.col("len") > 1)
    order = {relation.name: place for place, relation in enumerate(RELATIONS)}
    place = pl.col("relation").replace_strict(order, default=len(order), return_dtype=pl.Int64)
    said = keyed.join(shared, on=group, how="semi").with_columns(place=place).sort("place", "id")
    first = said.unique(group, keep="first", maintain_order=True)
    again = said["row"].filter(~said["row"].is_in(first["row"].implode()))
    return (
        pl.Series("repeated", [False], dtype=pl.Boolean)
        .new_from_index(0, len(candidates))
        .scatter(again, True)
    )


def _retold(part: pl.DataFrame, side: str) -> pl.Series:
    """Say of each text whether it is a title's beginning, or has nearly the same words.

    Words are compared only where there are about as many: sets are dear.
    """
    title, said, named = f"title_{side}", pl.col("words").list.len(), pl.col(f"words_{side}").list.len()
    long = part.select("folded", title, "words", f"words_{side}").with_row_index("row").filter(said >= 4)
    begins = long.filter((pl.col(title) + " ").str.starts_with(pl.col("folded") + " "))
    alike = long.filter(said.cast(pl.Int64) >= named * ALIKE, named.cast(pl.Int64) >= said * ALIKE)
    shared = pl.col("words").list.set_intersection(f"words_{side}").list.len()
    either = pl.col("words").list.set_union(f"words_{side}").list.len()
    same = alike.filter(shared >= either * ALIKE)
    return _marked(pl.concat([begins["row"], same["row"]]), len(part)).alias("retold")


def _marked(rows: pl.Series, length: int) -> pl.Series:
    return pl.repeat(False, length, dtype=pl.Boolean, eager=True).scatter(rows, True)


def _speaks_another() -> pl.Expr:
    """Say whether there are two small words of another language and none of the right one."""
    wrong = pl.lit(False)
    for lang in _SMALL_WORDS:
        others = pl.max_horizontal(f"small_{other}" for other in _SMALL_WORDS if other != lang)
        unlike = (pl.col(f"small_{lang}") == 0) & (others >= 2)
        wrong = pl.when(pl.col("lang_base") == lang).then(unlike).otherwise(wrong)
    return wrong


def _count_words(words: str) -> pl.Expr:
    return pl.col("folded").str.count_matches(rf"\b(?:{'|'.join(words.split())})\b")
