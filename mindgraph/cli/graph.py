"""The verbs that make the graph and ask it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows
from mindgraph.cli.servers import load_into, server_options


@click.command("build")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Lowest score of the shopper that is kept.")
@pass_context
def build_verb(context: Context, threshold: float | None) -> None:
    """Turn kept candidates into intentions and triples.

    A candidate is kept when no rule said no and the shopper's score reaches the threshold. Nothing is
    asked: another threshold decides anew over the stored verdicts.
    """
    stage = context.pipeline(threshold=threshold).build()
    for line in _funnel(stage.counts):
        context.say(line)
    if stage.counts["funnel"].get("not judged"):
        context.say("Some candidates are not judged yet: run `mindgraph filter`, then `mindgraph build`.")
    if stage.unchanged:
        context.say("Nothing has changed since the last build: the files stay as they are.")


@click.command("load")
@click.argument("uri", required=False)
@server_options
@click.option("--plan", is_flag=True, help="Server: print what would be changed, and write nothing.")
@click.option(
    "--vectors/--no-vectors",
    default=None,
    help="Give intentions and purposes their vectors, and index them; remembered in mindgraph.toml.",
)
@click.option("--full", is_flag=True, help="Server: compare everything, whatever was loaded last.")
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Server: connections at once."
)
@format_option
@pass_context
def load_verb(
    context: Context,
    /,
    uri: str | None,
    vectors: bool | None,
    plan: bool,
    full: bool,
    workers: int,
    as_format: str,
    **options: Any,
) -> None:
    """Load the graph: embedded, or into the Neo4j server at URI, such as neo4j://localhost.

    The embedded graph is built beside the one before, read back and compared with the tables, and only
    then asked. Where nothing has changed, nothing is done.

    On a server only what differs is written, and what this data set no longer holds is removed. What
    others added stays. Then it is read back and compared; an interrupted load is finished by the same
    command.
    """
    if vectors is not None:
        context.pipeline().remember(load_vectors=vectors)
    if uri is not None:
        load_into(context, uri, options, plan=plan, full=full, workers=workers, as_format=as_format)
        return
    if plan or full:
        raise click.UsageError("--plan and --full are for a server: the embedded graph is built anew.")
    _load_embedded(context)


def _load_embedded(context: Context) -> None:
    from mindgraph.graph import NODES

    stage = context.pipeline().load()
    if stage.unchanged:
        context.say("load: nothing has changed, the graph stays as it is.")
        return
    nodes = {name: count for name, count in stage.counts.items() if name in NODES}
    others = {name: count for name, count in stage.counts.items() if name not in NODES}
    context.say(f"load: {_counted(nodes, 'nodes')}")
    context.say(f"load: {_counted(others, 'relationships')}")
    context.say("load: read back, and the same as the tables. Next: mindgraph queries")


@click.command("query")
@click.argument("name", required=False)
@click.option("-c", "--cypher", "statement", metavar="CYPHER", help="A question of your own.")
@click.option(
    "-p", "--param", "given", multiple=True, metavar="NAME=VALUE", help="A parameter; JSON, else text."
)
@click.option("--near", metavar="TEXT", help="Give the question this text's vector, as $vector.")
@format_option
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=10_000,
    show_default=True,
    help="Rows at most; 0 for all of them.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=60.0,
    show_default=True,
    help="Seconds after which the question is ended.",
)
@pass_context
def query_verb(
    context: Context,
    name: str | None,
    statement: str | None,
    given: tuple[str, ...],
    near: str | None,
    as_format: str,
    limit: int,
    timeout: float,
) -> None:
    """Ask the embedded graph: a question by its NAME, or your own in Cypher with -c.

    Nothing can be written and no file read. `mindgraph queries` lists the names.
    """
    if (name is None) == (statement is None):
        raise click.UsageError("Give the name of a question, or your own with -c.")
    if near is not None and statement is None:
        raise click.UsageError("--near is for a question of your own: give it with -c.")
    from mindgraph.stores.embedded import EmbeddedStore
    from mindgraph.stores.named import ask_named

    with EmbeddedStore(context.workspace / "graph", seconds=timeout) as store:
        if name is not None:
            answer = ask_named(store, name, _pairs(given), limit=limit or None)
        else:
            values = {key: _typed(value) for key, value in _pairs(given).items()}
            if near is not None:
                values["vector"] = context.pipeline().vector_of(near)
            answer = store.query(str(statement), values, limit=limit or None)
    print_rows(answer.rows, as_format, answer.columns)
    if answer.more:
        context.say(f"There are more rows than {limit:,}: --limit 0 shows all.")


@click.command("queries")
@click.argument("name", required=False)
@format_option
@pass_context
def queries_verb(context: Context, name: str | None, as_format: str) -> None:
    """List the named questions; with a NAME, print its text."""
    from mindgraph.resources import cypher
    from mindgraph.stores.named import all_named, named

    if name is not None:
        click.echo(cypher(f"query/{named(name).name}"), nl=False)
        return
    rows = [
        {"name": known.name, "answers": known.answers, "parameters": [str(p) for p in known.parameters]}
        for known in all_named()
    ]
    print_rows(rows, as_format)


def _counted(counts: Mapping[str, int], what: str) -> str:
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    return f"{sum(counts.values()):,} {what} ({parts})"


def _pairs(given: Sequence[str]) -> dict[str, str]:
    """Return `name=value` options as a dict."""
    pairs = [pair.partition("=") for pair in given]
    wrong = next((name for name, equals, _ in pairs if not equals or not name), None)
    if wrong is not None:
        raise click.UsageError(f"-p {wrong} is no NAME=VALUE.")
    return {name: value for name, _, value in pairs}


def _typed(value: str) -> Any:
    """Return the JSON that a text is, or the text where it is none."""
    try:
        return json.loads(value, parse_constant=str)
    except ValueError:
        return value


def _funnel(counts: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a table that says how many candidates are left after each step."""
    left = counts["funnel"]["candidates"]
    yield f"{'candidates':<32}{'':>12}{left:>12,}"
    for reason, number in counts["funnel"].items():
        if reason not in ("candidates", "kept"):
            left -= number
            yield f"  {'out: ' + reason:<30}{number:>12,}{left:>12,}"
    for name, number in (
        ("kept", left),
        ("intentions", counts["intentions"]),
        ("triples", counts["triples"]),
    ):
        yield f"{name:<32}{'':>12}{number:>12,}"
