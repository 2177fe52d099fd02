"""What is shown of a co-buy: both pictures, one, none, on one sheet, or somebody else's."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from mindgraph.errors import WorkspaceError
from mindgraph.messages import Picture, Prompt
from mindgraph.pairs import BAR, QUALITY, Gallery, displays, images_seen, pairs, stack, with_images
from mindgraph.records import CoBuy, Feature, Product, content_id
from mindgraph.tables import frame_of

SIZES = {"red": (40, 30), "blue": (60, 20)}


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with two stored pictures."""
    for colour, size in SIZES.items():
        Image.new("RGB", size, colour).save(tmp_path / f"{colour}.jpg", quality=95)
    return tmp_path


def test_both_pictures_come_apart_and_in_order(images: Path) -> None:
    """Picture a is first; each is the stored file."""
    pictures, arrangement = Gallery(images).pair("blue", "red")
    assert arrangement == "both"
    assert [picture.id for picture in pictures] == ["blue", "red"]
    assert all(Path(picture.path).is_file() for picture in pictures)


@pytest.mark.parametrize(
    ("a", "b", "arrangement", "ids"),
    [
        ("red", None, "only-a", ["red"]),
        (None, "red", "only-b", ["red"]),
        (None, None, "neither", []),
        ("red", "missing", "only-a", ["red"]),
    ],
)
@pytest.mark.parametrize("mode", ["apart", "stacked"])
def test_a_missing_picture_is_said(
    images: Path, mode: str, a: str | None, b: str | None, arrangement: str, ids: list[str]
) -> None:
    """A co-buy with one picture or none is shown with what there is."""
    pictures, found = Gallery(images, mode).pair(a, b)
    assert (found, [picture.id for picture in pictures]) == (arrangement, ids)


def test_no_pictures_where_none_are_wanted(images: Path) -> None:
    """In the mode `none` nothing is shown."""
    assert Gallery(images, "none").pair("red", "blue") == ((), "neither")
    assert Gallery(images, "none").picture("red") is None


def test_one_sheet_has_a_above_b(images: Path) -> None:
    """Left aligned, a black bar between, black beside the narrower one, as wide as the wider."""
    sheet = stack(str(images / "red.jpg"), str(images / "blue.jpg"))
    assert sheet.size == (60, 30 + BAR + 20)
    assert sheet.getpixel((5, 5))[0] > 200  # type: ignore[index]
    assert sheet.getpixel((50, 5)) == (0, 0, 0)
    assert sheet.getpixel((5, 30 + BAR // 2)) == (0, 0, 0)
    assert sheet.getpixel((55, 30 + BAR + 5))[2] > 200  # type: ignore[index]


def test_a_sheet_is_stored_once_by_content(images: Path) -> None:
    """The stacked picture has an id by its parts, counts as two, and is made once."""
    ((sheet,), arrangement) = Gallery(images, "stacked").pair("red", "blue")
    assert arrangement == "stacked"
    assert sheet.id == content_id("stacked", "red", "blue", BAR, QUALITY)
    made = Path(sheet.path).stat().st_mtime_ns
    ((again,), _) = Gallery(images, "stacked").pair("red", "blue")
    assert (again, Path(again.path).stat().st_mtime_ns) == (sheet, made)
    assert images_seen(Prompt(kind="", item="", content=(sheet, "text"))) == 2
    assert images_seen(Prompt(kind="", item="", content=(Picture("red", "red.jpg"), "text"))) == 1


def test_a_broken_thumbnail_is_named(images: Path) -> None:
    """A stored picture that cannot be read stops the run with its name."""
    (images / "red.jpg").write_bytes(b"no picture")
    with pytest.raises(WorkspaceError, match=r"red\.jpg"):
        Gallery(images, "stacked").pair("red", "blue")


def products(count: int, pictured: int) -> pl.DataFrame:
    rows = [
        Product(id=f"p{i}", title=f"Thing {i}", image=f"image{i}" if i < pictured else None)
        for i in range(count)
    ]
    return frame_of(Product, rows)


def test_swapped_pictures_belong_to_somebody_else() -> None:
    """Every pictured product has the picture of another one, the same every time; all are used."""
    table = products(20, 15)
    swapped = with_images(table, "swapped")
    shown = dict(swapped.select("id", "image").iter_rows())
    assert all(shown[f"p{i}"] not in (None, f"image{i}") for i in range(15))
    assert all(shown[f"p{i}"] is None for i in range(15, 20))
    assert sorted(filter(None, shown.values())) == sorted(f"image{i}" for i in range(15))
    assert dict(with_images(table.reverse(), "swapped").select("id", "image").iter_rows()) == shown


def test_a_lone_picture_cannot_be_swapped() -> None:
    """With one picture in the shop there is nothing to show instead."""
    assert with_images(products(3, 1), "swapped")["image"].null_count() == 3
    assert with_images(products(3, 0), "swapped")["image"].null_count() == 3


def test_pairs_show_titles_and_notes(images: Path) -> None:
    """Each co-buy whose products are known is shown with their data and notes; another is passed over."""
    table = products(3, 0)
    features = [Feature(product="p1", text="It folds.", images_seen=0, generator="g", reply="r")]
    bought = [("c1", "p0", "p1"), ("c2", "p0", "gone")]
    cobuys = frame_of(CoBuy, [CoBuy(id=i, product_a=a, product_b=b) for i, a, b in bought])
    shown = displays(table, table["id"], frame_of(Feature, features))
    (pair,) = pairs(cobuys, shown, Gallery(images))
    assert (pair.cobuy, pair.notes_a, pair.notes_b) == ("c1", "", "It folds.")
    assert pair.a.data == '{"title":"Thing 0"}'
