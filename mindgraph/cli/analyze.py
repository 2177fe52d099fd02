"""The verb analyze: other questions about the whole graph."""

from __future__ import annotations

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows

NAMES = ["pagerank", "similarity", "complements", "foretold", "bridges", "distributions"]


@click.command("analyze")
@click.argument("name", type=click.Choice(NAMES))
@click.option("--from", "begin", multiple=True, metavar="PRODUCT", help="PageRank as seen from here.")
@click.option("--write", is_flag=True, help="Store the whole table in the workspace.")
@click.option("--limit", default=20, show_default=True, help="Rows shown.")
@format_option
@pass_context
def analyze_verb(
    context: Context, /, name: str, begin: tuple[str, ...], write: bool, limit: int, as_format: str
) -> None:
    """Answer NAME for the whole graph, as a table."""
    table, file = context.pipeline().analyze(name, begin=begin, write=write)
    print_rows(table.head(limit).to_dicts(), as_format, table.columns)
    context.say(f"analyze: {len(table):,} rows" + (f" in {file}." if file else "."))
