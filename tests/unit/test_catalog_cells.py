"""Cells are read as a person means them: text without markup, prices, category paths."""

from __future__ import annotations

import polars as pl
import pytest

from mindgraph.catalog import cells


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("AT&amp;T 90892 Headset", "AT&T 90892 Headset"),
        ('<span class="a-size-medium a-color-secondary"', ""),
        ("<b>Lamp</b><br/>for tents", "Lamp for tents"),
        ("&lt;i&gt;Tent&lt;/i&gt;", "Tent"),
        ("a <script>alert('x')</script> lamp", "a lamp"),
        ("Lamp <style>.a{color:red}", "Lamp"),
        ("size <L, > XS", "size <L, > XS"),
        ("I <3 tents", "I <3 tents"),
        ("MATCH (n) DETACH DELETE n //", "MATCH (n) DETACH DELETE n //"),
        ("  two\n lines\t", "two lines"),
        ("Cafe\u0301", "Café"),
    ],
)
def test_text_loses_markup_and_nothing_else(raw: str, expected: str) -> None:
    """Tags, pieces of tags and entities go; signs that only look like them stay."""
    assert cells.plain(raw) == expected


@pytest.mark.parametrize("raw", ["", "-", "…", "NaN", "null", "None", "N/A", "<div>", "&nbsp;"])
def test_a_title_without_letters_or_a_filler_is_no_title(raw: str) -> None:
    """What tells a shopper nothing is no usable title."""
    assert cells.title(raw) == ""


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("52", 52.0),
        ("$1,234.50", 1234.5),
        ("US$ 12.00", 12.0),
        ("1234.5 EUR", 1234.5),
        ("12,50 €", 12.5),
        ("1.234,50", 1234.5),
        ("£0", 0.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("NaN", None),
        ("Infinity", None),
        ("-5", None),
        ("$-5", None),
        ("free", None),
        ("10 - 20", None),
        ("52pcs", None),
        ("1,23,4", None),
        ("1e99", 1e99),
        ("1e999", None),
        (None, None),
    ],
)
def test_prices_are_read_in_the_ways_shops_write_them(raw: str | None, expected: float | None) -> None:
    """Currency signs and thousands are read; what is no amount is null, never a guess."""
    assert cells.prices(pl.Series("price", [raw], dtype=pl.String)).to_list() == [expected]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("A > B > C", ["A > B > C"]),
        ("A &gt; B", ["A > B"]),
        ("A > B | A > C", ["A > B", "A > C"]),
        ("A > B;D", ["A > B", "D"]),
        ("[[A,B,C],[D,E]]", ["A > B > C", "D > E"]),
        ("[[Clothing, Shoes & Jewelry,Men]]", ["Clothing, Shoes & Jewelry > Men"]),
        ("[['A', 'B, C'], ['D']]", ["A > B, C", "D"]),
        ('[["A", "B"], ["C"]]', ["A > B", "C"]),
        ('["A > B", "C"]', ["A > B", "C"]),
        ("[A,B]", ["A", "B"]),
        ("Arts, Music &amp; Photography > Music", ["Arts, Music & Photography > Music"]),
        ("A > B | A > B", ["A > B"]),
        ("[]", None),
        ("[[]]", None),
        (" > ", None),
        (None, None),
    ],
)
def test_category_paths_are_read_in_every_form(raw: str | None, expected: list[str] | None) -> None:
    """Lists, nested lists with and without quotes, and text give the same paths."""
    column = pl.Series("categories", [raw, "X > Y"], dtype=pl.String)

    found = cells.categories(column).to_list()[0]

    assert (found.split(cells.PATHS) if found else None) == expected


def test_slashes_are_levels_only_where_no_cell_uses_the_arrow() -> None:
    """`Men/Tops` is a path; in a column with ">" a slash belongs to the name, as in CD/DVD."""
    slashed = cells.categories(pl.Series("c", ['["Men/Tops", "Sale"]']))
    arrowed = cells.categories(pl.Series("c", ["CD/DVD", "A > B"]))

    assert slashed.to_list() == ["Men > Tops\nSale"]
    assert arrowed.to_list() == ["CD/DVD", "A > B"]
