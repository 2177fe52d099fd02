"""Planted purposes: what is truly meant, and the many ways in which it is worded.

A broad purpose is a deed in a department, a middle one a deed done to one thing, a fine one that deed
under one circumstance. A fine purpose has hundreds of wordings that mean the same. Among the ten fine
purposes of a middle one stand traps, pairs that share nearly all their words and mean different things:

- negation: number 6 is number 0 with its circumstance excluded ("…, but not in the rain"),
- numbers: 7 and 8 are for different numbers of people,
- sizes: 5 is about small things, 9 about large ones under the same circumstance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.vocabulary import ADVERBS, CIRCUMSTANCES, CROWDS, DEEDS, DEPARTMENTS, HEADS, NEGATIONS, forms
from mindgraph.records import content_id

Ints = NDArray[np.int64]

FINE_IN_MIDDLE, MIDDLE_IN_BROAD = 10, 9
#: Fine purpose → the one it is easily mistaken for, and why.
TRAPS = {6: (0, "negation"), 8: (7, "number"), 9: (5, "size")}
#: Moods in which relations word a purpose: "-ing form", plain form, noun phrase; a staple has none.
ING, PLAIN, NOUN, STAPLE = range(4)
_PLAIN_ONES = ("can", "cause")
_ING_ONES = ("usedFor", "capableOf", "effect", "mannerOf", "open", "relatedTo", "similarTo")


def mood_of(relation: str) -> int:
    """Return the mood in which a relation words a purpose."""
    return PLAIN if relation in _PLAIN_ONES else ING if relation in _ING_ONES else NOUN


@dataclass(frozen=True)
class Purposes:
    """Hold the planted purposes; a fine one is a number from 0 on, its parents follow by division."""

    broad: int

    @property
    def middle(self) -> int:
        """How many middle purposes there are."""
        return self.broad * MIDDLE_IN_BROAD

    @property
    def fine(self) -> int:
        """How many fine purposes there are."""
        return self.middle * FINE_IN_MIDDLE

    @property
    def departments(self) -> int:
        """How many departments the shop has."""
        return min(self.broad, len(DEPARTMENTS))

    def of_thing(self, department: Ints, thing: Ints, choice: Ints) -> Ints:
        """Return the fine purposes that things serve; `choice` picks one of those a thing has."""
        deeds = np.maximum(1, (self.broad - department + self.departments - 1) // self.departments)
        broad = department + self.departments * ((choice // FINE_IN_MIDDLE) % deeds)
        return (broad * MIDDLE_IN_BROAD + thing) * FINE_IN_MIDDLE + choice % FINE_IN_MIDDLE

    def words(self) -> Words:
        """Return every phrase that purposes are worded with."""
        fine = range(self.fine)
        return Words(
            _flat([forms(_thing(self, number)) for number in fine]),
            _flat([_circumstances(number) for number in fine]),
            np.array([_deed(self, number // 90) for number in fine]),
            np.array([number // 90 % self.departments * 9 + number // 10 % 9 for number in fine]),
        )

    def label(self, level: int, number: int) -> str:
        """Return a purpose's name; level 0 is fine, 1 middle, 2 broad."""
        fine = number * (1, FINE_IN_MIDDLE, FINE_IN_MIDDLE * MIDDLE_IN_BROAD)[level]
        deed = DEEDS[_deed(self, fine // 90)][0][0]
        if level == 2:
            return f"{deed}: {_department(self, number)}"
        if level == 1:
            return f"{deed} {forms(_thing(self, fine))[1]}"
        return f"{deed} {forms(_thing(self, fine))[1]}{_circumstances(fine)[0]}"

    def table(self) -> pl.DataFrame:
        """Return all purposes: number, level, id, parent's id, label, and what traps they are."""
        counts = (self.fine, self.middle, self.broad)
        ids = [[content_id("cluster", level, n) for n in range(count)] for level, count in enumerate(counts)]
        rows = [
            (number, level, ids[level][number], parent, self.label(level, number), trap_of, trap)
            for level, count in enumerate(counts)
            for number in range(count)
            for parent in [None if level == 2 else ids[level + 1][number // (10, 9)[level]]]
            for trap_of, trap in [_trap(level, number, ids[0])]
        ]
        return pl.DataFrame(rows, schema=_TABLE, orient="row")


_TABLE = {
    "number": pl.Int64,
    "level": pl.Int64,
    "id": pl.String,
    "parent": pl.String,
    "label": pl.String,
    "trap_of": pl.String,
    "trap": pl.String,
}


@dataclass(frozen=True)
class Words:
    """Hold the phrases of the fine purposes, four for each, one after the other."""

    things: pl.Series
    circumstances: pl.Series
    deeds: Ints
    #: The kind of thing each purpose is about: department × 9 + thing.
    kinds: Ints

    def texts(self, fine: Ints, mood: Ints, wording: pl.DataFrame) -> pl.Series:
        """Return how purposes are worded, in a mood each; `wording` picks the way of each part."""
        way = self.deeds[fine] * 4 + wording["deed"].to_numpy()
        ings, plains = (_flat([[w[form] for w in deed] for deed in DEEDS]) for form in (0, 1))
        noun, plain = pl.Series(mood == NOUN), pl.Series(mood == PLAIN)
        heads = pl.Series(HEADS).gather(wording["head"])
        parts = pl.DataFrame(
            {
                "head": heads.zip_with(noun, pl.Series([""])),
                "deed": plains.gather(way).zip_with(plain, ings.gather(way)),
                "thing": self.things.gather(fine * 4 + wording["thing"].to_numpy()),
                "adverb": pl.Series(ADVERBS).gather(wording["adverb"]),
                "circumstance": self.circumstances.gather(fine * 4 + wording["circumstance"].to_numpy()),
            }
        )
        return parts.select(
            pl.concat_str("head", "deed", pl.lit(" "), "thing", "adverb", "circumstance").alias("text")
        )["text"]


def wordings(rng: np.random.Generator, size: int) -> pl.DataFrame:
    """Draw how phrases are worded; the first way of each part is the most usual."""
    usual = np.array([0.55, 0.25, 0.13, 0.07])
    ways = {part: rng.choice(4, size, p=usual).astype(np.uint8) for part in ("deed", "thing", "circumstance")}
    adverb = rng.choice(len(ADVERBS), size, p=[0.6, 0.12, 0.1, 0.08, 0.06, 0.04]).astype(np.uint8)
    return pl.DataFrame({**ways, "adverb": adverb, "head": rng.choice(4, size, p=usual).astype(np.uint8)})


def _department(purposes: Purposes, broad: int) -> str:
    return list(DEPARTMENTS)[broad % purposes.departments]


def _deed(purposes: Purposes, broad: int) -> int:
    department, turn = broad % purposes.departments, broad // purposes.departments
    return (department * 3 + turn * 5) % len(DEEDS)


def _thing(purposes: Purposes, fine: int) -> str:
    middle, kind = divmod(fine, FINE_IN_MIDDLE)
    noun = DEPARTMENTS[_department(purposes, middle // MIDDLE_IN_BROAD)][middle % MIDDLE_IN_BROAD]
    return {5: "small ", 9: "large "}.get(kind, "") + noun


def _circumstances(fine: int) -> list[str]:
    middle, kind = divmod(fine, FINE_IN_MIDDLE)
    if kind in (7, 8):
        people = 2 + middle % 3 + (4 if kind == 8 else 0)
        return [" " + crowd.format(people) for crowd in CROWDS]
    place = {6: 0, 9: 5}.get(kind, kind)
    ways = CIRCUMSTANCES[(middle * 7 + place * 5) % len(CIRCUMSTANCES)]
    if kind == 6:
        return [negation + way for negation, way in zip(NEGATIONS, ways, strict=True)]
    return [" " + way for way in ways]


def _trap(level: int, number: int, ids: list[str]) -> tuple[str | None, str | None]:
    if level or number % FINE_IN_MIDDLE not in TRAPS:
        return None, None
    other, why = TRAPS[number % FINE_IN_MIDDLE]
    return ids[number - number % FINE_IN_MIDDLE + other], why


def _flat(lists: list[list[str]]) -> pl.Series:
    return pl.Series([text for texts in lists for text in texts])
