"""What is generated from the files it tells of is up to date.

`python -m tests.golden.test_documents` writes docs/queries.md anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from mindgraph.browser_kit import Examples, examples_of
from mindgraph.cli.base import cell
from mindgraph.stores import Store
from mindgraph.stores.embedded import EmbeddedStore
from mindgraph.stores.guard import literal
from mindgraph.stores.named import Named, all_named
from mindgraph.workspace import Workspace
from tests.needs import ROOT
from tests.shop import made

ROWS = 4


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


def test_the_questions_and_their_answers_are_up_to_date(sample_shop: Workspace) -> None:
    """What stands in docs is what would be written now."""
    for name, text in documents(sample_shop):
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == text


def documents(shop: Workspace) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each generated document."""
    with EmbeddedStore(shop.graph) as store:
        yield "queries.md", queries_text(store, examples_of(shop.read, "sample-shop"))


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
    with tempfile.TemporaryDirectory() as folder:
        for name, text in documents(made(Path(folder) / "sample-shop")):
            (ROOT / "docs" / name).write_text(text, encoding="utf-8")
