"""The verb that keeps the books of what models were asked: replies."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows

if TYPE_CHECKING:
    from mindgraph.lvlm.bookkeeping import Chosen

F = TypeVar("F", bound=Callable[..., Any])

#: Columns of the list as a person sees it; the other formats hold all of them.
_SHORT = ("kind", "item", "attempt", "ok", "tokens", "answer")


def _choosing(function: F) -> F:
    """Add the options that say which answers are meant."""
    options = [
        click.option("--kind", help="feature, intentions, verdict or reason."),
        click.option("--item", help="Id of a product, a co-buy or a verdict."),
        click.option("--model", help="Name of the model, without its revision."),
        click.option("--version", help="Version of the prompts."),
        click.option("--run", help="Name of the run that paid for it."),
        click.option("--bad/--good", default=None, help="Those that could not be read, or could."),
        click.option("--failed/--answered", default=None, help="Those that never came, or did."),
        click.option("--says", metavar="WORDS", help="Those that hold these words."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _chosen(bad: bool | None, **given: Any) -> Chosen:
    from mindgraph.lvlm.bookkeeping import Chosen

    return Chosen(**given, ok=None if bad is None else not bad)


@click.group("replies")
def replies_verb() -> None:
    """List, count, hand on, take in or forget what models answered.

    Every answer is kept with its prompt, its tokens and what it cost, and is never paid twice.
    """


@replies_verb.command("list")
@_choosing
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@format_option
@pass_context
def list_verb(context: Context, /, limit: int, as_format: str, **given: Any) -> None:
    """List answers, the first ones first."""
    from mindgraph.lvlm.bookkeeping import listed

    with closing(context.pipeline().replies()) as replies:
        rows = list(listed(replies, _chosen(**given), limit=limit))
    if as_format == "table":
        print_rows([_short(row) for row in rows], as_format, _SHORT)
    else:
        print_rows(rows, as_format)


@replies_verb.command("count")
@_choosing
@click.option(
    "--by", default="model,kind", show_default=True, help="Columns to count by, separated by commas."
)
@format_option
@pass_context
def count_verb(context: Context, /, by: str, as_format: str, **given: Any) -> None:
    """Count answers, tokens, money and seconds."""
    from mindgraph.lvlm.bookkeeping import counted

    columns = tuple(name.strip() for name in by.split(",") if name.strip())
    with closing(context.pipeline().replies()) as replies:
        print_rows(counted(replies, _chosen(**given), columns), as_format)


@replies_verb.command("export")
@_choosing
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="A cassette (.jsonl, .jsonl.gz), which replays without a model; or a ledger (.sqlite).",
)
@click.option("--note", default="", help="Who wrote these answers; stands in the cassette's first line.")
@pass_context
def export_verb(context: Context, /, target: Path, note: str, **given: Any) -> None:
    """Write answers to a file with which others reproduce a run without a model."""
    from mindgraph.lvlm.bookkeeping import export

    with closing(context.pipeline().replies()) as replies:
        count = export(replies, _chosen(**given), target, note=note)
    context.say(f"{count:,} answers written to {target}")
    if target.suffix != ".sqlite":
        context.say(f"replay: mindgraph distill --engine recorded --cassette {target}")


@replies_verb.command("import")
@click.argument("source", type=click.Path(path_type=Path, dir_okay=False))
@pass_context
def import_verb(context: Context, source: Path) -> None:
    """Take in the answers of another ledger (.sqlite)."""
    from mindgraph.lvlm.bookkeeping import take_in

    with closing(context.pipeline().replies(begin=True)) as replies:
        count = take_in(replies, source)
    context.say(f"{count:,} answers were new")


@replies_verb.command("forget")
@_choosing
@click.option("--yes", is_flag=True, help="Do not ask whether it is meant.")
@pass_context
def forget_verb(context: Context, /, yes: bool, **given: Any) -> None:
    """Remove answers: they will be asked, and paid, again."""
    from mindgraph.lvlm.bookkeeping import counted, forget

    chosen = _chosen(**given)
    if chosen.everything:
        raise click.UsageError("Say which answers are meant, for example --bad, --kind or --model.")
    with closing(context.pipeline().replies()) as replies:
        meant = counted(replies, chosen, ())[0]["answers"]
        if meant and not yes:
            click.confirm(f"Forget {meant:,} answers?", abort=True, err=True)
        context.say(f"{forget(replies, chosen):,} answers forgotten")


def _short(row: dict[str, Any]) -> dict[str, Any]:
    text = " ".join((row["error"] or row["text"]).split())
    return {
        **row,
        "item": row["item"][:12],
        "ok": {None: "", 0: "bad", 1: "ok"}[row["ok"]] if row["error"] is None else "failed",
        "tokens": f"{row['prompt_tokens'] or '?'}+{row['completion_tokens'] or '?'}",
        "answer": text if len(text) <= 60 else text[:59] + "…",
    }
