"""The sample shop looks like a shop: its products, orders, and what is said of them."""

from __future__ import annotations

import csv
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from mindgraph.relations import DEFAULT_RELATIONS
from mindgraph.sample import CoBought, Said, Shop, read_shop, write_shop


@pytest.fixture(scope="module")
def shop() -> Shop:
    return read_shop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("shop")
    write_shop(path)
    return path


def kept(shop: Shop) -> list[tuple[CoBought, str, Said]]:
    """Return what the shopper accepts, with its co-buy and relation."""
    return [
        (cobuy, relation, said)
        for cobuy in shop.cobuys
        for relation, said in cobuy.said.items()
        if isinstance(said.shopper, float) and said.shopper >= 0.5
    ]


def test_it_has_forty_products_in_six_categories(shop: Shop):
    """Forty products, each of the six categories with six to eight of them, no title twice."""
    categories = Counter(goods.category.split(" > ")[0] for goods in shop.products.values())
    assert len(shop.products) == 40
    assert len(categories) == 6
    assert min(categories.values()) >= 6
    assert len({goods.title for goods in shop.products.values()}) == 40


def test_every_product_is_told_priced_and_drawn(shop: Shop):
    """Each product has brand, price, a description, five texts of features, and a drawing."""
    for goods in shop.products.values():
        assert goods.brand in goods.title
        assert 5 < goods.price < 1000
        assert 40 < len(goods.description) < 250
    assert set(shop.features) == set(shop.drawings) == set(shop.products)
    assert {len(texts) for texts in shop.features.values()} == {5}


def test_seventy_cobuys_join_products_across_categories(shop: Shop):
    """Seventy co-buys in the order of ids name every product; a good part of them cross categories."""
    categories = {name: goods.category.split(" > ")[0] for name, goods in shop.products.items()}
    crossing = [cobuy for cobuy in shop.cobuys if categories[cobuy.a] != categories[cobuy.b]]
    assert len(shop.cobuys) == len({(c.a, c.b) for c in shop.cobuys}) == 70
    assert all(cobuy.a < cobuy.b for cobuy in shop.cobuys)
    assert {side for c in shop.cobuys for side in (c.a, c.b)} == set(shop.products)
    assert len(crossing) >= 30


def test_orders_give_exactly_these_weights(shop: Shop, folder: Path):
    """Counting which products share an order gives the co-buys with their weights, and no others."""
    baskets: dict[str, set[str]] = {}
    with (folder / "orders.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            baskets.setdefault(row["order"], set()).add(row["product"])
    counted = Counter(pair for basket in baskets.values() for pair in combinations(sorted(basket), 2))
    assert counted == {(cobuy.a, cobuy.b): cobuy.weight for cobuy in shop.cobuys}
    assert {len(basket) for basket in baskets.values()} == {1, 2, 3}
    assert 300 <= len(baskets) <= 700


def test_the_same_files_every_time(folder: Path, tmp_path: Path):
    """Writing the shop again gives the same bytes, pictures too."""
    write_shop(tmp_path)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name


def test_it_says_that_it_was_written_by_hand(folder: Path):
    """The note in the shop's folder says who wrote the answers."""
    note = (folder / "README.md").read_text(encoding="utf-8")
    assert "written by hand" in note
    assert "no model was asked" in note.replace("\n", " ")


def test_kept_phrases_are_short_and_none_is_said_twice_of_a_cobuy(shop: Shop):
    """A kept phrase has at most twelve words, a detail is one sentence or two, and no co-buy repeats one."""
    for _, _, said in kept(shop):
        assert len(said.phrase.split()) <= 12, said.phrase
        assert said.detail.endswith((".", "?")), said.detail
    for cobuy in shop.cobuys:
        phrases = [said.phrase for of, _, said in kept(shop) if of is cobuy]
        assert len(phrases) == len(set(phrases)) >= 3, (cobuy.a, cobuy.b)


def test_many_relations_are_used_and_many_are_null(shop: Shop):
    """At least ten relations hold kept intentions; of what is asked most is answered null."""
    used = Counter(relation for _, relation, _ in kept(shop))
    asked = len(shop.cobuys) * len(DEFAULT_RELATIONS)
    assert set(used) <= set(DEFAULT_RELATIONS)
    assert len(used) >= 10
    assert sum(len(cobuy.said) for cobuy in shop.cobuys) < asked / 2


def test_intentions_recur_across_cobuys_and_categories(shop: Shop):
    """Some eighty phrases explain two co-buys or more, and most of these span categories."""
    cobuys: dict[str, set[tuple[str, str]]] = {}
    spanned: dict[str, set[str]] = {}
    for cobuy, _, said in kept(shop):
        cobuys.setdefault(said.phrase, set()).add((cobuy.a, cobuy.b))
        for side in (cobuy.a, cobuy.b):
            spanned.setdefault(said.phrase, set()).add(shop.products[side].category.split(" > ")[0])
    recurring = [phrase for phrase, of in cobuys.items() if len(of) >= 2]
    across = [phrase for phrase in recurring if len(spanned[phrase]) >= 2]
    assert len(recurring) >= 70
    assert len(across) >= 50


def test_a_fair_share_is_turned_down_and_reasons_say_why(shop: Shop):
    """A quarter to a third is turned down; whatever the shopper turns down has a reason."""
    said = [said for cobuy in shop.cobuys for said in cobuy.said.values()]
    turned_down = [one for one in said if isinstance(one.shopper, float) and one.shopper < 0.5]
    assert 0.25 <= 1 - len(kept(shop)) / len(said) <= 0.33
    assert all(one.reason for one in turned_down)
    assert any(isinstance(one.shopper, str) for one in said)
