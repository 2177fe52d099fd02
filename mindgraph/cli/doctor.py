"""The verb that says what is wrong with the setup."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows
from mindgraph.cli.servers import login, server_options


@click.command("doctor")
@click.argument("uri", required=False, metavar="[URI]")
@server_options
@format_option
@pass_context
def doctor_verb(context: Context, /, uri: str | None, as_format: str, **options: Any) -> None:
    """Examine machine, workspace and, where a URI is given, a Neo4j server.

    Each finding is ok, warn or bad, with what to do. Exit code 1 where anything is bad. Nothing is
    changed.
    """
    import msgspec

    from mindgraph.doctor import examine
    from mindgraph.stores.bolt.health import server_findings
    from mindgraph.workspace import Workspace

    server = uri and partial(server_findings, uri, login(options), options["database"])
    findings = list(examine(Workspace(context.workspace), server or None))
    print_rows([msgspec.structs.asdict(finding) for finding in findings], as_format)
    levels = [finding.level for finding in findings]
    context.say(
        f"doctor: {levels.count('bad')} bad, {levels.count('warn')} to look at, {levels.count('ok')} ok"
    )
    if "bad" in levels:
        raise click.exceptions.Exit(1)
