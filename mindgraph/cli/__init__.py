"""The front door: verbs, options, printing, and errors turned into exit codes.

A verb's module is imported when the verb is called, so that `mindgraph --help` stays light.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import click

from mindgraph.errors import MindgraphError

#: Verb → (module of this package, what `--help` says); in the order in which they are used.
VERBS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "Run the sample shop through every stage; no model, no network."),
    "ingest": ("ingest", "Read a catalogue, its co-buys and pictures into a workspace."),
    "plan": ("ask", "Say what distilling will ask: calls, tokens, money, time; asks nothing."),
    "pilot": ("ask", "Ask about a sample in several ways, side by side."),
    "distill": ("ask", "Ask the model for features of products and intentions of co-buys."),
    "filter": ("ask", "Throw out what a shopper would not recognise."),
    "build": ("graph", "Turn kept candidates into intentions and triples."),
    "cluster": ("purposes", "Consolidate intentions and find the purposes behind them."),
    "analyze": ("analyze", "Ask the whole graph: PageRank, similarity, complements, bridges."),
    "evaluate": ("evaluate", "Say how good it is: measures with their intervals."),
    "unmerge": ("purposes", "Set an intention apart from those it was merged with."),
    "run": ("ask", "Ingest, distill, filter, build, cluster and load, in order."),
    "load": ("graph", "Load the graph: embedded, or into a Neo4j server."),
    "neo4j-import": ("servers", "Write files and a script for neo4j-admin."),
    "query": ("graph", "Ask the graph in Cypher, read-only."),
    "queries": ("graph", "List the named queries."),
    "serve": ("serve", "Serve the embedded graph on Bolt, for Neo4j Browser and drivers."),
    "export": ("handon", "Write the graph as RDF, or in another tool's format."),
    "browser-kit": ("browse", "Write style, guides and saved queries for Neo4j Browser."),
    "sparql": ("handon", "Ask the graph in SPARQL, read-only."),
    "validate": ("handon", "Check the workspace, or an exported file."),
    "explain": ("look", "Show why a product, co-buy, intention or triple is there."),
    "batch": ("batch", "Ask by files: write requests for a batch service, read its results."),
    "replies": ("replies", "List, count, export, import or forget what models answered."),
    "status": ("look", "Show what is in the workspace and what is stale."),
    "doctor": ("doctor", "Say what is wrong with machine, workspace or server, and what to do."),
}


class Verbs(click.Group):
    """Import a verb's module only when the verb is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        module = importlib.import_module(f"mindgraph.cli.{VERBS[name][0]}")
        command: click.Command = getattr(module, name.replace("-", "_").removesuffix("_") + "_verb")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl([(name, summary) for name, (_, summary) in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], VERBS, n=1)
            hint = f" Did you mean {near[0]}?" if near else " `mindgraph --help` lists the verbs."
            raise click.UsageError(f"There is no verb {args[0]!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "-w",
    "--workspace",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("mindgraph-data"),
    envvar="MINDGRAPH_WORKSPACE",
    show_default=True,
    show_envvar=True,
    help="Folder that holds everything.",
)
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but results and errors.")
@click.option("-v", "--verbose", count=True, help="Say more; twice for tracebacks.")
@click.version_option(package_name="mindgraph-kg", prog_name="mindgraph")
@click.pass_context
def cli(ctx: click.Context, workspace: Path, quiet: bool, verbose: int) -> None:
    """Find out why people buy things together, as a graph you can ask.

    A catalogue and its co-buys go in; a vision-language model says why, and throws out what makes
    no sense; out comes a graph of product, intention and product. Begin with `mindgraph demo`.
    """
    from mindgraph.cli.base import Context

    ctx.obj = Context(workspace=workspace, quiet=quiet, verbose=verbose)


def main() -> None:
    """Run the command line and exit: 0 done, 1 an error that is told in one line, 2 usage."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.Abort:
        click.echo("Stopped. What was done is kept; the same command goes on.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except MindgraphError as error:
        if "-vv" in sys.argv:
            raise
        click.echo(f"error: {error}", err=True)
        if error.hint:
            click.echo(f"hint: {error.hint}", err=True)
        sys.exit(1)
