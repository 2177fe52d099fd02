"""What two wordings must share to be one intention: signature and guards, as table expressions.

The signature of a text is its words without the empty ones, stemmed and sorted: "charge a phone
quickly" and "quickly charging their phones" have the same. A guard is what must be equal whatever
the vectors say: negation, numbers with their units, sizes, brands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, TypeVar

import polars as pl
import snowballstemmer

from mindgraph.tables import map_distinct

T = TypeVar("T")

#: Languages with a stemmer, by their code.
STEMMERS = {
    "da": "danish", "de": "german", "en": "english", "es": "spanish", "fi": "finnish", "fr": "french",
    "it": "italian", "nl": "dutch", "no": "norwegian", "pt": "portuguese", "ru": "russian",
    "sv": "swedish", "tr": "turkish",
}  # fmt: skip


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: Words that say nothing of a purpose; negations are none of them.
EMPTY = _set(
    """
    a an the this that these those some any all both each every one ones it its they them their
    theirs he his she her my our your you we i of in on at to for from with by as and or is are be
    been being was were will can could may might would should do does did have has had while when
    who which there here s t re very really just also so such other another own same
    """
)

NEGATIONS = _set(
    """
    no not never none nothing neither nor without cannot non avoid avoiding prevent preventing stop
    stopping against free dont doesnt isnt arent wont nicht kein keine keinen ohne nie sans pas
    jamais sin sem senza zonder niet utan inte
    """
)

#: Sizes, and what is as good as one: for whom, where, when.
SIZES = _set(
    """
    small smaller large larger big bigger tiny mini micro compact huge jumbo oversized little short
    tall long wide narrow thin thick slim xs s m l xl xxl xxxl twin full queen king half double
    single triple toddler baby infant kid kids child children junior adult adults men mens women
    womens boy boys girl girls left right front rear inner outer indoor outdoor indoors outdoors
    summer winter day night hot cold wet dry
    """
)

#: "gear for washing a tent" says what "washing a tent" says: the things are known.
_THINGS = re.compile(
    r"^(?:(?:an?|the|some|any|all|both|these)\s+)?(?:kits?|sets?|gear|equipment|items?|products?|things?|stuff"
    r"|tools?|supplies|accessor(?:y|ies)|something|ways?)\s+(?:(?:that are |which are )?used\s+)?"
    r"(?:for|to)\s+",
)
_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*", re.UNICODE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*\s*(?:[^\W\d_]{1,4}\b|[%\"″′°])?", re.UNICODE)
_CONTRACTED = re.compile(r"n['’]t\b", re.IGNORECASE)


def words_of(text: str) -> list[str]:
    """Return the words of a text, case folded, "can't" as "can not"."""
    return _WORD.findall(_CONTRACTED.sub(" not", text.casefold()))


def signature(text: str, lang: str = "en") -> str:
    """Return the sorted stems of a text's words that say something; all words where none does.

    >>> signature("quickly charging their phones") == signature("charge a phone quickly")
    True
    """
    words = words_of(_THINGS.sub("", " ".join(text.casefold().split())))
    telling = [word for word in words if word not in EMPTY] or words
    return " ".join(sorted({_stem(word, lang.split("-")[0].lower()) for word in telling}))


def guard(text: str, brands: frozenset[str] = frozenset()) -> str:
    """Return what must be equal for two wordings to be one: negations, numbers, sizes, brands.

    >>> guard("storing 64 GB of photos") == guard("storing 128 GB of photos")
    False
    """
    words = set(words_of(text))
    numbers = {re.sub(r"\s", "", found) for found in _NUMBER.findall(text.casefold())}
    return "|".join(
        " ".join(sorted(part))
        for part in (
            {_negation(w) for w in words & NEGATIONS},
            numbers,
            _plain(words & SIZES),
            words & brands,
        )
    )


def worded(intentions: pl.DataFrame, brands: Iterable[str] = ()) -> pl.DataFrame:
    """Return the intentions with the columns `signature` and `guard`, and their language in both."""
    known = frozenset(word for brand in brands for word in words_of(brand) if word not in EMPTY)
    parts = [
        rows.with_columns(
            _in_language(rows["text"], str(lang), signature, str(lang)).alias("signature"),
            _in_language(rows["text"], str(lang), guard, known).alias("guard"),
        )
        for (lang,), rows in intentions.group_by("lang", maintain_order=True)
    ]
    if not parts:
        return intentions.with_columns(signature=pl.lit(""), guard=pl.lit(""))
    return pl.concat(parts)


def _in_language(texts: pl.Series, lang: str, function: Callable[[str, T], str], more: T) -> pl.Series:
    code = lang.split("-")[0].lower()
    return map_distinct(texts, lambda text: f"{code}:{function(text, more)}")


def _plain(words: set[str]) -> set[str]:
    """Fold the plurals, so that "outdoors" and "outdoor" are one."""
    return {word.removesuffix("s") or word for word in words}


def _negation(word: str) -> str:
    """Fold the negations that differ only in grammar."""
    return {"avoiding": "avoid", "preventing": "prevent", "stopping": "stop"}.get(word, word)


@lru_cache(maxsize=500_000)
def _stem(word: str, lang: str) -> str:
    stemmer = _stemmer(lang)
    return str(stemmer.stemWord(word)) if stemmer else word


@lru_cache(maxsize=32)
def _stemmer(lang: str) -> Any:
    return snowballstemmer.stemmer(STEMMERS[lang]) if lang in STEMMERS else None
