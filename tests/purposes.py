"""Small workspaces about purposes, made in a line or two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from mindgraph.clusters import as_rows, consolidate, neighbours_of, wordings_of
from mindgraph.records import CoBuy, Intention, Product, Triple, content_id
from mindgraph.tables import frame_of
from mindgraph.texts import normalise
from mindgraph.workspace import Workspace

#: One co-buy and what is said of it: product, product, intentions.
Said = tuple[str, str, Sequence[str]]

CHARGING = (
    "charging a phone in the car",
    "charge the phone while driving a car",
    "charging phones on car trips",
)
PAINTING = ("painting with watercolours", "paint in watercolour", "painting watercolour landscapes")


def intention(text: str, lang: str = "en") -> Intention:
    """Return the intention of a text."""
    return Intention(id=content_id("intention", normalise(text), lang), text=text, lang=lang)


def said_workspace(
    folder: Path,
    said: Iterable[Said],
    *,
    relation: str = "usedFor",
    lang: str = "en",
    brands: Sequence[str] = (),
) -> Workspace:
    """Return a workspace in which these things are said of these co-buys."""
    said = list(said)
    ids = sorted({product for a, b, _ in said for product in (a, b)})
    products = [
        Product(
            id=id_, title=id_, categories=[id_.split("-")[0]], brand=brands[n] if n < len(brands) else None
        )
        for n, id_ in enumerate(ids)
    ]
    cobuys: dict[str, CoBuy] = {}
    triples: dict[str, Triple] = {}
    intentions: dict[str, Intention] = {}
    for a, b, texts in said:
        first, second = sorted((a, b))
        cobuy = CoBuy(id=content_id("cobuy", first, second), product_a=first, product_b=second)
        cobuys[cobuy.id] = cobuy
        for text in texts:
            meant = intention(text, lang)
            intentions[meant.id] = meant
            id_ = content_id("triple", cobuy.id, relation, meant.id)
            triples[id_] = Triple(
                id=id_,
                cobuy=cobuy.id,
                product_a=first,
                product_b=second,
                relation=relation,
                intention=meant.id,
            )
    workspace = Workspace.create(folder)
    workspace.write(Product, frame_of(Product, products))
    workspace.write(CoBuy, frame_of(CoBuy, cobuys.values()))
    workspace.write(Intention, frame_of(Intention, intentions.values()))
    workspace.write(Triple, frame_of(Triple, triples.values()))
    return workspace


def merges_of(
    intentions: pl.DataFrame,
    triples: pl.DataFrame,
    vectors: Any,
    *,
    radius: float,
    brands: Sequence[str] = (),
    apart: Sequence[str] = (),
) -> pl.DataFrame:
    """Return the merges of intentions that are sorted by id, in the order of the vectors."""
    wordings = wordings_of(intentions, triples, brands=brands, apart=apart)
    near = as_rows(neighbours_of(wordings, vectors), intentions["id"])
    return consolidate(wordings, vectors, near, radius=radius)


def two_purposes(folder: Path) -> Workspace:
    """Return a workspace in which charging and painting are two worlds, worded in several ways."""
    said: list[Said] = [
        (f"{world}-{n}", f"{world}-{(n + 1) % 6}", (texts[n % 3], texts[(n + 1) % 3]))
        for world, texts in (("power", CHARGING), ("art", PAINTING))
        for n in range(6)
    ]
    return said_workspace(folder, said)
