"""Products are joined by id, cleaned, and stay even without a usable title."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from mindgraph.catalog import Sources, read_catalogue
from mindgraph.errors import CatalogError
from mindgraph.records import Product, Reject
from mindgraph.tables import records_of

AWKWARD = [
    'say "hi"',
    "a/b\\c",
    "../../etc/passwd",
    "白 Bär",
    "two\nlines",
    "x" * 10_000,
    "'; MATCH (n) DELETE n",
    "a\tb",
]


def jsonl(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return path


def read(*paths: Path) -> tuple[dict[str, Product], list[Reject]]:
    catalogue = read_catalogue(Sources(products=paths), {}, largest_basket=100, lang="en")
    products = catalogue.products.select(list(Product.__struct_fields__))
    rejects = [reject for table in catalogue.rejects for reject in records_of(Reject, table)]
    return {product.id: product for product in records_of(Product, products)}, rejects


def test_a_product_carries_what_its_line_says(tmp_path: Path) -> None:
    """Every field is read, cleaned, and the place is kept."""
    path = jsonl(
        tmp_path / "p.jsonl",
        {
            "id": "1",
            "title": "AT&amp;T  Lamp",
            "brand": "B&amp;B",
            "categories": [["Camping", "Light"], ["Sale"]],
            "description": ["Bright.", "<b>Light</b>."],
            "price": "$1,234.50",
        },
    )

    products, rejects = read(path)

    assert products["1"] == Product(
        id="1",
        title="AT&T Lamp",
        brand="B&B",
        categories=["Camping > Light", "Sale"],
        description="Bright. Light .",
        price=1234.5,
        source="p.jsonl:1",
    )
    assert rejects == []


def test_a_product_without_a_title_stays_with_brand_and_category(tmp_path: Path) -> None:
    """It is flagged; where there is nothing at all, the id stands in."""
    path = jsonl(
        tmp_path / "p.jsonl",
        {"id": "1", "title": '<span class="a', "brand": "Hearst", "categories": "Magazines > Women"},
        {"id": "2", "brand": "Hearst"},
        {"id": "3", "title": " "},
    )

    products, rejects = read(path)

    assert [(p.title, p.titled) for p in products.values()] == [
        ("Hearst, Women", False),
        ("Hearst", False),
        ("3", False),
    ]
    assert rejects == []


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-3", "ask us", float("nan"), float("inf")])
def test_an_unreadable_price_is_rejected_and_the_product_stays(tmp_path: Path, price: str | float) -> None:
    """The price is null, and the reject names line and price."""
    written = str(price) if isinstance(price, str) else {"nan": "NaN", "inf": "Infinity"}[str(price)]
    cell = f'"{written}"' if isinstance(price, str) else written
    path = tmp_path / "p.jsonl"
    path.write_text(f'{{"id": "1", "title": "Lamp", "price": {cell}}}\n')

    products, rejects = read(path)

    assert products["1"].price is None
    assert [(r.key, r.file, r.line) for r in rejects] == [("1", "p.jsonl", 1)]
    assert "is no amount" in rejects[0].reason
    assert rejects[0].raw == path.read_text().strip()


def test_several_files_are_joined_by_id(tmp_path: Path) -> None:
    """Titles stand in one file, categories in another; the first value that is there wins."""
    titles = jsonl(tmp_path / "t.jsonl", {"id": 1, "title": "Lamp"}, {"id": 2, "title": None})
    others = jsonl(
        tmp_path / "o.jsonl", {"id": "2", "name": "Tent"}, {"id": "1", "name": "Torch", "category": "A"}
    )

    products, rejects = read(titles, others)

    assert [(p.title, p.categories, p.source) for p in products.values()] == [
        ("Lamp", ["A"], "t.jsonl:1"),
        ("Tent", [], "t.jsonl:2"),
    ]
    assert rejects == []


def test_a_repeated_id_fills_gaps_and_is_rejected_where_it_contradicts(tmp_path: Path) -> None:
    """The first line stays; saying the same again is no offence."""
    path = jsonl(
        tmp_path / "p.jsonl",
        {"id": "1", "title": "Lamp"},
        {"id": "1", "title": "Lamp", "price": 5},
        {"id": "1", "title": "Torch", "price": 6},
    )

    products, rejects = read(path)

    assert (products["1"].title, products["1"].price, products["1"].source) == ("Lamp", 5.0, "p.jsonl:1")
    assert [(r.line, r.reason) for r in rejects] == [
        (3, "id named again with another title, price; line 1 stays")
    ]


def test_awkward_ids_survive(tmp_path: Path) -> None:
    """Quotes, slashes, line breaks, unicode and 10,000 characters come through unchanged."""
    path = jsonl(tmp_path / "p.jsonl", *({"id": name, "title": "x"} for name in AWKWARD))

    products, rejects = read(path)

    assert sorted(products) == sorted(AWKWARD)
    assert rejects == []


def test_a_product_without_an_id_is_rejected(tmp_path: Path) -> None:
    """Empty and blank ids cost their line."""
    path = jsonl(
        tmp_path / "p.jsonl", {"id": "", "title": "x"}, {"id": "  ", "title": "y"}, {"id": "1", "title": "z"}
    )

    products, rejects = read(path)

    assert list(products) == ["1"]
    assert [(r.line, r.reason) for r in rejects] == [(1, "no product id"), (2, "no product id")]


def test_products_need_a_title_column_somewhere(tmp_path: Path) -> None:
    """A catalogue of which no file has titles is told, with its columns."""
    with pytest.raises(CatalogError, match="has no column 'title'"):
        read(jsonl(tmp_path / "p.jsonl", {"id": "1", "label": "Lamp"}))
