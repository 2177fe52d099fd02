"""The verb evaluate: how good a run is, and how good the method is on data of people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows

MEASURES = {
    "bundles": "do shared purposes tell bundled products from others of the session (BundleRec folder)",
    "largest": "the twenty largest purposes of a BundleRec folder",
    "intrinsic": "modularity, stability, spread over categories of this workspace",
    "held-out": "product recovery and co-buy prediction, co-buys held out",
    "filter": "gold intentions against distractors (IntentionQA folder)",
    "tasks": "IntentionQA tasks 1 and 2, with and without retrieved intentions (folder)",
    "images": "runs beside each other: FOLDERs of workspaces with pictures, without, swapped",
    "data": "duplicates, unparsed, acceptance per relation, generic, length, distinct-n",
}


@click.command("evaluate", epilog="Measures: " + "; ".join(f"{k}: {v}" for k, v in MEASURES.items()) + ".")
@click.argument("measure", type=click.Choice(list(MEASURES)), required=False)
@click.argument("folders", nargs=-1, type=click.Path(path_type=Path, exists=True))
@click.option("--sample-sheet", type=click.Path(path_type=Path), help="Write a sheet for human judges.")
@click.option("--size", default=100, show_default=True, help="Triples on the sheet.")
@click.option(
    "--judgements", multiple=True, type=click.Path(path_type=Path, exists=True), help="A filled-in sheet."
)
@click.option("--repeats", default=2, show_default=True, help="Cross-validations of `bundles`.")
@click.option(
    "--engine",
    type=click.Choice(["http", "transformers", "ray", "recorded"]),
    help="`filter`, `tasks`: let a model answer; what it says is kept in the workspace.",
)
@click.option("--model", metavar="NAME", help="The model of --engine.")
@click.option("--base-url", metavar="URL", help="The server of --engine.")
@click.option("--cassette", type=click.Path(dir_okay=False, resolve_path=True), help="Recorded answers.")
@click.option("--sample", type=click.IntRange(1), metavar="N", help="`filter`, `tasks`: N questions only.")
@click.option("--max-calls", type=click.IntRange(1), metavar="N", help="Stop the model after N calls.")
@format_option
@pass_context
def evaluate_verb(
    context: Context,
    /,
    measure: str | None,
    folders: tuple[Path, ...],
    sample_sheet: Path | None,
    size: int,
    judgements: tuple[Path, ...],
    repeats: int,
    engine: str | None,
    sample: int | None,
    max_calls: int | None,
    as_format: str,
    **options: Any,
) -> None:
    """Say how good it is: one MEASURE, with its interval; or write and read sheets for judges."""
    from mindgraph.tally import Budget

    pipeline = context.pipeline(**options)
    budget = Budget(calls=max_calls) if max_calls else None
    if sample_sheet:
        rows = pipeline.sample_sheet(sample_sheet, size=size)
        context.say(f"evaluate: {rows:,} triples in {sample_sheet}; fill in yes or no, give it back.")
    elif judgements:
        print_rows(pipeline.judgements(list(judgements)), as_format)
    elif measure:
        tables = pipeline.evaluate(
            measure, list(folders), repeats=repeats, engine=engine, sample=sample, budget=budget
        )
        _print(tables, as_format)
    else:
        raise click.UsageError(f"Name a measure: {', '.join(MEASURES)}.")


def _print(tables: list[Any], as_format: str) -> None:
    if as_format == "table":
        for table in tables:
            print_rows(table.to_dicts(), as_format, table.columns)
    else:
        print_rows([row for table in tables for row in table.to_dicts()], as_format)
