"""What holds for all input: order and repetition do not matter, and nothing is lost."""

from __future__ import annotations

import csv
import io
import tempfile
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from mindgraph.catalog import Catalogue, Sources, cells, read_catalogue
from mindgraph.catalog.files import read_table
from mindgraph.catalog.pictures import PictureError, thumbnail
from mindgraph.errors import CatalogError
from mindgraph.records import Product
from mindgraph.texts import clean

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

IDS = st.sampled_from("abcdef")
WEIGHTS = st.floats(1e-3, 1e6)
PAIRS = st.lists(st.tuples(IDS, IDS, WEIGHTS), min_size=1, max_size=30)
#: White space as Unicode has it; Python also takes the separators 0x1c to 0x1f for it.
WHITE = [n for n in range(0x3001) if chr(n).isspace() and n not in range(0x1C, 0x20)]
#: Text with everything that a table can choke on.
TEXTS = st.text(
    st.sampled_from("ab ,;\"'\n\r\t|é\u0301白&<>[]\\{}:") | st.characters(codec="utf-8"), max_size=12
)


def stripped(text: str) -> str:
    """Return a cell as it is kept: cleaned, without white space at its edges."""
    return clean(text).strip("".join(map(chr, WHITE)))


def catalogue_of(products: bytes, cobuys: bytes) -> Catalogue:
    with tempfile.TemporaryDirectory() as folder:
        files = {"p.jsonl": products, "c.jsonl": cobuys}
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        sources = Sources(products=(Path(folder) / "p.jsonl",), cobuys=Path(folder) / "c.jsonl")
        return read_catalogue(sources, {}, largest_basket=100, lang="en")


def lines(rows: list[dict[str, object]]) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


@settings(max_examples=40, deadline=None)
@given(PAIRS, st.randoms())
def test_weights_add_up_in_any_order_and_either_direction(
    pairs: list[tuple[str, str, float]], random
) -> None:
    """Shuffled and turned lines give the same ids and weights to the last bit."""
    products = lines([{"id": name, "title": name} for name in "abcdef"])

    def found(rows: list[tuple[str, str, float]]) -> list[tuple[object, ...]]:
        written = lines([{"product_a": a, "product_b": b, "weight": w} for a, b, w in rows])
        return catalogue_of(products, written).cobuys.drop("source").rows()

    shuffled = [(a, b, w) if random.random() < 0.5 else (b, a, w) for a, b, w in pairs]
    random.shuffle(shuffled)

    assert found(pairs) == found(shuffled)
    assert all(a < b for _, a, b, *_ in found(pairs))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(TEXTS, TEXTS, st.none() | TEXTS), min_size=1, max_size=8))
def test_every_line_of_products_is_a_product_or_a_reject(rows: list[tuple[str, str, str | None]]) -> None:
    """Ids come through as `texts.clean` leaves them; what is refused is counted."""
    content = lines([{"id": a, "title": b, "price": c} for a, b, c in rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "p.jsonl"
        path.write_bytes(content)
        found = read_catalogue(Sources(products=(path,)), {}, largest_basket=100, lang="en")

    ids = {stripped(name) for name, _, _ in rows} - {""}
    assert set(found.products["id"].to_list()) == ids
    nameless = sum(table.filter(reason="no product id").height for table in found.rejects)
    assert nameless == sum(not stripped(name) for name, _, _ in rows)
    assert all(found.products["title"].to_list())
    assert set(Product.__struct_fields__) <= set(found.products.columns)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=8))
def test_well_written_csv_comes_back_cell_by_cell(rows: list[list[str]]) -> None:
    """What Python writes as CSV is read without a reject, cleaned and stripped, with right lines."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([["x", "y", "z"], *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_text(out.getvalue(), encoding="utf-8", newline="")
        try:
            table = read_table(path, lambda name: True)
        except CatalogError as error:
            assert "binary" in str(error)
            return

    assert table.bad == []
    expected = [[stripped(cell) or None for cell in row] for row in rows]
    assert [list(row) for row in zip(*(c.to_list() for c in table.cells.values()), strict=True)] == expected


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=120))
@example(b'a\n"\n"\n')
@example(b'a,b\n"x\n"y,z\n')
def test_any_bytes_are_read_line_by_line_or_refused_as_a_whole(content: bytes) -> None:
    """No line is lost: rows and rejects together cover every line that is not blank."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        path.write_bytes(b"a,b\n" + content)
        try:
            table = read_table(path, lambda name: True)
        except CatalogError:
            return
    covered = set()
    for line in table.lines.to_list():
        covered |= set(range(line, table.ends.get(line, line) + 1))
    for reject in table.bad:
        assert reject.line is not None
        covered |= set(range(reject.line, reject.line + reject.raw.count("\n") + 1))
    blank = {n for n, line in enumerate(content.split(b"\n"), start=2) if not line.strip(b"\r\n")}
    assert set(range(2, 2 + len(content.removesuffix(b"\n").split(b"\n")))) <= covered | blank


@settings(max_examples=200, deadline=None)
@given(TEXTS | st.text(st.sampled_from("<>/ab=\"' &;#spandivript!-"), max_size=40))
def test_cleaning_twice_is_cleaning_once_but_for_entities(text: str) -> None:
    """A cleaned title is one line, composed, and stays so."""
    once = cells.plain(text)

    assert once == clean(once)
    assert "\n" not in once
    assert "  " not in once


PICTURES = []
for kind in ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"):
    out = BytesIO()
    Image.effect_noise((40, 30), 60).convert("RGB").save(out, kind)
    PICTURES.append(out.getvalue())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(PICTURES), st.lists(st.tuples(st.integers(0, 300), st.integers(0, 255)), max_size=6))
def test_a_picture_with_flipped_bytes_gives_a_thumbnail_or_a_reason(
    source: bytes, flips: list[tuple[int, int]]
) -> None:
    """No other error comes out of a damaged picture."""
    damaged = bytearray(source)
    for place, value in flips:
        damaged[place % len(damaged)] = value
    try:
        assert thumbnail(bytes(damaged), 32).startswith(b"\xff\xd8")
    except PictureError as error:
        assert str(error)
