"""The sample as a shop's own files: products, order lines, pictures, and a note on what they are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from mindgraph.sample.drawing import draw
from mindgraph.sample.orders import OrderLine, order_lines
from mindgraph.sample.texts import Shop, read_shop

_NOTE = """\
# A sample shop, written by hand

Forty products in six categories, their pictures, and order lines. Products, brands, prices and
orders are invented; the pictures were drawn by a program. `answers.jsonl`, where it is here, holds
what a model might say of them: **those answers were written by hand for this sample, and no model
was asked.**

    products.csv    id, title, brand, categories, description, price
    orders.csv      order, date, product, quantity: what shares an order is a co-buy
    images/         one picture a product

The same files through the stages, one by one:

    mindgraph -w DATA ingest products.csv --orders orders.csv --images images
    mindgraph -w DATA distill --engine recorded --cassette answers.jsonl
    mindgraph -w DATA filter --engine recorded --cassette answers.jsonl
    mindgraph -w DATA build
    mindgraph -w DATA load
"""


def write_shop(folder: Path) -> None:
    """Write the shop's files into a folder; the same bytes every time."""
    shop = read_shop()
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    (folder / "README.md").write_text(_NOTE, encoding="utf-8")
    _write_csv(folder / "products.csv", ("id", *_COLUMNS), _product_rows(shop))
    _write_csv(folder / "orders.csv", OrderLine._fields, order_lines(shop))
    for product, shapes in shop.drawings.items():
        draw(shapes).save(images / f"{product}.jpg", quality=90)


_COLUMNS = ("title", "brand", "categories", "description", "price")


def _product_rows(shop: Shop) -> Iterable[Sequence[object]]:
    for id_, goods in shop.products.items():
        yield id_, goods.title, goods.brand, goods.category, goods.description, f"{goods.price:.2f}"


def _write_csv(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    path.write_text(out.getvalue(), encoding="utf-8")
