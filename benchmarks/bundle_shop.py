"""Write a domain of BundleRec as files that `mindgraph ingest` reads.

`python -m benchmarks.bundle_shop DATA FOLDER`

Products with titles and categories; what shared a session, so often; and for each pair of a bundle the intent
that people wrote on it, as a finished intention.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl


def write(data: Path, folder: Path) -> None:
    """Write products.csv, cobuys.csv and intentions.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    titles = _read(data / "item_titles.csv", ["id", "title"])
    paths = pl.col("path").str.extract(r"\[\[([^\]]*)\]").str.replace_all(r",\s*", " > ")
    categories = _read(data / "item_categories.csv", ["id", "path"]).select("id", paths.alias("categories"))
    titles.join(categories, on="id", how="left").write_csv(folder / "products.csv")
    known = titles.select("id").unique()
    pl.read_csv(data / "cobuy_pairs_titled.csv", infer_schema=False).select(
        product_a="item_a", product_b="item_b", weight="n_sessions"
    ).write_csv(folder / "cobuys.csv")
    inside = _read(data / "bundle_item.csv", ["bundle", "id"]).join(known, on="id").unique()
    pairs = inside.join(inside, on="bundle", suffix="_b").filter(pl.col("id") < pl.col("id_b"))
    intents = _read(data / "bundle_intent.csv", ["bundle", "text"]).drop_nulls()
    pairs.join(intents, on="bundle").sort("bundle", "id", "id_b").select(
        product_a="id", product_b="id_b", relation=pl.lit("open"), text="text"
    ).write_csv(folder / "intentions.csv")


def _read(path: Path, columns: list[str]) -> pl.DataFrame:
    found = pl.read_csv(path, infer_schema=False)
    names = dict(zip(found.columns[: len(columns)], columns, strict=True))
    return found.select(list(names)).rename(names)


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
