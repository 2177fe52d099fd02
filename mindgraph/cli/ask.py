"""The verbs that ask a model: `distill`, `filter`, and `run`, which does everything in order."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows
from mindgraph.cli.ingest import ingest_verb

if TYPE_CHECKING:
    from mindgraph.pipeline import Pipeline
    from mindgraph.settings import Settings
    from mindgraph.tally import Budget, Tell
    from mindgraph.workspace import Stage

F = TypeVar("F", bound=Callable[..., Any])

_MODEL = (
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
_MODES = (
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
_PICTURES = click.Choice(["apart", "stacked", "none", "swapped"])
_REASONS = click.option(
    "--reasons",
    type=click.Choice(["none", "all", "kept", "rejected", "sample"]),
    help="Verdicts that are asked for their reason, too.",
)
_CHOICE = (
    click.option("--limit", type=click.IntRange(1), metavar="N", help="Ask about N co-buys only."),
    click.option(
        "--order",
        type=click.Choice(["coverage", "weight", "random"]),
        default="coverage",
        show_default=True,
        help="Which co-buys come first; coverage: every product once before any twice.",
    ),
)
_PRICES = (
    click.option("--usd-prompt", type=click.FloatRange(0), help="Price of a million prompt tokens."),
    click.option("--usd-cached", type=click.FloatRange(0), help="Price of those that the server had kept."),
    click.option("--usd-completion", type=click.FloatRange(0), help="Price of a million tokens written."),
    click.option(
        "--prices",
        type=click.Path(path_type=Path, dir_okay=False, resolve_path=True),
        help="File of prices by model, with its date, where none is named.",
    ),
)
_BUDGET = (
    click.option("--max-calls", type=click.IntRange(1), metavar="N", help="Stop after N calls."),
    click.option("--max-usd", type=click.FloatRange(0, min_open=True), help="Stop when so much is spent."),
    click.option("--max-hours", type=click.FloatRange(0, min_open=True), help="Stop after so long."),
    *_PRICES,
)
#: How the reference implementation asks: one paragraph a relation, both pictures on one sheet.
_AS_PAPER = {
    "calls": "per-relation",
    "images": "stacked",
    "samples": 1,
    "style": "paragraph",
    "temperature": 0.2,
    "max_tokens": 512,
    "reasons": "all",
}


def _options(*options: Callable[[F], F]) -> Callable[[F], F]:
    def added(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return added


@click.command("distill")
@_options(*_MODEL, *_MODES, _REASONS, *_CHOICE, *_BUDGET)
@click.option("--images", type=_PICTURES, help="How the pictures of a co-buy are shown.")
@pass_context
def distill_verb(context: Context, /, limit: int | None, order: str, **options: Any) -> None:
    """Ask a model for the features of products and the intentions of co-buys.

    What was answered is kept at once, and never asked again: stop at any time, and the same command
    goes on. Options about the model and the way of asking are remembered in the workspace.
    """
    _distill(context, limit, order, options)


@click.command("plan")
@_options(*_MODEL, *_MODES, *_CHOICE, *_PRICES)
@click.option("--images", type=_PICTURES, help="How the pictures of a co-buy are shown.")
@click.option(
    "--calls-per-second",
    type=click.FloatRange(0, min_open=True),
    help="Rate at which the model answers, where none was measured.",
)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path, exists=True),
    help="File tokenizer.json, or its folder, where neither model nor server is at hand to count.",
)
@format_option
@pass_context
def plan_verb(
    context: Context,
    /,
    limit: int | None,
    order: str,
    calls_per_second: float | None,
    tokenizer: Path | None,
    as_format: str,
    **options: Any,
) -> None:
    """Say what distilling and filtering will ask: calls, tokens, money and time.

    No model is asked. After `mindgraph pilot` the figures are measured ones; before, prompts are counted
    by the model's processor, its server or --tokenizer, else estimated from their length. What the
    ledger answers already is not counted again; `cached` is what a server that keeps prefixes saves.
    """
    import msgspec

    from mindgraph.distill import Choice

    pipeline = _opened(context, options, remember=False)
    counts: dict[str, Any] = {"calls_per_second": calls_per_second, "tokenizer": str(tokenizer or "")}
    steps = pipeline.plan(Choice(limit, order), **counts)
    print_rows([msgspec.structs.asdict(step) for step in steps], as_format)
    _say_bases(context, pipeline.settings, {step.basis for step in steps})


def _say_bases(context: Context, settings: Settings, bases: set[str]) -> None:
    """Say what the figures of a plan rest on, where that is not plain."""
    from mindgraph.prices import price_file

    if "estimated" in bases:
        context.say("Estimated from the length of the prompts; `mindgraph pilot -n 50` measures.")
    elif any(basis.startswith("counted") for basis in bases):
        context.say(
            "Answers not seen yet are taken to be as long as usual; `mindgraph pilot -n 50` measures."
        )
    if settings.prices and not (settings.usd_prompt or settings.usd_completion):
        prices = price_file(settings.prices)
        named = f" ({prices.source})" if prices.source else ""
        context.say(f"Prices of {prices.date:%Y-%m-%d}{named}, from {settings.prices}.")


@click.command("pilot")
@_options(*_MODEL, *_MODES, *_BUDGET)
@click.option("--images", type=_PICTURES, help="How the pictures of a co-buy are shown.")
@click.option(
    "-n", "size", type=click.IntRange(1), default=50, show_default=True, help="Co-buys to ask about."
)
@click.option(
    "--try",
    "variants",
    multiple=True,
    metavar="SETTING=VALUE,…",
    help="One more way to ask, such as images=none or model=other,revision=2; may be repeated.",
)
@click.option(
    "--sheet",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV for people to judge, blind; beside it the key.",
)
@format_option
@pass_context
def pilot_verb(
    context: Context,
    /,
    size: int,
    variants: tuple[str, ...],
    sheet: Path | None,
    as_format: str,
    **options: Any,
) -> None:
    """Ask about a sample as the settings say, and once more with each --try, side by side.

    Everything asked counts for the full run. Figures do not say how good an intention is: --sheet
    writes the texts in an order that tells nothing, without the names of the ways.
    """
    import msgspec

    budget = _budget(options)
    pipeline = _opened(context, options, remember=False)
    with _progress(context) as tell:
        found = pipeline.pilot([_variant(v) for v in variants], size=size, budget=budget, tell=tell)
    print_rows([msgspec.structs.asdict(way) for way in found.ways], as_format)
    if sheet:
        key = sheet.with_name(f"{sheet.stem}-key.csv")
        found.sheet.drop("way").write_csv(sheet)
        found.sheet.select("row", "way").write_csv(key)
        context.say(f"pilot: {len(found.sheet):,} texts to judge in {sheet}; who said them in {key}.")


def _variant(text: str) -> dict[str, Any]:
    parts = [part.partition("=") for part in text.split(",")]
    if not all(name.strip() and mark for name, mark, _ in parts):
        raise click.BadParameter(f"{text!r} is not SETTING=VALUE.", param_hint="--try")
    return {name.strip().replace("-", "_"): value.strip() for name, _, value in parts}


@click.command("filter")
@_options(*_MODEL, _REASONS, *_BUDGET)
@click.option("--images", type=_PICTURES, help="How the pictures of a co-buy are shown.")
@click.option("--again", is_flag=True, help="Judge finished intentions from files, too.")
@pass_context
def filter_verb(context: Context, /, again: bool, **options: Any) -> None:
    """Throw out what a shopper would not recognise.

    Cheap rules first; then the model plays a shopper who would gladly buy, and is hard to please.
    Every verdict is kept with its score: `mindgraph build --threshold` decides anew without asking.
    """
    _filter(context, again, options, remember=not context.pipeline().settings.model)


@click.command("run")
@_options(*_MODEL, *_MODES, _REASONS, *_CHOICE, *_BUDGET)
@click.option("--show-pictures", type=_PICTURES, help="How the pictures of a co-buy are shown.")
@click.option("--threshold", type=click.FloatRange(0, 1), help="Lowest score of the shopper that is kept.")
@click.pass_context
def run_verb(ctx: click.Context, /, **options: Any) -> None:
    """Ingest PRODUCTS and COBUYS, distill, filter, build, cluster and load, in order.

    Each stage does what is missing: the same command again does nothing where nothing changed.
    """
    context, verbs = ctx.ensure_object(Context), ctx.find_root().command
    assert isinstance(verbs, click.Group)
    ctx.invoke(ingest_verb, **{str(p.name): options.pop(str(p.name)) for p in ingest_verb.params})
    limit, order, threshold = options.pop("limit"), options.pop("order"), options.pop("threshold")
    options["images"] = options.pop("show_pictures")
    _distill(context, limit, order, options)
    _filter(context, False, {}, remember=False, budget=_budget(options))
    for verb, given in (("build", {"threshold": threshold}), ("cluster", {}), ("load", {})):
        command = verbs.get_command(ctx, verb)
        assert command is not None
        ctx.invoke(command, **given)


run_verb.params[:0] = ingest_verb.params


def _distill(context: Context, limit: int | None, order: str, options: dict[str, Any]) -> None:
    from mindgraph.distill import Choice

    budget = _budget(options)
    pipeline = _opened(context, options, remember=True)
    with _progress(context) as tell:
        stage = pipeline.distill(Choice(limit, order), budget=budget, tell=tell)
    _say(context, stage, _distilled)


def _filter(
    context: Context, again: bool, options: dict[str, Any], *, remember: bool, budget: Budget | None = None
) -> None:
    budget = budget or _budget(options)
    pipeline = _opened(context, options, remember=remember)
    with _progress(context) as tell:
        stage = pipeline.filter(again=again, budget=budget, tell=tell)
    _say(context, stage, _filtered)


def _opened(context: Context, options: dict[str, Any], *, remember: bool) -> Pipeline:
    """Open the pipeline with the options that were given, and remember them where told."""
    from mindgraph.prompts import relation_groups

    if options.pop("as_paper", False):
        options = {**_AS_PAPER, **{name: value for name, value in options.items() if value is not None}}
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


def _budget(options: dict[str, Any]) -> Budget | None:
    from mindgraph.tally import Budget

    limits = {name: options.pop(f"max_{name}", None) for name in ("calls", "usd", "hours")}
    return Budget(**limits) if any(limits.values()) else None


@contextmanager
def _progress(context: Context) -> Iterator[Tell]:
    """Show a bar for each kind of question on a terminal; elsewhere nothing."""
    if context.quiet or not sys.stderr.isatty():
        yield lambda what, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    tasks: dict[str, Any] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:

        def tell(what: str, total: int) -> None:
            if what not in tasks:
                tasks[what] = shown.add_task(what, total=total)
            shown.advance(tasks[what])

        yield tell


def _say(context: Context, stage: Stage, told: Callable[[Mapping[str, Any]], list[str]]) -> None:
    if stage.unchanged:
        context.say(f"{stage.verb}: unchanged, nothing was asked.")
        return
    counts = stage.counts
    context.say(f"{stage.verb}: {', '.join([*told(counts), *_asked(counts)])}; {stage.seconds:.1f} s.")
    if counts.get("unanswered"):
        context.say(
            f"{stage.verb}: {counts['unanswered']:,} questions were not answered; the same command asks them."
        )


def _distilled(counts: Mapping[str, Any]) -> list[str]:
    cut = [f"{counts[name]:,} {name}" for name in counts if name.endswith(" cut") and counts[name]]
    return [
        f"{counts['co-buys']:,} co-buys of {counts['products']:,} products",
        f"{counts['said']:,} intentions",
        *cut,
    ]


def _filtered(counts: Mapping[str, Any]) -> list[str]:
    rules = [f"{n.removeprefix('rule:')} {counts[n]:,}" for n in counts if n.startswith("rule:")]
    thrown = counts["candidates"] - counts["to the shopper"]
    return [
        f"{counts['candidates']:,} candidates",
        f"{thrown:,} out by rule" + (f" ({', '.join(rules)})" if rules else ""),
        *(f"{counts[answer]:,} {answer}" for answer in ("yes", "no", "unparsed") if counts.get(answer)),
    ]


def _asked(counts: Mapping[str, Any]) -> list[str]:
    if "asked" not in counts:
        return []
    parts = [f"asked {counts['asked']:,}", f"from the ledger {counts['from the ledger']:,}"]
    if counts["unreadable"]:
        parts.append(f"unreadable {counts['unreadable']:,}")
    if counts["prompt_tokens"]:
        tokens = f"{counts['prompt_tokens']:,} tokens read"
        kept = f" ({counts['cached_tokens']:,} of them cached)" if counts["cached_tokens"] else ""
        parts.append(f"{tokens}{kept}, {counts['completion_tokens']:,} written")
    if counts.get("usd"):
        parts.append(f"{counts['usd']:.2f} USD")
    return parts
