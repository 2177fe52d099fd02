"""The guide: six steps through a graph, each with questions that can be run as they stand.

The steps are told once, here; `as_html` writes them for Neo4j Browser up to 5, `as_asciidoc` for the
generation since 2025.
"""

from __future__ import annotations

import html
from dataclasses import dataclass

from mindgraph.browser_kit.examples import Examples
from mindgraph.stores.guard import spelled_out
from mindgraph.stores.named import named


@dataclass(frozen=True)
class Step:
    """Be one step: its title, what is told, and the named questions to run."""

    title: str
    told: str
    questions: tuple[str, ...]


def steps(examples: Examples) -> list[Step]:
    """Return the six steps, told with a graph's own examples."""
    return [
        Step(
            "What is in the graph",
            "Products are blue, the intentions they are bought for are yellow, purposes are green; the small "
            "pale ones are purchases of two products together. Begin with how many there are of each.",
            ("counts", "strongest_intentions"),
        ),
        Step(
            "One product",
            f"{examples.title} has the most to tell. The drawing shows what it is bought for, and what was "
            "bought with it for the same. Click a node to see its properties; double-click it to draw more.",
            ("neighbourhood", "bought_for"),
        ),
        Step(
            "Why two were bought together",
            f"{examples.title_a}, and {examples.title_b}: the purchase stands between them, with its reasons "
            "around it. The second question lists the reasons, with how sure the shopper was of each.",
            ("pair", "why_together"),
        ),
        Step(
            "From an intention to all it explains",
            f"The intention of the most purchases is “{examples.text}”. The drawing shows who is bought for "
            "it, and the purposes it is part of. The second question finds intentions by words of your own.",
            ("around_intention", "find_intention"),
        ),
        Step(
            "What to put into the basket",
            f"The basket holds {examples.title_a} and {examples.title_b}. What are they for, what is "
            "missing, and what could be bought instead?",
            ("basket_intentions", "basket_missing", "substitutes"),
        ),
        Step(
            "How good it is",
            "Every statement says how sure the shopper was of it and which model said it. Count them by "
            "relation, and look behind one. `mindgraph explain` goes further down, to the raw answer.",
            ("quality_relations", "quality_acceptance", "evidence"),
        ),
    ]


def filled(name: str, examples: Examples) -> str:
    """Return a named question that can be run as it stands, with a graph's own examples."""
    question = named(name)
    values = question.values(examples.for_question(question))
    return f"// {question.answers}\n{spelled_out(question.statement, values)}"


def as_html(examples: Examples, dataset: str) -> str:
    """Return the guide for Neo4j Browser up to 5: a row of slides."""
    slides = [_slide(step, examples) for step in steps(examples)]
    title = html.escape(f"What is bought together in {dataset}, and why")
    return (
        f'<article class="guide" data-title="{title}">\n<title>{title}</title>\n'
        f'<carousel class="deck container-fluid">\n{"".join(slides)}</carousel>\n</article>\n'
    )


def as_asciidoc(examples: Examples, dataset: str) -> str:
    """Return the guide for the Browser since 2025: a section a step."""
    parts = [f"= What is bought together in {_line(dataset)}, and why\n"]
    for step in steps(examples):
        parts.append(f"== {step.title}\n\n{_prose(step.told)}\n")
        parts += [
            f".{named(name).answers}\n[source,cypher]\n-----\n{filled(name, examples)}\n-----\n"
            for name in step.questions
        ]
    return "\n".join(parts)


def _slide(step: Step, examples: Examples) -> str:
    blocks = [
        f"<p>{html.escape(named(name).answers)}</p>\n"
        f'<figure><pre class="pre-scrollable code runnable" mode="cypher">'
        f"{html.escape(filled(name, examples))}</pre></figure>\n"
        for name in step.questions
    ]
    return (
        f'<slide class="row-fluid">\n<div class="col-sm-12">\n<h3>{html.escape(step.title)}</h3>\n'
        f"<p>{html.escape(step.told)}</p>\n{''.join(blocks)}</div>\n</slide>\n"
    )


def _line(text: str) -> str:
    return " ".join(text.split())


def _prose(text: str) -> str:
    """Return a text that AsciiDoc takes for nothing but text."""
    return f"pass:c[{html.escape(_line(text), quote=False).replace(']', '&#93;')}]"
