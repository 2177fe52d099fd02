"""The verb that asks by files: batch write, batch read."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import click

from mindgraph.cli.base import Context, pass_context

#: How many lines that could not be read are named; the rest are counted.
_SHOWN = 20


@click.group("batch")
def batch_verb() -> None:
    """Ask by files: for OpenAI's batch service, `vllm run-batch`, and others that read the same.

    Write, let the service work, read, and write again until nothing is left: first the features of
    products, then the intentions of co-buys, then the verdicts.
    """


@batch_verb.command("write")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, resolve_path=True))
@click.option("--model", metavar="NAME", help="The model's name at the service.")
@click.option("--revision", metavar="TEXT", help="The model's revision; part of who said it.")
@click.option("--temperature", type=click.FloatRange(0, 2), help="Chance in decoding.")
@click.option("--max-tokens", type=click.IntRange(1), help="Longest answer, in tokens.")
@click.option(
    "--pictures", metavar="data|file|URL", help="In the request, as files on its disk, or under an address."
)
@click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask about N co-buys only.")
@pass_context
def write_verb(context: Context, /, folder: Path, limit: int | None, **options: Any) -> None:
    """Write what is still to be asked into FOLDER, as requests-0001.jsonl and so on.

    What waits for its result is not written twice. `mindgraph replies forget --failed` gives up what
    waits, so that it is written, or asked, again.
    """
    from mindgraph.distill import Choice
    from mindgraph.lvlm.batch import count_waiting

    before = set(folder.glob("requests-*.jsonl"))
    pipeline = context.pipeline(**{name: value for name, value in options.items() if value is not None})
    pipeline.write_batch(folder, Choice(limit))
    fresh = sorted(set(folder.glob("requests-*.jsonl")) - before)
    with closing(pipeline.replies(begin=True)) as replies:
        waiting = count_waiting(replies)
    for path in fresh:
        click.echo(path)
    if waiting:
        context.say(f"{waiting:,} requests wait for results. Then: mindgraph batch read FILES")
    else:
        context.say("Nothing is left to ask. `mindgraph build` goes on.")


@batch_verb.command("read")
@click.argument("results", nargs=-1, required=True, type=click.Path(path_type=Path, dir_okay=False))
@pass_context
def read_verb(context: Context, results: tuple[Path, ...]) -> None:
    """Read RESULTS, in any order, whole or in part, as often as you like; then write again."""
    read = context.pipeline().read_batch(results)
    for line in read.bad[:_SHOWN]:
        click.echo(f"passed over: {line}", err=True)
    if len(read.bad) > _SHOWN:
        click.echo(f"passed over: {len(read.bad) - _SHOWN:,} more", err=True)
    told = [f"{count:,} {outcome}" for outcome, count in sorted(read.counts.items()) if outcome != "blank"]
    context.say(f"results: {', '.join(told) or 'none'}")
    context.say("`mindgraph batch write FOLDER` writes what is left, or says that nothing is.")
