"""The verb `ingest`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from mindgraph.cli.base import Context, pass_context

if TYPE_CHECKING:
    from mindgraph.workspace import Stage, Workspace

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("ingest")
@click.argument("products", type=_FILE, required=False)
@click.argument("cobuys", type=_FILE, required=False)
@click.option(
    "--products",
    "more",
    type=_FILE,
    multiple=True,
    help="One more file of products, joined by id; the first value that is there wins.",
)
@click.option("--orders", type=_FILE, help="Order lines (order, product): what shares an order is a co-buy.")
@click.option(
    "--intentions",
    type=_FILE,
    multiple=True,
    help="Finished intentions (product_a, product_b, relation, text …), so that no model need be asked.",
)
@click.option(
    "--images",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder with <id>.jpg, .png or .webp, or a folder <id> with pictures.",
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["table"]),
    default="table",
    show_default=True,
    help="Format of the files; table: CSV, JSONL or Parquet, also .gz.",
)
@click.option(
    "--map",
    "maps",
    multiple=True,
    metavar="[ROLE.]FIELD=COLUMN",
    help="The column that holds a field, such as title=name or cobuys.weight=n.",
)
@click.option("--dataset", metavar="NAME", help="Name of the data set; kept in the workspace's settings.")
@click.option(
    "--thumbnail", type=click.IntRange(1, 8192), help="Longest side of the stored pictures, in pixels."
)
@click.option("--max-basket", type=click.IntRange(2), help="Refuse orders of more products than this.")
@pass_context
def ingest_verb(
    context: Context,
    products: Path | None,
    cobuys: Path | None,
    more: tuple[Path, ...],
    orders: Path | None,
    intentions: tuple[Path, ...],
    images: Path | None,
    source: str,
    maps: tuple[str, ...],
    dataset: str | None,
    thumbnail: int | None,
    max_basket: int | None,
) -> None:
    """Read PRODUCTS and COBUYS, tables of a shop, into a workspace.

    Products have the columns id and title, and any of brand, categories, description, price and
    image; co-buys product_a, product_b and perhaps weight. What cannot be read is kept with file,
    line and reason, and the rest goes on. The same command again does nothing where nothing changed.
    """
    if products is None and not more and not intentions:
        raise click.UsageError("Name a file of products, or --intentions.")
    from mindgraph.catalog import Sources

    sources = Sources(
        products=(*((products,) if products else ()), *more),
        cobuys=cobuys,
        orders=orders,
        intentions=intentions,
        images=images,
        maps=maps,
    )
    pipeline = context.pipeline(dataset=dataset, thumbnail=thumbnail, max_basket=max_basket)
    stage = pipeline.ingest(sources)
    if dataset:
        pipeline.workspace.create(pipeline.workspace.path, dataset=dataset)
    for line in _told(stage, pipeline.workspace):
        context.say(line)


def _told(stage: Stage, workspace: Workspace) -> list[str]:
    from mindgraph.records import Candidate, CoBuy, Product

    if stage.unchanged:
        return ["ingest: nothing has changed, nothing to do."]
    counts = stage.counts
    parts = [f"{workspace.count(Product):,} products"]
    if counts.get("untitled"):
        parts.append(f"{counts['untitled']:,} of them without a usable title")
    if counts.get("pictures"):
        parts.append(f"{counts['pictures']:,} with a picture")
    parts.append(f"{workspace.count(CoBuy):,} co-buys")
    if "intentions" in counts:
        parts.append(f"{counts['intentions']:,} finished intentions")
    has_candidates = workspace.count(Candidate)
    following = "mindgraph build" if has_candidates else "mindgraph distill --base-url URL --model NAME"
    return [f"ingest: {', '.join(parts)}.", *_rejected(workspace), f"Next: {following}"]


def _rejected(workspace: Workspace) -> list[str]:
    """Return one line for each kind of reject: how many, and where the first is."""
    import polars as pl

    from mindgraph.records import Reject

    rejects = workspace.read(Reject).filter(stage="ingest")
    if rejects.is_empty():
        return []
    kind = pl.col("reason").str.replace(
        r"^(unknown product|price|weight|unknown relation|score) .*?( is no .*)?$", "$1$2"
    )
    place = pl.when(pl.col("line").is_null()).then("file").otherwise(pl.format("{}:{}", "file", "line"))
    kinds = (
        rejects.group_by(kind.alias("kind"))
        .agg(pl.len().alias("n"), place.first().fill_null("?").alias("place"))
        .sort(["n", "kind"], descending=[True, False])
    )
    lines = [f"  {n:,} × {name} (first: {where})" for name, n, where in kinds.head(8).iter_rows()]
    more = [f"  … and {len(kinds) - 8} more kinds"] if len(kinds) > 8 else []
    return [f"Not usable, kept in {workspace.file(Reject)}: {len(rejects):,}", *lines, *more]
