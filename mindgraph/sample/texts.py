"""The texts of the sample, read from the files beside this module into structs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec

_HERE = Path(__file__).parent


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """Be one product as the shop lists it."""

    title: str
    brand: str
    category: str
    price: float
    description: str


class Said(msgspec.Struct, frozen=True, array_like=True):
    """Be one intention: phrase, detail, the shopper's probability of yes, and reason.

    A text in place of the probability is an answer that is neither yes nor no; None means that a
    rule throws the phrase out before the shopper is asked.
    """

    phrase: str
    detail: str
    shopper: float | str | None = None
    reason: str | None = None


class CoBought(msgspec.Struct, frozen=True, kw_only=True):
    """Be two products, how many orders hold both, and why, relation by relation."""

    a: str
    b: str
    weight: int
    said: dict[str, Said]


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """Be answers that go wrong before the good one comes, or talk around it."""

    of: str
    #: Group of the relations asked for; empty where a product is asked about.
    group: str = ""
    texts: tuple[str, ...] = ()
    #: Whether the last of the texts was cut off by the limit of tokens.
    cut: bool = False
    before: str = ""
    after: str = ""


class Shop(msgspec.Struct, frozen=True, kw_only=True):
    """Hold the whole sample, each part in the order of its file."""

    products: dict[str, Goods]
    #: Five texts a product, in the order of the fields of the answer.
    features: dict[str, tuple[str, ...]]
    cobuys: tuple[CoBought, ...]
    broken: tuple[Broken, ...]
    #: Lines of shapes for `drawing.draw`.
    drawings: dict[str, list[str]]


def read_shop() -> Shop:
    """Return the sample shop."""
    return Shop(
        products=msgspec.convert(_toml("products"), dict[str, Goods]),
        features=msgspec.convert(_toml("features"), dict[str, tuple[str, ...]]),
        cobuys=tuple(_cobought(pair, dict(table)) for pair, table in _toml("cobuys").items()),
        broken=msgspec.convert(_toml("broken")["broken"], tuple[Broken, ...]),
        drawings=_drawings((_HERE / "drawings.txt").read_text(encoding="utf-8")),
    )


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((_HERE / f"{name}.toml").read_text(encoding="utf-8"))


def _cobought(pair: str, table: dict[str, Any]) -> CoBought:
    a, b = pair.split(" + ")
    weight = table.pop("weight")
    return CoBought(a=a, b=b, weight=weight, said=msgspec.convert(table, dict[str, Said]))


def _drawings(text: str) -> dict[str, list[str]]:
    """Split the drawings at their `[product]` lines."""
    blocks = text.split("\n[")[1:]
    named = (block.split("]\n", 1) for block in blocks)
    return {name: [line for line in body.splitlines() if line.strip()] for name, body in named}
