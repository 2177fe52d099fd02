"""What all verbs share: the context, options that are settings, and how rows are printed."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from mindgraph.pipeline import Pipeline

F = TypeVar("F", bound=Callable[..., Any])

#: Width of a table that does not go to a terminal, in characters.
PIPE = 140
FORMATS = ("table", "json", "jsonl", "csv")


@dataclass(frozen=True)
class Context:
    """Hold what was said before the verb."""

    workspace: Path
    quiet: bool
    verbose: int

    def pipeline(self, **options: Any) -> Pipeline:
        """Open the workspace with settings overridden by the options that were given."""
        from mindgraph.pipeline import Pipeline
        from mindgraph.workspace import Workspace

        workspace = Workspace(self.workspace)
        return Pipeline(workspace, workspace.settings(options))

    def say(self, line: str) -> None:
        """Say one line about the work, on standard error, unless told to be quiet."""
        if not self.quiet:
            click.echo(line, err=True)


pass_context = click.make_pass_decorator(Context)


def format_option(function: F) -> F:
    """Add `--format table|json|jsonl|csv` to a verb that prints rows."""
    return click.option(
        "--format",
        "as_format",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="How rows are printed.",
    )(function)


def print_rows(
    rows: Iterable[Mapping[str, Any]], as_format: str, columns: Sequence[str] | None = None
) -> None:
    """Print rows on standard output; json is one array of objects."""
    rows = list(rows)
    columns = list(columns if columns is not None else (rows[0] if rows else ()))
    if as_format == "json":
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
    elif as_format == "jsonl":
        for row in rows:
            click.echo(json.dumps(row, ensure_ascii=False, default=str))
    elif as_format == "csv":
        click.echo(_csv(rows, columns), nl=False)
    else:
        _print_table(rows, columns)


def cell(value: Any) -> str:
    """Return a value as a person reads it in a table."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    if isinstance(value, list):
        return ", ".join(cell(part) for part in value)
    if isinstance(value, Mapping):
        return _piece(value)
    return str(value)


def _piece(value: Mapping[str, Any]) -> str:
    """Return a node, relationship or path as Cypher draws it; any other mapping as JSON."""
    if value.keys() == {"labels", "properties"}:
        return f"(:{':'.join(value['labels'])} {_name(value['properties'])})"
    if value.keys() >= {"type", "properties"}:
        return f"[:{value['type']} {_name(value['properties'])}]"
    if value.keys() == {"nodes", "relationships"}:
        nodes = [cell(node) for node in value["nodes"]]
        steps = [f"-{cell(step)}-" for step in value["relationships"]]
        return "".join(part for pair in zip(nodes, [*steps, ""], strict=True) for part in pair)
    return json.dumps(value, ensure_ascii=False, default=str)


def _name(properties: Mapping[str, Any]) -> str:
    """Return what a person calls a thing."""
    known = ("title", "text", "label", "relation", "weight", "key", "id")
    return next((cell(properties[k]) for k in known if properties.get(k) is not None), "")


def _csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        values = (row.get(name) for name in columns)
        writer.writerow(
            json.dumps(v, ensure_ascii=False, default=str) if isinstance(v, list | dict) else v
            for v in values
        )
    return out.getvalue()


def _print_table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not columns:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        numeric = all(isinstance(row.get(name), int | float | None) for row in rows)
        longest = max(len(word) for word in name.split())
        if numeric:
            table.add_column(name, justify="right", min_width=longest)
        else:
            table.add_column(name, overflow="fold", min_width=longest)
    for row in rows:
        table.add_row(*(Text(cell(row.get(name))) for name in columns))
    # a pipe has no width: room for a row, where rich would take 80 characters
    Console(width=None if sys.stdout.isatty() else PIPE).print(table)
