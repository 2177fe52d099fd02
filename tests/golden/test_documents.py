"""What is generated from the files it tells of is up to date.

`python -m tests.golden.test_documents` writes docs/queries.md, docs/cli.md and the purposes in README anew.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mindgraph.browser_kit import Examples, examples_of
from mindgraph.cli import VERBS, cli
from mindgraph.cli.base import cell
from mindgraph.stores import Store
from mindgraph.stores.embedded import EmbeddedStore
from mindgraph.stores.guard import literal
from mindgraph.stores.named import Named, all_named
from mindgraph.workspace import Workspace
from tests.needs import ROOT
from tests.shop import made

ROWS = 4
#: Purposes of the sample shop that README shows.
PURPOSES = 8

#: Width of the page on which the options are told, in characters.
WIDTH = 100


def queries_text(store: Store, examples: Examples) -> str:
    """Return docs/queries.md: every named question with its answer in the sample shop."""
    intro = (
        "# Questions by name\n\n"
        "`mindgraph query NAME -p parameter=value` asks one of these of the embedded graph; the statements "
        "are files of\n`cypher/query`, and give the same rows on Neo4j 5.26 and on the current Neo4j. "
        f"The answers below are the sample shop's,\nat most {ROWS} rows of each.\n"
    )
    parts = [_question_text(store, question, examples) for question in all_named()]
    return "\n".join([intro, *parts])


def cli_text() -> str:
    """Return docs/cli.md: what `--help` says of the command line and of every verb."""
    root = click.Context(
        cli, info_name="mindgraph", terminal_width=WIDTH, max_content_width=WIDTH, **cli.context_settings
    )
    intro = (
        "# The command line\n\n"
        "Each part is what `--help` says. Standard output is data, standard error is talk. Exit code 0: "
        "done; 1: an error,\ntold in one line, and a hint; 2: the command was not understood.\n"
    )
    parts = [intro, _block(cli.get_help(root))]
    for verb in VERBS:
        parts += _verb_text(root, verb, cli)
    return "\n".join(parts)


def purposes_text(store: Store) -> str:
    """Return the block of README that shows the largest purposes of the sample shop."""
    question = next(known for known in all_named() if known.name == "largest_purposes")
    rows = store.query(question.statement, question.values({"limit": PURPOSES})).rows
    columns = [name for name in question.columns if name != "cluster"]
    table = [columns, *([cell(row[name]) for name in columns] for row in rows)]
    widths = [max(len(line[at]) for line in table) for at in range(len(columns))]
    lines = [
        "   ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)) for line in table
    ]
    lines.insert(1, "─" * max(map(len, lines)))
    asked = f"$ mindgraph -w mindgraph-demo query largest_purposes -p limit={PURPOSES}"
    return "\n".join(line.rstrip() for line in [asked, "", *(f" {line}" for line in lines)])


def readme_text(store: Store) -> str:
    """Return README with the purposes as they are now."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    block = re.compile(
        r"^\$ mindgraph -w mindgraph-demo query largest_purposes.*?(?=\n```)", re.DOTALL | re.M
    )
    return block.sub(lambda _: purposes_text(store), text)


def test_every_verb_is_told_as_help_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands in docs/cli.md is what `--help` says, whatever the terminal's width."""
    for columns in ("40", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == cli_text()


def test_the_questions_and_their_answers_are_up_to_date(sample_shop: Workspace) -> None:
    """What stands in docs is what would be written now."""
    for name, text in documents(sample_shop):
        assert (ROOT / name).read_text(encoding="utf-8") == text
    assert "query largest_purposes" in text


def documents(shop: Workspace) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each document that is generated from the sample shop."""
    with EmbeddedStore(shop.graph) as store:
        yield "docs/queries.md", queries_text(store, examples_of(shop.read, "sample-shop"))
        yield "README.md", readme_text(store)


def _verb_text(parent: click.Context, name: str, group: click.Group) -> list[str]:
    """Return the parts about a verb, and about the verbs below it."""
    command = group.get_command(parent, name)
    assert command is not None
    context = click.Context(
        command, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH
    )
    parts = [f"## {context.command_path}\n", _block(command.get_help(context))]
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            parts += _verb_text(context, below, command)
    return parts


def _block(text: str) -> str:
    return f"```\n{text}\n```\n"


def _question_text(store: Store, question: Named, examples: Examples) -> str:
    given = examples.for_question(question)
    rows = store.query(question.statement, question.values(given), limit=ROWS).rows
    options = "".join(f" -p {name}={_typed(value)}" for name, value in given.items())
    lines = [
        f"## {question.name}",
        "",
        question.answers,
        "",
        "```",
        f"mindgraph query {question.name}{options}",
    ]
    lines += ["```", ""]
    for p in question.parameters:
        default = "" if p.default is None else f", default `{p.default}`"
        lines.append(f"- `{p.name}` ({p.type}{default}): {p.meaning}")
    if question.parameters:
        lines.append("")
    lines += ["| column | meaning |", "| --- | --- |"]
    lines += [f"| `{name}` | {meaning} |" for name, meaning in question.columns.items()]
    return "\n".join([*lines, "", *_table(question, rows), ""])


def _table(question: Named, rows: list[dict[str, object]]) -> list[str]:
    if not rows:
        return ["In the sample shop there is none."]
    head = f"| {' | '.join(question.columns)} |"
    body = [" | ".join(cell(row.get(name)).replace("|", "\\|") for name in question.columns) for row in rows]
    return [head, "|" + " --- |" * len(question.columns), *(f"| {line} |" for line in body)]


def _typed(value: object) -> str:
    """Return a value as it is typed in a shell."""
    return ",".join(value) if isinstance(value, list) else literal(value).strip('"')


if __name__ == "__main__":
    (ROOT / "docs" / "cli.md").write_text(cli_text(), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in documents(made(Path(folder) / "sample-shop")):
            (ROOT / name).write_text(text, encoding="utf-8")
