"""The verbs about a Neo4j server, and how every verb reaches one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mindgraph.cli.base import Context, F, pass_context, print_rows
from mindgraph.errors import SettingsError

if TYPE_CHECKING:
    from mindgraph.stores.admin_import import Kind
    from mindgraph.stores.bolt import Bolt, Login, Synced

#: Environment variables that may hold the password; the first that is set counts.
PASSWORDS = ("MINDGRAPH_NEO4J_PASSWORD", "NEO4J_PASSWORD")


def server_options(function: F) -> F:
    """Add `--user`, `--password-file` and `--database` to a verb that reaches a server."""
    options = (
        click.option(
            "--user", default="neo4j", show_default=True, envvar="MINDGRAPH_NEO4J_USER", help="Who logs in."
        ),
        click.option(
            "--password-file",
            type=click.Path(path_type=Path, dir_okay=False),
            help=f"File whose first line is the password; else {' or '.join(PASSWORDS)}, else asked for.",
        ),
        click.option("--database", help="Name of the database; the server's default where none is given."),
    )
    for option in reversed(options):
        function = option(function)
    return function


@contextmanager
def reached(uri: str, options: Mapping[str, Any], *, workers: int = 2) -> Iterator[Bolt]:
    """Open a server with what `server_options` gave."""
    from mindgraph.stores.bolt import connect

    with connect(uri, login(options), options["database"], workers=workers) as server:
        yield server


def login(options: Mapping[str, Any]) -> Login:
    """Return who asks: the password comes from a file, the environment, or a prompt on a terminal."""
    from mindgraph.stores.bolt import Login

    return Login(options["user"], _password(options["user"], options["password_file"]))


def load_into(
    context: Context,
    uri: str,
    options: Mapping[str, Any],
    *,
    plan: bool,
    full: bool,
    workers: int,
    as_format: str,
) -> None:
    """Load the graph into a server, or say what would change there, and tell what was done."""
    pipeline = context.pipeline()
    with reached(uri, options, workers=workers) as server, _progress(context) as tell:
        if plan:
            done = pipeline.plan_server(server, tell=tell)
        else:
            done = pipeline.load_server(server, workers=workers, full=full, tell=tell)
    if plan:
        print_rows(done.table(), as_format)
    for line in _told(done, plan):
        context.say(f"load: {line}")


def validate_server(context: Context, uri: str, options: Mapping[str, Any]) -> None:
    """Compare what a server holds with the workspace."""
    with reached(uri, options) as server, _progress(context) as tell:
        compared = context.pipeline().validate_server(server, tell=tell)
    rows = sum(part.held.count for part in compared.values())
    context.say(
        f"{uri} holds what the workspace holds: {rows:,} nodes and relationships, read back and compared."
    )


@click.command("neo4j-import")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--as",
    "kind",
    type=click.Choice(["csv", "parquet"]),
    default="csv",
    show_default=True,
    help="Format of the files.",
)
@pass_context
def neo4j_import_verb(context: Context, folder: Path, kind: Kind) -> None:
    """Write files and a script for neo4j-admin: the fastest way into an empty database.

    DIR/import.sh imports them; DIR/README.md says how. The graph is the one that
    `mindgraph load neo4j://…` makes.
    """
    written = context.pipeline().write_neo4j_import(folder, kind)
    rows = sum(written.counts.values())
    context.say(f"{folder}: {rows:,} nodes and relationships, {written.size:,} bytes.")
    context.say(f"Next: {folder / 'import.sh'} on the server's machine; {folder / 'README.md'} says how.")


def _told(done: Synced, plan: bool) -> Iterator[str]:
    would = "would be " if plan else ""
    counts = (("created", done.created), ("updated", done.updated), ("removed", done.removed))
    yield would + ", ".join(f"{name} {counter.total():,}" for name, counter in counts)
    for name, keys in done.kept.items():
        if keys:
            shown = ", ".join(keys[:3]) + (" …" if len(keys) > 3 else "")
            yield f"kept {len(keys):,} {name} that others hang on to: {shown}"
    if done.rejects:
        first = done.rejects[0]
        yield f"{len(done.rejects):,} rows were refused, the first {first.key}: {first.reason}"
    if not plan:
        yield f"verified: counts, and a checksum of ids and properties of {done.compared}, read on the server"


def _password(user: str, file: Path | None) -> str:
    if file is not None:
        try:
            return file.read_text(encoding="utf-8").partition("\n")[0].strip()
        except (OSError, UnicodeDecodeError) as error:
            said = getattr(error, "strerror", None) or error
            raise SettingsError(f"--password-file {file} cannot be read: {said}") from error
    for name in PASSWORDS:
        if os.environ.get(name):
            return os.environ[name]
    if sys.stdin.isatty() and sys.stderr.isatty():
        said_: str = click.prompt(
            f"Password of {user}", hide_input=True, default="", show_default=False, err=True
        )
        return said_
    return ""


@contextmanager
def _progress(context: Context) -> Iterator[Callable[[str, int, int], None]]:
    """Show a bar with rate and time left on a terminal; one line a label or type elsewhere."""
    if context.quiet:
        yield lambda name, done, total: None
    elif sys.stderr.isatty():
        with _bars() as tell:
            yield tell
    else:
        yield _Lines(context.say).tell


@contextmanager
def _bars() -> Iterator[Callable[[str, int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        def tell(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = shown.add_task(name, total=total, rate="")
            speed = shown.tasks[tasks[name]].speed
            shown.update(tasks[name], completed=done, total=total, rate=f"{speed:,.0f}/s" if speed else "")

        yield tell


class _Lines:
    """Say a line when the next label or type begins."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._name = ""

    def tell(self, name: str, done: int, total: int) -> None:
        """Say the name of what is worked on, once."""
        if name != self._name:
            self._name = name
            self._say(f"load: {name}, {total:,} rows")
