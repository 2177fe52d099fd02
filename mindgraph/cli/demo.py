"""The verb `demo`: the sample shop through every stage there is.

A stage that comes later is one more line in `_STEPS`; an answer worth showing one more in `_ANSWERS`.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mindgraph.cli.base import Context, pass_context, print_rows

if TYPE_CHECKING:
    from mindgraph.pipeline import Pipeline

#: Name of the sample's data set; a workspace of another name is left alone.
_DATASET = "sample-shop"

Counts = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """Be one stage of the demo: its verb, how it is run, and what is told of its counts."""

    verb: str
    run: Callable[[Pipeline, Path], Counts]
    told: Callable[[Counts], str]


@dataclass(frozen=True)
class Answer:
    """Be one answer worth seeing: what is asked in words, the named query, and what is shown of it."""

    question: str
    query: str
    parameters: Mapping[str, str]
    columns: tuple[str, ...]

    def command(self, folder: Path) -> str:
        """Return the command line that gives this answer."""
        named = " ".join(f"-p {name}={value}" for name, value in self.parameters.items())
        return f"mindgraph -w {_quoted(folder)} query {self.query} {named}"


@click.command("demo")
@click.option(
    "--into",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("mindgraph-demo"),
    show_default=True,
    help="Folder to make, with the shop's files and the workspace; it can be worked on afterwards.",
)
@pass_context
def demo_verb(context: Context, folder: Path) -> None:
    """Run the sample shop through every stage, and ask the graph three questions.

    Forty invented products in six categories, 70 co-buys, and what a model might say of them: those
    answers were written by hand, no model is asked and no network needed.
    """
    pipeline = _opened(folder)
    click.echo("A sample shop. Products, orders and every answer of the model in it were written by hand")
    click.echo("for this demo: no model is asked. The stages are the real ones.\n")
    funnel = _funnel({step.verb: _run(step, pipeline, folder) for step in _STEPS})
    click.echo("\nFrom co-buys to triples")
    for name, number in funnel:
        click.echo(f"  {name:<46}{number:>7,}")
    for answer in _ANSWERS:
        click.echo(f"\n{answer.question}\n  $ {answer.command(folder)}")
        rows = pipeline.query(answer.query, answer.parameters, limit=5).rows
        print_rows(({name: row[name] for name in answer.columns} for row in rows), "table")
    click.echo(_NEXT.format(folder=_quoted(folder)))


def _opened(folder: Path) -> Pipeline:
    """Open the sample's workspace in a folder that is new, empty, or the sample's already."""
    from mindgraph.errors import WorkspaceError
    from mindgraph.pipeline import Pipeline
    from mindgraph.sample import MODEL
    from mindgraph.workspace import Workspace

    workspace = Workspace(folder)
    stored = workspace.settings().dataset if workspace.exists() else None
    if stored != _DATASET and (stored or (folder.is_dir() and any(folder.iterdir()))):
        raise WorkspaceError(f"{folder} holds something else already.", hint="Name a new folder: --into DIR")
    sample = {
        "dataset": _DATASET,
        "engine": "recorded",
        "model": MODEL,
        "cassette": str((folder / "shop" / "answers.jsonl").resolve()),
        "reasons": "rejected",
    }
    Workspace.create(folder, **sample)
    return Pipeline(workspace, workspace.settings(sample))


def _run(step: Step, pipeline: Pipeline, folder: Path) -> Counts:
    """Run one step and tell what came of it, and how long it took."""
    begun = time.perf_counter()
    counts = step.run(pipeline, folder / "shop")
    seconds = time.perf_counter() - begun
    click.echo(f"  {step.verb:<9}{step.told(counts):<72}{seconds:>5.1f} s")
    return counts


def _draw(pipeline: Pipeline, shop: Path) -> Counts:
    from mindgraph.sample import write_answers, write_shop

    write_shop(shop)
    return {"answers": write_answers(shop / "answers.jsonl")}


def _ingest(pipeline: Pipeline, shop: Path) -> Counts:
    from mindgraph.catalog import Sources

    files = Sources(products=(shop / "products.csv",), orders=shop / "orders.csv", images=shop / "images")
    return pipeline.ingest(files).counts


def _load(pipeline: Pipeline, shop: Path) -> Counts:
    stage = pipeline.load()
    return stage.counts if not stage.unchanged or stage.previous is None else stage.previous.counts


#: The stages in order. `run` returns what was counted, `told` says it in one line.
_STEPS: tuple[Step, ...] = (
    Step("draw", _draw, lambda n: f"the shop's files, 40 pictures, {n['answers']:,} answers written by hand"),
    Step("ingest", _ingest, lambda n: f"{n['products']} products, {n['cobuys']} co-buys out of order lines"),
    Step(
        "distill",
        lambda pipeline, _: pipeline.distill().counts,
        lambda n: (
            f"{n['read'] + n['unreadable']} questions, {n['said']} intentions, {n['unreadable']} "
            "answer given up"
        ),
    ),
    Step(
        "filter",
        lambda pipeline, _: pipeline.filter().counts,
        lambda n: f"{n['yes']} yes, {n['no']} no, {n['unparsed']} neither; {_by_rule(n)} thrown out by rules",
    ),
    Step(
        "build",
        lambda pipeline, _: pipeline.build().counts,
        lambda n: f"{n['triples']} triples with {n['intentions']} intentions",
    ),
    Step(
        "cluster",
        lambda pipeline, _: pipeline.cluster().counts,
        lambda n: f"{n['merges']} wordings merged, {n['clusters']} purposes at three levels",
    ),
    Step(
        "load",
        _load,
        lambda n: f"{sum(n.values()):,} nodes and relationships, read back and compared",
    ),
)


def _quoted(folder: Path) -> str:
    """Return a folder as it is typed in a shell."""
    return shlex.quote(str(folder))


def _by_rule(filtered: Counts) -> int:
    return int(filtered["candidates"] - filtered["to the shopper"])


def _funnel(counts: Mapping[str, Counts]) -> list[tuple[str, int]]:
    """Return what is left after each step, from co-buys to triples."""
    filtered, built = counts["filter"], counts["build"]
    asked = counts["distill"]["read"] + counts["distill"]["unreadable"]
    return [
        ("co-buys", counts["ingest"]["cobuys"]),
        ("questions about their products and about them", asked),
        ("candidates: intentions that were answered", filtered["candidates"]),
        ("  left by the rules", filtered["to the shopper"]),
        ("  recognised by the shopper", built["funnel"]["kept"]),
        ("triples", built["triples"]),
    ]


_ANSWERS: tuple[Answer, ...] = (
    Answer(
        "Why were the camp stove and the coffee grinder bought together?",
        "why_together",
        {"a": "camp-stove", "b": "hand-grinder"},
        ("relation", "intention", "acceptance", "times"),
    ),
    Answer(
        "What is the power bank bought for?",
        "bought_for",
        {"product": "power-bank"},
        ("relation", "intention", "cobuys", "acceptance"),
    ),
    Answer(
        "What serves the same purposes as the steel flask, but was never bought with it?",
        "never_together",
        {"product": "steel-flask"},
        ("product", "shared", "intentions"),
    ),
)

_NEXT = """
Go on from here
  mindgraph -w {folder} queries                       what can be asked by name
  mindgraph -w {folder} query strongest_intentions    the purposes behind most purchases
  mindgraph -w {folder} query -c 'MATCH (p:Product) RETURN p.title, p.price ORDER BY p.price'
  mindgraph -w {folder} explain camp-stove            why it is there, down to the raw answers
  mindgraph -w {folder} status                        what every stage holds
  mindgraph ingest PRODUCTS --orders ORDERS --images FOLDER    your own shop; {folder}/shop shows the files

Remember: what you have seen was written by hand; no model was asked."""
