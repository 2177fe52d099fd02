"""Co-buys: pairs without direction, weights that add up, baskets counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindgraph.catalog import Sources, read_catalogue
from mindgraph.records import CoBuy, Reject, content_id
from mindgraph.tables import records_of


def csv(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(
    folder: Path, ids: str, cobuys: Path | None = None, orders: Path | None = None, largest: int = 100
) -> tuple[list[CoBuy], list[Reject]]:
    products = csv(folder / "p.csv", "id,title", *(f"{name},x" for name in ids.split()))
    sources = Sources(products=(products,), cobuys=cobuys, orders=orders)
    found = read_catalogue(sources, {}, largest_basket=largest, lang="en")
    rejects = [reject for table in found.rejects for reject in records_of(Reject, table)]
    return records_of(CoBuy, found.cobuys), rejects


def test_a_pair_named_twice_in_either_order_is_one_and_its_weights_add_up(tmp_path: Path) -> None:
    """The smaller id comes first, and every line is kept as a source."""
    pairs = csv(tmp_path / "c.csv", "product_a,product_b,weight", "b,a,2", "a,b,0.5", "a,c,1")

    found, rejects = read(tmp_path, "a b c", pairs)

    assert found == [
        CoBuy(
            id=content_id("cobuy", "a", "b"),
            product_a="a",
            product_b="b",
            weight=2.5,
            source=["c.csv:2", "c.csv:3"],
        ),
        CoBuy(id=content_id("cobuy", "a", "c"), product_a="a", product_b="c", weight=1.0, source=["c.csv:4"]),
    ]
    assert rejects == []


def test_a_line_without_weights_counts_once(tmp_path: Path) -> None:
    """Without a weight column each line weighs 1."""
    found, _ = read(tmp_path, "a b", csv(tmp_path / "c.csv", "product_a,product_b", "a,b", "b,a"))

    assert [cobuy.weight for cobuy in found] == [2.0]


def test_pairs_that_are_none_are_rejected_with_their_reason(tmp_path: Path) -> None:
    """Self-pairs, empty ids, unknown products and weights that are none: each names its line."""
    pairs = csv(
        tmp_path / "c.csv",
        "product_a,product_b,weight",
        "a,a,1",
        ",b,1",
        "a,z,1",
        "a,b,0",
        "a,b,-1",
        "a,b,NaN",
        "a,b,inf",
        "a,b,many",
        "a,b,",
        "a,b,3",
    )

    found, rejects = read(tmp_path, "a b", pairs)

    assert [cobuy.weight for cobuy in found] == [3.0]
    assert [(r.line, r.reason) for r in rejects] == [
        (2, "a product with itself"),
        (3, "no product id"),
        (4, "unknown product z"),
        (5, "weight 0 is no number above 0"),
        (6, "weight -1 is no number above 0"),
        (7, "weight NaN is no number above 0"),
        (8, "weight inf is no number above 0"),
        (9, "weight many is no number above 0"),
        (10, "weight (empty) is no number above 0"),
    ]
    assert rejects[2].raw == "a,z,1"


def test_orders_are_counted_by_distinct_baskets(tmp_path: Path) -> None:
    """A product twice in one basket counts once; lift is P(a, b) / (P(a) P(b)) over baskets."""
    orders = csv(
        tmp_path / "o.csv",
        "order,product",
        "1,a",
        "1,b",
        "1,a",
        "2,b",
        "2,a",
        "3,a",
        "3,c",
        "4,c",
        "4,z",
        ",a",
    )

    found, rejects = read(tmp_path, "a b c", orders=orders)

    assert [(c.product_a, c.product_b, c.weight, c.lift) for c in found] == [
        ("a", "b", 2.0, pytest.approx(2 * 4 / (3 * 2))),
        ("a", "c", 1.0, pytest.approx(1 * 4 / (3 * 2))),
    ]
    assert found[0].source == ["o.csv:2", "o.csv:3", "o.csv:5", "o.csv:6"]
    assert [(r.line, r.reason) for r in rejects] == [(10, "unknown product z"), (11, "no order id")]


def test_a_basket_that_is_too_large_is_rejected_rather_than_paired(tmp_path: Path) -> None:
    """A warehouse's order says nothing about why two things were bought together."""
    orders = csv(tmp_path / "o.csv", "order,product", "1,a", "1,b", "1,c", "2,a", "2,b")

    found, rejects = read(tmp_path, "a b c", orders=orders, largest=2)

    assert [(c.product_a, c.product_b, c.weight) for c in found] == [("a", "b", 1.0)]
    assert [(r.key, r.line, r.reason) for r in rejects] == [
        ("1", 2, "basket of 3 products, at most 2 are read")
    ]


def test_pairs_and_orders_together_add_up(tmp_path: Path) -> None:
    """Both files speak of the same co-buy."""
    pairs = csv(tmp_path / "c.csv", "product_a,product_b,weight", "a,b,2")
    orders = csv(tmp_path / "o.csv", "order,product", "1,a", "1,b")

    found, _ = read(tmp_path, "a b", pairs, orders)

    assert [(c.weight, c.lift, c.source) for c in found] == [(3.0, 1.0, ["c.csv:2", "o.csv:2", "o.csv:3"])]
