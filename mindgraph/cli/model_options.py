"""What is said of a model on the command line: the options, and the pipeline that they open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mindgraph.cli.base import Context

if TYPE_CHECKING:
    from mindgraph.pipeline import Pipeline
    from mindgraph.tally import Budget

F = TypeVar("F", bound=Callable[..., Any])

MODEL = (
    click.option(
        "--engine",
        type=click.Choice(["http", "transformers", "ray", "recorded"]),
        help="How the model is reached.",
    ),
    click.option(
        "--base-url",
        metavar="URL[,URL…]",
        help="Address of an OpenAI-compatible server, with /v1; of several that serve the same model.",
    ),
    click.option(
        "--model",
        metavar="NAME",
        help="The model's name there, not needed where it serves one; for `transformers` a folder or hub id.",
    ),
    click.option("--revision", metavar="TEXT", help="The model's revision; part of who said it."),
    click.option(
        "--cassette",
        type=click.Path(path_type=Path, dir_okay=False, resolve_path=True),
        help="File of recorded answers, for the engine `recorded`.",
    ),
    click.option("--concurrency", type=click.IntRange(1, 10_000), help="Requests in flight at most."),
    click.option("--requests-per-minute", type=click.IntRange(0), help="What the service allows."),
    click.option("--tokens-per-minute", type=click.IntRange(0), help="What the service allows."),
    click.option(
        "--pictures",
        metavar="data|file|URL",
        help="How a server gets the pictures: in the request, as files on its disk, or under an address.",
    ),
    click.option("--ray-engine", type=click.Choice(["http", "transformers"]), help="What each actor runs."),
    click.option("--ray-workers", type=click.IntRange(1), help="Actors, for the engine `ray`."),
    click.option("--ray-gpus", type=click.FloatRange(0), help="GPUs of each actor."),
    click.option(
        "--ray-address", metavar="ADDRESS", help="A running Ray cluster; one is started where none."
    ),
    click.option("--device", metavar="NAME", help="For `transformers`: cuda, mps or cpu."),
    click.option("--dtype", metavar="NAME", help="For `transformers`: float32, bfloat16 …"),
    click.option("--timeout", type=click.FloatRange(0, min_open=True), help="Seconds for one answer."),
    click.option("--temperature", type=click.FloatRange(0, 2), help="Chance in decoding."),
    click.option("--max-tokens", type=click.IntRange(1), help="Longest answer, in tokens."),
)
MODES = (
    click.option("--lang", metavar="CODE", help="Language that is asked for and expected, such as en or de."),
    click.option(
        "--relations", metavar="NAME,…", help="Relations to ask for; all but causeDesire where none is named."
    ),
    click.option("--calls", type=click.Choice(["grouped", "per-relation"]), help="Relations of one call."),
    click.option("--samples", type=click.IntRange(1, 1000), help="How often each question is put."),
    click.option("--style", type=click.Choice(["phrase", "paragraph"]), help="How an intention is worded."),
    click.option(
        "--prompts",
        type=click.Path(path_type=Path, file_okay=False, resolve_path=True),
        help="Folder of prompt templates that stand in for ours.",
    ),
    click.option("--as-paper", is_flag=True, help="Ask as the paper's reference implementation does."),
)
PICTURES = click.Choice(["apart", "stacked", "none", "swapped"])
REASONS = click.option(
    "--reasons",
    type=click.Choice(["none", "all", "kept", "rejected", "sample"]),
    help="Verdicts that are asked for their reason, too.",
)
CHOICE = (
    click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask about N co-buys only."),
    click.option(
        "--order",
        type=click.Choice(["coverage", "weight", "random"]),
        default="coverage",
        show_default=True,
        help="Which co-buys come first; coverage: every product once before any twice.",
    ),
)
PRICES = (
    click.option("--usd-prompt", type=click.FloatRange(0), help="Price of a million prompt tokens."),
    click.option("--usd-cached", type=click.FloatRange(0), help="Price of those that the server had kept."),
    click.option("--usd-completion", type=click.FloatRange(0), help="Price of a million tokens written."),
    click.option(
        "--prices",
        type=click.Path(path_type=Path, dir_okay=False, resolve_path=True),
        help="File of prices by model, with its date, where none is named.",
    ),
)
BUDGET = (
    click.option("--max-calls", type=click.IntRange(1), metavar="N", help="Stop after N calls."),
    click.option("--max-usd", type=click.FloatRange(0, min_open=True), help="Stop when so much is spent."),
    click.option("--max-hours", type=click.FloatRange(0, min_open=True), help="Stop after so long."),
    *PRICES,
)
#: How the reference implementation asks: one paragraph a relation, both pictures on one sheet.
AS_PAPER = {
    "calls": "per-relation",
    "images": "stacked",
    "samples": 1,
    "style": "paragraph",
    "temperature": 0.2,
    "max_tokens": 512,
    "reasons": "all",
}


def with_options(*options: Callable[[F], F]) -> Callable[[F], F]:
    """Add several options to a verb, in their order."""

    def added(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return added


def opened(context: Context, options: dict[str, Any], *, remember: bool) -> Pipeline:
    """Open the pipeline with the options that were given, and remember them where told."""
    from mindgraph.prompts import relation_groups

    if options.pop("as_paper", False):
        options = {**AS_PAPER, **{name: value for name, value in options.items() if value is not None}}
    given: dict[str, Any] = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in options.items()
        if value is not None
    }
    if "relations" in given:
        given["relations"] = tuple(part.strip() for part in given["relations"].split(",") if part.strip())
        relation_groups(given["relations"], "grouped")
    if given.get("cassette") and "engine" not in given:
        given["engine"] = "recorded"
    elif given.get("base_url") and "engine" not in given:
        given["engine"] = "http"
    pipeline = context.pipeline(**given)
    if remember and given:
        pipeline.workspace.require().create(pipeline.workspace.path, **_without_secrets(given))
    return pipeline


def _without_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that may be remembered; an address with a password in it may not."""
    from urllib.parse import urlsplit

    from mindgraph.errors import SettingsError

    addresses = [urlsplit(one) for one in given.get("base_url", "").split(",")]
    if any(parts.username or parts.password or parts.query for parts in addresses):
        raise SettingsError(
            "The address of the server holds a key or a password.",
            hint="Leave it out of --base-url, and put it into MINDGRAPH_API_KEY: it is never stored.",
        )
    return dict(given)


def budget_of(options: dict[str, Any]) -> Budget | None:
    """Take the limits out of the options; None where there are none."""
    from mindgraph.tally import Budget

    limits = {name: options.pop(f"max_{name}", None) for name in ("calls", "usd", "hours")}
    return Budget(**limits) if any(limits.values()) else None
