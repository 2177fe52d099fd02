"""Open vision-language models by name: licence, context, and how many tokens a picture is to each.

What is known stands in `models.toml`, with where it was read. No engine needs it: it serves the plan,
where a model's own processor is not at hand, and the documentation.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

_FILE = Path(__file__).with_name("models.toml")


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Say how many tokens a picture is; `models.toml` says what each field means."""

    kind: Literal["fixed", "grid", "budget", "tiles"]
    each: int = 1
    side: int = 1
    #: Pixels of a picture for `grid`; squares of it for `tiles`.
    least: int = 0
    most: int = 0
    edge: int = 0
    row_ends: bool = False

    def tokens(self, width: int, height: int) -> int:
        """Return the tokens of a picture of so many pixels."""
        if self.kind == "fixed":
            return self.each
        if self.kind == "tiles":
            squares = self._tiles(width, height)
            return self.each * (squares + 1 if squares > 1 else 1)
        columns, rows = self._squares(width, height)
        return rows * (columns + self.row_ends)

    def _squares(self, width: int, height: int) -> tuple[int, int]:
        """Return the columns and rows of squares of a picture, once it is scaled."""
        pixels, square = width * height, self.side**2
        if self.kind == "budget":
            scale = math.sqrt(self.each * square / pixels)
            return _down(width * scale, self.side), _down(height * scale, self.side)
        if self.edge:
            scale = min(1.0, self.edge / max(width, height))
            return -(-int(width * scale) // self.side), -(-int(height * scale) // self.side)
        columns, rows = (max(1, round(length / self.side)) for length in (width, height))
        if columns * rows * square > self.most:
            scale = math.sqrt(self.most / pixels)
            return _down(width * scale, self.side), _down(height * scale, self.side)
        if columns * rows * square < self.least:
            scale = math.sqrt(self.least / pixels)
            return math.ceil(width * scale / self.side), math.ceil(height * scale / self.side)
        return columns, rows

    def _tiles(self, width: int, height: int) -> int:
        """Return into how many tiles a picture is cut: the shape that comes nearest to its own.

        Of tilings of one shape the finest whose tiles cover less than twice the picture, else the coarsest.
        """
        shape, sides = width / height, range(1, self.most + 1)
        tilings = [(c, r) for c in sides for r in sides if c * r <= self.most]
        nearest = min(abs(shape - c / r) for c, r in tilings)
        counts = sorted(c * r for c, r in tilings if abs(shape - c / r) == nearest)
        fine = [count for count in counts if width * height > 0.5 * self.side**2 * count]
        return max(fine, default=counts[0])

    def words(self) -> str:
        """Return the rule in words, as the table of the documentation has it."""
        if self.kind == "fixed":
            return f"{self.each} a picture"
        if self.kind == "budget":
            return f"as many squares of {self.side} px as {self.each} allow"
        if self.kind == "tiles":
            return f"{self.each} for each of up to {self.most} tiles of {self.side} px, and for the whole"
        return f"one a square of {self.side} px" + (", one a row" if self.row_ends else "")


class Known(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Be what is known of one model."""

    name: str
    #: What in a model's name, in lower case, means this one.
    family: str
    licence: str
    #: Month (YYYY-MM) in which it came out, or could first be loaded.
    since: str
    tokens: Rule
    card: str
    rule: str
    #: Tokens of the longest prompt and answer together; None where the card was not found to say.
    context: int | None = None


class _Table(msgspec.Struct, frozen=True):
    model: list[Known]


@lru_cache(maxsize=1)
def known_models() -> tuple[Known, ...]:
    """Return what `models.toml` holds, in its order."""
    return tuple(msgspec.toml.decode(_FILE.read_bytes(), type=_Table).model)


def known_model(name: str) -> Known | None:
    """Return what is known of a model by any of its names: hub id, folder, or what a server calls it.

    >>> known_model("/models/Qwen3-VL-4B-Instruct-FP8").family
    'qwen3-vl'
    """
    folded = Path(name).name.lower().replace("_", "-")
    found = [one for one in known_models() if one.family in folded]
    return max(found, key=lambda one: len(one.family), default=None)


def table() -> str:
    """Return the models as a table in Markdown."""
    rows = [
        f"| [{one.name}]({one.card}) | {one.since} | {one.licence} |"
        f" {f'{one.context:,}' if one.context else 'see its card'} | {one.tokens.words()} |"
        f" {one.tokens.tokens(448, 448)} |"
        for one in known_models()
    ]
    head = "| model | since | licence | context | tokens of a picture | of 448 × 448 |"
    return "\n".join([head, "| --- | --- | --- | --- | --- | --- |", *rows])


def _down(length: float, side: int) -> int:
    return max(1, math.floor(length / side))
