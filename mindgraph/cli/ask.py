"""The verbs that ask a model: `distill`, `filter`, and `run`, which does everything in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows
from mindgraph.cli.ingest import ingest_verb
from mindgraph.cli.model_options import (
    BUDGET,
    CHOICE,
    MODEL,
    MODES,
    PICTURES,
    PRICES,
    REASONS,
    budget_of,
    opened,
    with_options,
)
from mindgraph.cli.progress import progress

if TYPE_CHECKING:
    from mindgraph.settings import Settings
    from mindgraph.tally import Budget
    from mindgraph.workspace import Stage


@click.command("distill")
@with_options(*MODEL, *MODES, REASONS, *CHOICE, *BUDGET)
@click.option("--images", type=PICTURES, help="How the pictures of a co-buy are shown.")
@pass_context
def distill_verb(context: Context, /, limit: int | None, order: str, **options: Any) -> None:
    """Ask a model for the features of products and the intentions of co-buys.

    What was answered is kept at once, and never asked again: stop at any time, and the same command
    goes on. Options about the model and the way of asking are remembered in the workspace.
    """
    _distill(context, limit, order, options)


@click.command("plan")
@with_options(*MODEL, *MODES, *CHOICE, *PRICES)
@click.option("--images", type=PICTURES, help="How the pictures of a co-buy are shown.")
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

    pipeline = opened(context, options, remember=False)
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
@with_options(*MODEL, *MODES, *BUDGET)
@click.option("--images", type=PICTURES, help="How the pictures of a co-buy are shown.")
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

    budget = budget_of(options)
    pipeline = opened(context, options, remember=False)
    with progress(context) as tell:
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
@with_options(*MODEL, REASONS, *BUDGET)
@click.option("--images", type=PICTURES, help="How the pictures of a co-buy are shown.")
@click.option("--again", is_flag=True, help="Judge finished intentions from files, too.")
@pass_context
def filter_verb(context: Context, /, again: bool, **options: Any) -> None:
    """Throw out what a shopper would not recognise.

    Cheap rules first; then the model plays a shopper who would gladly buy, and is hard to please.
    Every verdict is kept with its score: `mindgraph build --threshold` decides anew without asking.
    """
    _filter(context, again, options, remember=not context.pipeline().settings.model)


@click.command("run")
@with_options(*MODEL, *MODES, REASONS, *CHOICE, *BUDGET)
@click.option("--show-pictures", type=PICTURES, help="How the pictures of a co-buy are shown.")
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
    _filter(context, False, {}, remember=False, budget=budget_of(options))
    for verb, given in (("build", {"threshold": threshold}), ("cluster", {}), ("load", {})):
        command = verbs.get_command(ctx, verb)
        assert command is not None
        ctx.invoke(command, **given)


run_verb.params[:0] = ingest_verb.params


def _distill(context: Context, limit: int | None, order: str, options: dict[str, Any]) -> None:
    from mindgraph.distill import Choice

    budget = budget_of(options)
    pipeline = opened(context, options, remember=True)
    with progress(context) as tell:
        stage = pipeline.distill(Choice(limit, order), budget=budget, tell=tell)
    _say(context, stage, _distilled)


def _filter(
    context: Context, again: bool, options: dict[str, Any], *, remember: bool, budget: Budget | None = None
) -> None:
    budget = budget or budget_of(options)
    pipeline = opened(context, options, remember=remember)
    with progress(context) as tell:
        stage = pipeline.filter(again=again, budget=budget, tell=tell)
    _say(context, stage, _filtered)


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
