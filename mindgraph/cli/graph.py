"""The verbs that make the graph and ask it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import click

from mindgraph.cli.base import Context, pass_context


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
