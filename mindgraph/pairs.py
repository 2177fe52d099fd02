"""What is shown of products and co-buys: the data, the notes, and the pictures as the mode has them.

Works in blocks of co-buys: what is joined are tables, what comes out is one object a question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl
from PIL import Image

from mindgraph.errors import WorkspaceError
from mindgraph.messages import Picture, Prompt
from mindgraph.prompts import Pair, Shown, show
from mindgraph.records import content_id
from mindgraph.tables import content_ids

#: Height of the black bar between two stacked pictures, in pixels.
BAR = 20
QUALITY = 90
_STACKED = "stacked"

#: What is looked at of a product; the rest of the table stays on disk.
DISPLAYED = ("id", "title", "brand", "categories", "price", "description", "image")


@dataclass(frozen=True)
class Display:
    """Be what is shown of one product."""

    shown: Shown
    #: Id of the picture that is shown with it.
    image: str | None
    notes: str


class Gallery:
    """Find the pictures to show, in one of the modes apart, stacked, none and swapped."""

    def __init__(self, folder: Path, mode: str = "apart") -> None:
        self.folder = folder
        self.mode = mode

    def picture(self, image: str | None) -> Picture | None:
        """Return a stored picture; None where there is none to show."""
        path = self._paths.get(image) if image and self.mode != "none" else None
        return Picture(image, str(path)) if image and path else None

    def pair(self, a: str | None, b: str | None) -> tuple[tuple[Picture, ...], str]:
        """Return the pictures of a co-buy in order, and the name of their arrangement."""
        first, second = self.picture(a), self.picture(b)
        if first and second:
            return (
                (self._stacked(first, second), "stacked")
                if self.mode == "stacked"
                else ((first, second), "both")
            )
        if first:
            return (first,), "only-a"
        return ((second,), "only-b") if second else ((), "neither")

    @cached_property
    def _paths(self) -> Mapping[str, Path]:
        return {path.stem: path for path in self.folder.glob("*.jpg")}

    def _stacked(self, a: Picture, b: Picture) -> tuple[Picture, ...]:
        name = content_id("stacked", a.id, b.id, BAR, QUALITY)
        path = self.folder / _STACKED / f"{name}.jpg"
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            beside = path.with_suffix(".new")
            stack(a.path, b.path).save(beside, "JPEG", quality=QUALITY)
            beside.replace(path)
        return (Picture(name, str(path)),)


def images_seen(prompt: Prompt) -> int:
    """Return of how many products a prompt shows the picture; a stacked one shows two."""
    shown = (part.path for part in prompt.content if isinstance(part, Picture))
    return sum(2 if Path(path).parent.name == _STACKED else 1 for path in shown)


def stack(above: str, below: str) -> Image.Image:
    """Return two pictures as one: a above b, left aligned, a black bar between, black at the side."""
    try:
        top, bottom = (Image.open(path).convert("RGB") for path in (above, below))
    except OSError as error:
        raise WorkspaceError(
            f"{above} or {below} cannot be read: {error}.",
            hint="Run `mindgraph ingest` again with its pictures.",
        ) from error
    sheet = Image.new("RGB", (max(top.width, bottom.width), top.height + BAR + bottom.height))
    sheet.paste(top, (0, 0))
    sheet.paste(bottom, (0, top.height + BAR))
    return sheet


def with_images(products: pl.DataFrame, mode: str) -> pl.DataFrame:
    """Return the products with the picture each is shown with.

    Swapped, each has the picture of another product, the same one every time: what changes in the
    answers then is what pictures are worth.
    """
    pictured = products.filter(pl.col("image").is_not_null())
    if mode != "swapped" or pictured.is_empty():
        return products
    turned = pictured.select("id").with_columns(content_ids(pictured, "swap", ["id"]).alias("turn"))
    turned = turned.with_columns(pictured["image"]).sort("turn")
    others = pl.concat([turned["image"].tail(1), turned["image"].head(len(turned) - 1)])
    swapped = turned.select("id", others.alias("image"))
    if len(turned) == 1:
        swapped = swapped.with_columns(image=pl.lit(None, pl.String))
    return products.drop("image").join(swapped, on="id", how="left", maintain_order="left")


def displays(products: pl.DataFrame, ids: pl.Series, features: pl.DataFrame) -> dict[str, Display]:
    """Return what is shown of some products, with the notes made on them, by product id."""
    wanted = products.join(ids.unique().rename("id").to_frame(), on="id", how="semi")
    noted = wanted.join(features.select(id="product", notes="text"), on="id", how="left")
    columns = noted.select(*DISPLAYED, "notes")
    return {
        id: Display(
            show(title, brand=brand, categories=categories, price=price, description=description),
            image,
            notes or "",
        )
        for id, title, brand, categories, price, description, image, notes in columns.iter_rows()
    }


def pairs(cobuys: pl.DataFrame, shown: Mapping[str, Display], gallery: Gallery) -> Iterator[Pair]:
    """Return what is shown of each co-buy whose products are known, in the order of the table."""
    for cobuy, product_a, product_b in cobuys.select("id", "product_a", "product_b").iter_rows():
        a, b = shown.get(product_a), shown.get(product_b)
        if a is None or b is None:
            continue
        pictures, arrangement = gallery.pair(a.image, b.image)
        yield Pair(
            cobuy=cobuy,
            a=a.shown,
            b=b.shown,
            notes_a=a.notes,
            notes_b=b.notes,
            pictures=pictures,
            arrangement=arrangement,
        )
