"""Columns find their fields by name, by a known other name, or by --map."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindgraph.catalog.columns import (
    COBUYS,
    FIELDS,
    INTENTIONS,
    PRODUCTS,
    REQUIRED,
    check_maps,
    parse_maps,
    read_input,
)
from mindgraph.errors import CatalogError, SettingsError


def csv(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_required_field_is_a_field() -> None:
    """The two tables of names agree."""
    assert all(set(REQUIRED[role]) <= set(fields) for role, fields in FIELDS.items())


def test_known_other_names_are_read_without_a_map(tmp_path: Path) -> None:
    """`SKU` and `Name` are id and title."""
    part = read_input(csv(tmp_path, "p.csv", "SKU,Name", "1,Lamp"), PRODUCTS, [])

    assert part.rows.select("id", "title").row(0) == ("1", "Lamp")
    assert part.has == {"id", "title"}


def test_a_map_wins_over_a_column_of_the_fields_own_name(tmp_path: Path) -> None:
    """What was said counts more than what a column is called."""
    path = csv(tmp_path, "p.csv", "id,title,name", "1,x,Lamp")

    assert read_input(path, PRODUCTS, parse_maps(["title=name"])).rows["title"].to_list() == ["Lamp"]


def test_a_map_with_a_role_serves_that_file_alone(tmp_path: Path) -> None:
    """Two files may use one name differently."""
    maps = parse_maps(["product_a=sku", "cobuys.product_b=linked", "products.id=sku"])

    pairs = read_input(csv(tmp_path, "c.csv", "sku,linked", "1,2"), COBUYS, maps)
    products = read_input(csv(tmp_path, "p.csv", "id,sku,title", "x,1,Lamp"), PRODUCTS, maps)

    assert pairs.rows.select("product_a", "product_b").row(0) == ("1", "2")
    assert products.rows["id"].to_list() == ["1"]


def test_the_published_tables_columns_are_read(tmp_path: Path) -> None:
    """`Product_a` is a title where `id_a` is there, and a product where it is not."""
    header = "id_a,id_b,Product_a,Product_b,Relation,product_a_desc,product_b_desc,Intention,Agreement"
    published = read_input(
        csv(tmp_path, "t.csv", header, "1,2,Lamp,Tent,usedFor,x,y,camping,Yes"), INTENTIONS, []
    )
    own = read_input(csv(tmp_path, "o.csv", "product_a,product_b,text", "1,2,camping"), INTENTIONS, [])

    assert published.rows.select("product_a", "title_a", "text", "answer").row(0) == (
        "1",
        "Lamp",
        "camping",
        "Yes",
    )
    assert own.rows.select("product_a", "title_a").row(0) == ("1", None)


def test_a_missing_column_says_which_there_are_and_how_to_map(tmp_path: Path) -> None:
    """The error names the file, its columns and the option."""
    path = csv(tmp_path, "p.csv", "code,label", "1,Lamp")

    with pytest.raises(CatalogError) as caught:
        read_input(path, PRODUCTS, [])

    assert "p.csv has no column 'id' for the products; its columns are 'code', 'label'" in str(caught.value)
    assert "--map" in caught.value.hint


def test_a_map_to_a_column_that_no_file_has_lists_the_columns(tmp_path: Path) -> None:
    """A slip in --map is told, with the near name."""
    maps = parse_maps(["title=nam"])
    part = read_input(csv(tmp_path, "p.csv", "id,name", "1,Lamp"), PRODUCTS, maps)

    with pytest.raises(CatalogError, match=r"no file has a column 'nam' \(p\.csv: id, name\)") as caught:
        check_maps(maps, [part])

    assert "name" in caught.value.hint


@pytest.mark.parametrize("text", ["titel=name", "product.id=sku", "title", "title=", "cobuys.title=name"])
def test_a_map_that_means_nothing_is_told(text: str) -> None:
    """Unknown fields and roles are errors with a hint."""
    with pytest.raises(SettingsError) as caught:
        parse_maps([text])

    assert repr(text) in str(caught.value)
    assert caught.value.hint
