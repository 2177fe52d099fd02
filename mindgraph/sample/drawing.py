"""Pictures from words: a small language of shapes, drawn with soft edges on a light ground.

One shape a line: its name, its colour, numbers; x grows to the right, y downwards, both 0..640::

    shadow 320 560 200 24                centre and radii of the soft shadow on the floor
    poly   COLOUR x y x y x y            a shape with corners
    blob   COLOUR x y x y x y            a closed curve through the points
    box    COLOUR x0 y0 x1 y1 RADIUS     a rounded rectangle
    oval   COLOUR cx cy rx ry            an ellipse
    dots   COLOUR RADIUS x y x y         many small circles
    line   COLOUR WIDTH x y x y          a stroke with round ends
    curve  COLOUR WIDTH x y x y x y      a smooth stroke through the points
    ring   COLOUR WIDTH cx cy rx ry FROM TO    part of an ellipse, in degrees
    glow   COLOUR cx cy r                light that fades outwards
    turn   DEGREES cx cy                 turns all that follows; 0 ends it

A colour is #rrggbb or #rrggbbaa. Several joined by ":" run from top to bottom, by "|" from left to
right: how a cylinder gets its sheen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

#: Width and height of a picture, in pixels.
SIDE = 640
#: How much larger it is drawn, so that edges are smooth.
_SCALE = 2
_GROUND = "#fdfcfa:#f6f4f0:#e9e6e0"

Point = tuple[float, float]


def draw(shapes: Sequence[str]) -> Image.Image:
    """Return the picture that lines of shapes describe; ValueError for a line that is none."""
    sheet = Sheet()
    for line in shapes:
        sheet.add(line)
    return sheet.picture()


class Sheet:
    """Take shapes one by one, each on top of those before."""

    def __init__(self) -> None:
        size = (SIDE * _SCALE, SIDE * _SCALE)
        self._image = _filled(_GROUND, size).convert("RGB")
        self._turn = (0.0, 0.0, 0.0)
        self._shapes: dict[str, Callable[..., None]] = {
            "poly": self._poly, "blob": self._blob, "box": self._box, "oval": self._oval,
            "dots": self._dots, "line": self._line, "curve": self._curve, "ring": self._ring,
            "glow": self._glow,
        }  # fmt: skip

    def add(self, line: str) -> None:
        """Draw one line of the language."""
        name, *rest = line.split()
        if name == "turn":
            degrees, x, y = (*(float(number) for number in rest), 0.0, 0.0)[:3]
            self._turn = (degrees, x, y)
        elif name == "shadow":
            self._shadow(*(float(number) for number in rest))
        elif name in self._shapes:
            self._shapes[name](rest[0], *(float(number) for number in rest[1:]))
        else:
            raise ValueError(f"no shape is named {name!r}: {line}")

    def picture(self) -> Image.Image:
        """Return what has been drawn, in its final size."""
        return self._image.reduce(_SCALE)

    def _poly(self, colour: str, *numbers: float) -> None:
        self._fill(colour, _points(numbers))

    def _blob(self, colour: str, *numbers: float) -> None:
        self._fill(colour, smooth(_points(numbers), closed=True))

    def _box(self, colour: str, x0: float, y0: float, x1: float, y1: float, radius: float) -> None:
        corners = ((x1 - radius, y0 + radius, -90), (x1 - radius, y1 - radius, 0),
                   (x0 + radius, y1 - radius, 90), (x0 + radius, y0 + radius, 180))  # fmt: skip
        self._fill(colour, [p for x, y, a in corners for p in arc(x, y, radius, radius, a, a + 90)])

    def _oval(self, colour: str, x: float, y: float, rx: float, ry: float) -> None:
        self._fill(colour, arc(x, y, rx, ry, 0, 360))

    def _dots(self, colour: str, radius: float, *numbers: float) -> None:
        for x, y in _points(numbers):
            self._oval(colour, x, y, radius, radius)

    def _line(self, colour: str, width: float, *numbers: float) -> None:
        self._stroke(colour, width, _points(numbers))

    def _curve(self, colour: str, width: float, *numbers: float) -> None:
        self._stroke(colour, width, smooth(_points(numbers), closed=False))

    def _ring(
        self,
        colour: str,
        width: float,
        x: float,
        y: float,
        rx: float,
        ry: float,
        a: float = 0,
        b: float = 360,
    ) -> None:
        self._stroke(colour, width, arc(x, y, rx, ry, a, b))

    def _glow(self, colour: str, x: float, y: float, radius: float) -> None:
        self._soft(colour, arc(x, y, radius * 0.55, radius * 0.55, 0, 360), radius * 0.2)

    def _shadow(self, x: float, y: float, rx: float, ry: float) -> None:
        for spread, colour in ((1.0, "#3a342c38"), (0.75, "#3a342c40")):
            self._soft(colour, arc(x, y, rx * spread, ry * spread, 0, 360), 9)

    def _fill(self, colour: str, points: Sequence[Point]) -> None:
        placed = [self._placed(point) for point in points]
        mask, corner = _mask(placed, 0)
        ImageDraw.Draw(mask).polygon(_moved(placed, corner), fill=255)
        self._paste(colour, mask, corner)

    def _soft(self, colour: str, points: Sequence[Point], blur: float) -> None:
        placed = [self._placed(point) for point in points]
        mask, corner = _mask(placed, 3 * blur * _SCALE)
        ImageDraw.Draw(mask).polygon(_moved(placed, corner), fill=255)
        self._paste(colour, mask.filter(ImageFilter.GaussianBlur(blur * _SCALE)), corner)

    def _stroke(self, colour: str, width: float, points: Sequence[Point]) -> None:
        placed = [self._placed(point) for point in points]
        half = width * _SCALE / 2
        mask, corner = _mask(placed, half)
        pen, moved = ImageDraw.Draw(mask), _moved(placed, corner)
        pen.line(moved, fill=255, width=round(2 * half), joint="curve")
        reach = half - 0.5
        for x, y in moved:  # round ends, and no notches where the stroke bends
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
        self._paste(colour, mask, corner)

    def _placed(self, point: Point) -> Point:
        degrees, x, y = self._turn
        cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
        right, down = point[0] - x, point[1] - y
        return (x + cos * right - sin * down) * _SCALE, (y + sin * right + cos * down) * _SCALE

    def _paste(self, colour: str, mask: Image.Image, corner: tuple[int, int]) -> None:
        """Lay a colour over the picture where the mask is, seen through where the colour is."""
        cover = _filled(colour, mask.size)
        cover.putalpha(ImageChops.multiply(cover.getchannel("A"), mask))
        self._image.paste(cover.convert("RGB"), corner, mask=cover.getchannel("A"))


def arc(x: float, y: float, rx: float, ry: float, start: float, end: float) -> list[Point]:
    """Return points along an ellipse, from one angle to another, in degrees, clockwise from the right."""
    steps = max(8, round(abs(end - start) / 4))
    angles = (math.radians(start + (end - start) * step / steps) for step in range(steps + 1))
    return [(x + rx * math.cos(angle), y + ry * math.sin(angle)) for angle in angles]


def smooth(points: Sequence[Point], *, closed: bool) -> list[Point]:
    """Return a curve through the points (Catmull–Rom), twelve steps between each two."""
    last = len(points)
    around = [points[-1], *points, points[0], points[1]] if closed else [points[0], *points, points[-1]]
    pieces = range(last if closed else last - 1)
    curve = [_between(around[i : i + 4], step / 12) for i in pieces for step in range(12)]
    return curve if closed else [*curve, points[-1]]


def _between(four: Sequence[Point], t: float) -> Point:
    x, y = (
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(*four, strict=True)
    )
    return x, y


def _mask(placed: Sequence[Point], margin: float) -> tuple[Image.Image, tuple[int, int]]:
    """Return an empty mask that has room for the points, and where its corner stands."""
    left, top = (math.floor(min(side) - margin) - 2 for side in zip(*placed, strict=True))
    right, bottom = (math.ceil(max(side) + margin) + 2 for side in zip(*placed, strict=True))
    return Image.new("L", (right - left, bottom - top)), (left, top)


def _moved(placed: Sequence[Point], corner: tuple[int, int]) -> list[Point]:
    return [(x - corner[0], y - corner[1]) for x, y in placed]


def _points(numbers: Sequence[float]) -> list[Point]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _filled(colours: str, size: tuple[int, int]) -> Image.Image:
    """Return an area of one colour, or of colours that run into one another."""
    across = "|" in colours
    stops = [(*ImageColor.getrgb(c), 255)[:4] for c in colours.split("|" if across else ":")]
    if len(stops) == 1:
        return Image.new("RGBA", size, stops[0])
    strip = Image.new("RGBA", (len(stops), 1) if across else (1, len(stops)))
    strip.putdata(stops)
    # Half a stop is cut off at either end, so that the outer colours stand at the edges.
    inner = (0.5, 0, len(stops) - 0.5, 1) if across else (0, 0.5, 1, len(stops) - 0.5)
    return strip.resize(size, Image.Resampling.BILINEAR, box=inner)
