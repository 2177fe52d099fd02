"""Real catalogues are read as they are."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from PIL import Image

from mindgraph.catalog import Sources
from mindgraph.pipeline import Pipeline
from mindgraph.records import Candidate, CoBuy, Product, Reject, Verdict
from mindgraph.settings import Settings
from mindgraph.workspace import Workspace


def ingest(folder: Path, **sources: object) -> Workspace:
    workspace = Workspace(folder / "ws")
    Pipeline(workspace, Settings()).ingest(Sources(**sources))  # type: ignore[arg-type]
    return workspace


def bundles(data: Path) -> dict[str, object]:
    folder = data / "bundlerec_electronic"
    return {
        "products": (folder / "item_titles.csv", folder / "item_categories.csv"),
        "maps": ("id=item ID", "title=titles"),
    }


def pairs(data: Path, folder: Path) -> Workspace:
    found = bundles(data)
    maps = ("product_a=item_a", "product_b=item_b", "weight=n_sessions")
    path = data / "bundlerec_electronic" / "cobuy_pairs_titled.csv"
    return ingest(folder, products=found["products"], cobuys=path, maps=(*found["maps"], *maps))  # type: ignore[misc]


def test_a_catalogue_in_two_files_with_its_pairs(shared_data: Path, tmp_path: Path) -> None:
    """3,499 titled products with their categories, and 12,686 co-buys weighed by sessions."""
    workspace = pairs(shared_data, tmp_path)

    products, cobuys = workspace.read(Product), workspace.read(CoBuy)
    raw = pl.read_csv(shared_data / "bundlerec_electronic" / "cobuy_pairs_titled.csv")
    assert (len(products), products["titled"].all(), len(cobuys)) == (3499, True, 12686)
    assert cobuys["weight"].sum() == raw["n_sessions"].sum()
    assert products["categories"].list.len().min() == 1
    assert products.filter(id="98326")["categories"].to_list() == [
        [
            "Cell Phones & Accessories > Accessories > Headsets > Bluetooth Headsets",
            "Electronics > Accessories & Supplies > Audio & Video Accessories > Headphones",
        ]
    ]
    assert "AT&T 90892 Noise Cancelling Headset (Cherry)" in products["title"].to_list()
    assert workspace.count(Reject) == 0


def test_sessions_as_orders_give_the_same_pairs_and_weights(shared_data: Path, tmp_path: Path) -> None:
    """Baskets of titled products are exactly the published pairs."""
    found = bundles(shared_data)
    by_pairs = pairs(shared_data, tmp_path / "pairs").read(CoBuy)
    by_orders = ingest(
        tmp_path / "orders",
        products=found["products"],
        orders=shared_data / "bundlerec_electronic" / "session_item.csv",
        maps=(*found["maps"], "order=session ID", "product=item ID"),  # type: ignore[misc]
    ).read(CoBuy)

    columns = ["id", "product_a", "product_b", "weight"]
    assert by_orders.select(columns).equals(by_pairs.select(columns))
    assert by_orders["lift"].is_finite().all()


@pytest.mark.slow
def test_a_shop_with_photographs(shared_data: Path, tmp_path: Path) -> None:
    """191 products of JSONL, each with its thumbnail; links to unknown products are rejected."""
    folder = shared_data / "magento_catalog"
    workspace = ingest(
        tmp_path,
        products=(folder / "products.jsonl",),
        cobuys=folder / "links.csv",
        maps=("id=sku", "image=image_file", "product_a=sku", "product_b=linked_sku"),
    )

    products, rejects = workspace.read(Product), workspace.read(Reject)
    links = pl.read_csv(folder / "links.csv")
    assert (len(products), products["image"].null_count()) == (191, 0)
    for image in products["image"].to_list()[:5]:
        with Image.open(workspace.images / f"{image}.jpg") as picture:
            assert (picture.format, max(picture.size)) == ("JPEG", 448)
    assert products.filter(id="MH01")["categories"].to_list()[0][0] == "Men > Tops > Hoodies & Sweatshirts"
    assert workspace.read(CoBuy)["weight"].sum() + len(rejects) == len(links)
    assert set(rejects["reason"].str.extract(r"^(unknown product)").to_list()) == {"unknown product"}


def test_titles_that_are_pieces_of_html_are_no_titles(shared_data: Path, tmp_path: Path) -> None:
    """2,163 of 2,320 products have a piece of markup for a title; the others' entities are read."""
    path = shared_data / "amazon2018_meta" / "meta_Magazine_Subscriptions.json.gz"

    workspace = ingest(tmp_path, products=(path,))

    products = workspace.read(Product)
    assert (len(products), products["titled"].sum()) == (2320, 157)
    assert not products["title"].str.contains(r"<|&\w+;").any()
    assert "Disney & Me" in products["title"].to_list()
    assert products["brand"].drop_nulls().str.contains("&amp;").sum() == 0


def test_finished_intentions_alone_make_a_catalogue(shared_data: Path, tmp_path: Path) -> None:
    """1,081 intentions over 670 pairs, none lost; a missing relation is `open`."""
    path = shared_data / "intentionqa" / "intentions_flat.jsonl"

    workspace = ingest(tmp_path, intentions=(path,))

    candidates = workspace.read(Candidate)
    raw = pl.read_ndjson(path)
    untyped = raw["relation"].is_null() | (raw["relation"] == "other")
    assert (len(candidates), workspace.count(CoBuy), workspace.count(Reject)) == (1081, 670, 0)
    assert workspace.count(Product) == pl.concat([raw["asin_a"], raw["asin_b"]]).n_unique()
    assert (candidates["relation"] == "open").sum() == untyped.sum()
    assert not candidates["text"].str.contains("(?i)personx").any()
    assert workspace.read(Verdict)["judge"].unique().to_list() == ["imported"]
