"""Verbs that look into a workspace: status, explain."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from mindgraph.cli.base import Context, cell, pass_context, print_rows

if TYPE_CHECKING:
    from rich.tree import Tree

    from mindgraph.status import Status

_JSON_OR_TEXT = click.option(
    "--format",
    "as_format",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="For people, or for programs.",
)


@click.command("status")
@_JSON_OR_TEXT
@pass_context
def status_verb(context: Context, as_format: str) -> None:
    """Show what each stage holds, what is stale, what was rejected and what the model was paid."""
    import msgspec

    pipeline = context.pipeline()
    status, spent = pipeline.status(), pipeline.spent()
    if as_format == "json":
        click.echo(
            json.dumps({**msgspec.to_builtins(status), "replies": spent}, indent=2, ensure_ascii=False)
        )
        return
    click.echo(f"{status.dataset}: {status.folder}\n")
    print_rows(_stage_rows(status), "table")
    if spent:
        click.echo("Asked of models")
        print_rows(_known(spent), "table")
    if status.rejects:
        click.echo("Rejected (rejects.parquet holds every row with its raw text)")
        print_rows(status.rejects, "table")


@click.command("explain")
@click.argument("thing", metavar="ID")
@click.argument("other", metavar="[ID]", required=False)
@_JSON_OR_TEXT
@pass_context
def explain_verb(context: Context, thing: str, other: str | None, as_format: str) -> None:
    """Show why a product, co-buy, intention, triple, candidate or cluster is there.

    Of two intentions: which evidence holds them together, and how strong it is.

    The whole chain is shown: source lines, pictures, what was asked, the raw answer, and every
    verdict with its score and reason.
    """
    pipeline = context.pipeline()
    told = pipeline.explain_both(thing, other) if other else pipeline.explain(thing)
    if as_format == "json":
        click.echo(json.dumps(told, indent=2, ensure_ascii=False, default=str))
        return
    from rich.console import Console

    Console(soft_wrap=False).print(_tree(told))


def _known(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows without the columns that nothing is known of, such as tokens a server never counted."""
    told = [name for name in rows[0] if any(row[name] for row in rows)]
    return [{name.replace("_", " "): row[name] for name in told} for row in rows]


def _stage_rows(status: Status) -> list[dict[str, Any]]:
    return [
        {
            "stage": stage.stage,
            "state": stage.state + (f" ({', '.join(stage.changed)} changed)" if stage.changed else ""),
            "holds": ", ".join(f"{count:,} {table}" for table, count in stage.holds.items()),
            "last run (UTC)": (stage.last_run or "")[:16].replace("T", " "),
            "seconds": stage.seconds,
        }
        for stage in status.stages
    ]


def _tree(told: Mapping[str, Any]) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text(f"{told['kind']} {told.get('id') or told.get('candidate') or ''}", style="bold"))
    _grow(root, {name: value for name, value in told.items() if name not in ("kind", "id")})
    return root


def _grow(tree: Tree, value: Mapping[str, Any]) -> None:
    from rich.text import Text

    for name, part in value.items():
        if part is None or part in ("", [], {}):
            continue
        if isinstance(part, Mapping):
            _grow(tree.add(Text(name, style="cyan")), part)
        elif isinstance(part, list) and isinstance(part[0], Mapping):
            branch = tree.add(Text(f"{name} ({len(part)})", style="cyan"))
            for row in part:
                if not isinstance(row, Mapping):  # a prompt's parts are pictures and text
                    branch.add(Text(cell(row)))
                    continue
                leaf = branch.add(Text(_headline(row)))
                _grow(leaf, {k: v for k, v in row.items() if isinstance(v, Mapping | list)})
        else:
            tree.add(Text.assemble((f"{name}: ", "cyan"), cell(part)))


def _headline(row: Mapping[str, Any]) -> str:
    """Return the plain fields of a row in one line."""
    plain = [(k, v) for k, v in row.items() if not isinstance(v, Mapping | list) and v not in (None, "")]
    return "  ".join(f"{k}={cell(v)}" if i else cell(v) for i, (k, v) in enumerate(plain))
