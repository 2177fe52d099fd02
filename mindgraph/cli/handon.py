"""The verbs that hand the graph on: export, sparql, validate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows
from mindgraph.cli.servers import server_options, validate_server
from mindgraph.errors import ShapeError

if TYPE_CHECKING:
    from mindgraph.exports import Selection
    from mindgraph.pipeline import Pipeline

#: What `export` writes; `rdf` and `kgx` into a folder.
KINDS = ("rdf", "kgx", "graphml", "gexf", "pykeen", "sft", "jsonl", "parquet")
_FORMATS = [name + end for name in ("nt", "nq", "ttl", "trig", "jsonld") for end in ("", ".gz")]
_CHOSEN = ("top", "relations", "clusters", "categories", "min_acceptance")
_PARTS = ("catalogue", "cobuys", "intentions", "clusters", "provenance")


@click.command("export")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--as",
    "formats",
    multiple=True,
    type=click.Choice(_FORMATS),
    help="rdf: the format; several may be named. Default nt.",
)
@click.option(
    "--profile",
    type=click.Choice(["rdf11", "rdf12"]),
    default="rdf11",
    show_default=True,
    help="rdf: how assertions name their triples.",
)
@click.option("--parts", help=f"rdf: what goes in, by commas: {', '.join(_PARTS)}. Default all.")
@click.option(
    "--include", type=click.Choice(["rejected"]), help="rdf: what else goes in, in a graph of its own."
)
@click.option(
    "--sorted", "in_order", is_flag=True, help="rdf: lines in byte order, unique; nt and nq always are."
)
@click.option("--top", type=click.IntRange(1), help="Only the products with the most triples, so many.")
@click.option(
    "--relation", "relations", multiple=True, help="Only triples of this relation; may be repeated."
)
@click.option("--cluster", "clusters", multiple=True, help="Only intentions of this cluster, by id or label.")
@click.option("--category", "categories", multiple=True, help="Only co-buys with a product of this category.")
@click.option("--min-acceptance", type=click.FloatRange(0, 1), help="Only triples accepted at least so well.")
@click.option(
    "--exclude",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="sft: pairs of a benchmark to leave out.",
)
@pass_context
def export_verb(context: Context, /, kind: str, out: Path, **options: Any) -> None:
    """Write the graph for other tools.

    OUT is a folder. Beside an RDF dump lie void.ttl, shapes.ttl, context.jsonld, SHA256SUMS and a README.
    """
    selection = _selection({name: options.pop(name) for name in _CHOSEN})
    if kind == "rdf":
        _export_rdf(context, out, selection, options)
        return
    exclude = [options["exclude"]] if options["exclude"] else []
    for path in context.pipeline().export(kind, out, selection, exclude=exclude):
        context.say(f"{path}: {path.stat().st_size:,} bytes")


def _export_rdf(context: Context, out: Path, selection: Selection, options: Mapping[str, Any]) -> None:
    from mindgraph.rdf import PARTS, Choice

    formats = options["formats"] or ("nt",)
    if options["in_order"] and any(name.split(".")[0] not in ("nt", "nq") for name in formats):
        raise click.UsageError("--sorted is for nt and nq: the other formats have no lines to sort.")
    choice = Choice(
        parts=tuple(options["parts"].split(",")) if options["parts"] else PARTS,
        profile=options["profile"],
        rejected=options["include"] == "rejected",
    )
    exported = context.pipeline().export_rdf(out, formats, choice, selection)
    for dump in exported.dumps:
        context.say(f"{dump.path}: {exported.tally.triples:,} statements, {dump.size:,} bytes")


def _selection(chosen: Mapping[str, Any]) -> Selection:
    from mindgraph.exports import Selection
    from mindgraph.relations import canonical_relation

    for name in chosen["relations"]:
        if canonical_relation(name) is None:
            raise click.UsageError(f"There is no relation {name!r}.")
    relations = tuple(canonical_relation(name) or name for name in chosen["relations"])
    return Selection(**{**chosen, "relations": relations})


@click.command("sparql")
@click.argument("source", required=False)
@click.option("-c", "--command", help="The query itself.")
@click.option("-p", "--parameter", multiple=True, help="A value for a variable: name=text or name=<IRI>.")
@click.option("--list", "listed", is_flag=True, help="List the example queries.")
@format_option
@pass_context
def sparql_verb(
    context: Context,
    source: str | None,
    command: str | None,
    parameter: tuple[str, ...],
    listed: bool,
    as_format: str,
) -> None:
    """Ask the workspace's RDF in SPARQL: a query, a file, or an example by its name."""
    pipeline = context.pipeline()
    if listed:
        print_rows(_examples(), as_format)
        return
    if (source is None) == (command is None):
        raise click.UsageError("Give a query with -c, or name a file or an example; --list shows those.")
    values = dict(_parameter(text) for text in parameter)
    print_rows(pipeline.sparql(command or _query_of(str(source)), values), as_format)


def _examples() -> list[dict[str, str]]:
    from mindgraph.rdf import query_names, query_text

    texts = ((name, query_text(name)) for name in query_names())
    return [{"name": name, "question": text.partition("\n")[0].lstrip("# ")} for name, text in texts]


def _query_of(source: str) -> str:
    from mindgraph.rdf import query_text

    path = Path(source)
    return path.read_text(encoding="utf-8") if path.is_file() else query_text(source)


def _parameter(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise click.UsageError(f"-p {text!r} is not name=value.")
    return name, value


@click.command("validate")
@click.argument("target", required=False)
@click.option(
    "--shacl",
    "top",
    type=click.IntRange(1),
    help="Check the shapes, too, on so many of the busiest products.",
)
@server_options
@format_option
@pass_context
def validate_verb(
    context: Context, /, target: str | None, top: int | None, as_format: str, **options: Any
) -> None:
    """Check the workspace, an exported file, or what a Neo4j server holds.

    Without TARGET every rule of shapes.ttl is checked over the whole workspace. An RDF dump is parsed
    whole, and compared with the counts and checksums beside it. A server, such as neo4j://localhost, is
    read whole, and compared with the workspace.
    """
    if target is not None and "://" in target:
        validate_server(context, target, options)
        return
    pipeline = context.pipeline()
    if target is None:
        _validate_workspace(context, pipeline, top, as_format)
    else:
        _validate_file(context, pipeline, Path(target))


def _validate_workspace(context: Context, pipeline: Pipeline, top: int | None, as_format: str) -> None:
    rows = pipeline.validate()
    if top is not None:
        rows += [row for row in pipeline.validate_shapes(top) if row not in rows]
    if rows:
        print_rows(rows, as_format)
        raise ShapeError(
            f"{len(rows):,} violations; the first: {rows[0]['node']} breaks {rows[0]['rule']}.",
            hint="Mend the input named by `mindgraph explain`, and run the stage again.",
        )
    context.say("Every rule holds.")


def _validate_file(context: Context, pipeline: Pipeline, path: Path) -> None:
    checked = pipeline.validate_dump(path)
    for line in checked.unknown:
        context.say(line)
    if checked.faults:
        for fault in checked.faults:
            click.echo(fault)
        raise ShapeError(
            f"{path}: {checked.faults[0]}.", hint="The file is damaged or changed: export it again."
        )
    context.say(
        f"{path}: {checked.triples:,} statements, all parsed; nothing contradicts what lies beside it."
    )
