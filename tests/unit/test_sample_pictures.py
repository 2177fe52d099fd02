"""Pictures are drawn from lines of shapes: each decodes, no two look alike, nothing depends on chance."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mindgraph.sample import write_shop
from mindgraph.sample.drawing import SIDE, arc, draw, smooth

RED, GREY = (200, 0, 0), (128, 128, 128)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Image.Image]:
    folder: Path = tmp_path_factory.mktemp("pictures")
    write_shop(folder)
    found = {path.stem: Image.open(path) for path in sorted((folder / "images").iterdir())}
    for picture in found.values():
        picture.load()
    return found


def near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= 3 for a, b in zip(pixel, colour, strict=True))


def test_every_picture_decodes_on_a_light_ground(pictures: dict[str, Image.Image]):
    """Each picture is a square JPEG whose corners are light."""
    assert len(pictures) == 40
    for name, picture in pictures.items():
        assert (picture.format, picture.size, picture.mode) == ("JPEG", (SIDE, SIDE), "RGB")
        corners = [picture.getpixel((x, y)) for x in (3, SIDE - 4) for y in (3, SIDE - 4)]
        assert all(min(corner) > 190 for corner in corners), name


def test_no_two_pictures_look_alike(pictures: dict[str, Image.Image]):
    """As thumbnails of 16 pixels a side, any two differ by more than noise."""
    small = {n: np.asarray(p.convert("L").resize((16, 16)), dtype=float) for n, p in pictures.items()}
    closest = min((np.abs(small[a] - small[b]).mean(), a, b) for a, b in combinations(small, 2))
    assert closest[0] > 4, closest


@pytest.mark.parametrize(
    "line",
    [
        "poly #c80000 300 300 340 300 340 340 300 340",
        "box #c80000 300 300 340 340 4",
        "oval #c80000 320 320 20 20",
        "dots #c80000 20 320 320",
        "line #c80000 30 300 320 340 320",
        "curve #c80000 30 300 320 320 320 340 320",
        "ring #c80000 40 320 320 5 5",
        "blob #c80000 300 300 340 300 340 340 300 340",
    ],
)
def test_a_shape_covers_its_place_and_no_other(line: str):
    """Each shape gives its colour to its middle and leaves the rest as it was."""
    drawn, empty = draw([line]), draw([])
    assert near(drawn.getpixel((320, 320)), RED)
    assert drawn.getpixel((100, 320)) == empty.getpixel((100, 320))


def test_colours_run_downwards_and_across():
    """A colon runs from top to bottom, a bar from left to right; the outer colours stand at the edges."""
    down = draw(["box #000000:#ffffff 200 200 440 440 1"])
    across = draw(["box #000000|#ffffff 200 200 440 440 1"])
    assert near(down.getpixel((320, 320)), GREY)
    assert down.getpixel((320, 210)) < down.getpixel((320, 430))
    assert across.getpixel((210, 320)) < across.getpixel((430, 320))


def test_a_colour_can_be_seen_through_and_leaves_no_rim():
    """Half-transparent white over the light ground stays light, glow and shadow included."""
    drawn = draw(["glow #ffffff80 320 320 200", "oval #ffffff80 320 320 100 100"])
    assert np.asarray(drawn).min() >= np.asarray(draw([])).min()


def test_turning_moves_what_follows_and_ends_with_zero():
    """A turn by 90 degrees puts a shape beside, and after `turn 0` shapes stand where they say."""
    dot = "oval #c80000 420 320 10 10"
    drawn = draw(["turn 90 320 320", dot, "turn 0", "oval #c80000 200 200 10 10"])
    assert near(drawn.getpixel((320, 420)), RED)
    assert near(drawn.getpixel((200, 200)), RED)
    assert not near(drawn.getpixel((420, 320)), RED)


def test_curves_go_through_their_points():
    """A smooth curve meets each of its points; a closed one ends where it began."""
    points = [(0.0, 0.0), (10.0, 5.0), (20.0, 0.0)]
    assert set(points) <= set(smooth(points, closed=False))
    assert set(points) <= set(smooth(points, closed=True))
    assert arc(0, 0, 2, 1, 0, 360)[0] == pytest.approx(arc(0, 0, 2, 1, 0, 360)[-1])


@pytest.mark.parametrize("line", ["star #c80000 1 2 3", "poly #nocolour 1 2 3 4 5 6", "oval #c80000 a b c d"])
def test_a_line_that_is_no_shape_is_refused(line: str):
    """An unknown shape, colour or number is a ValueError."""
    with pytest.raises(ValueError, match=r"star|nocolour|could not convert"):
        draw([line])
