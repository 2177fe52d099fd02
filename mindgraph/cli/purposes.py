"""Verbs about purposes: cluster and unmerge."""

from __future__ import annotations

from typing import Any

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows


@click.command("cluster")
@click.option("--plan", is_flag=True, help="Show what would be merged, largest groups first; write nothing.")
@click.option(
    "--tune",
    is_flag=True,
    help="First choose, and store, the share of behaviour and the resolutions that are most stable.",
)
@click.option("--limit", type=int, default=50, show_default=True, help="Groups shown by --plan.")
@click.option("--vectors", type=click.Choice(["static", "minilm", "endpoint"]), help="Text vectors.")
@click.option("--vectors-url", help="OpenAI-compatible server of vectors, for `endpoint`.")
@click.option("--vectors-model", help="Its model.")
@click.option("--radius", type=float, help="Cosine from which on two wordings are one intention.")
@click.option("--behaviour", type=float, help="Share of what is bought together in the evidence, 0 to 1.")
@click.option(
    "--label-with",
    type=click.Choice(["http", "transformers", "ray", "recorded"]),
    help="Let a model name the purposes: how it is reached.",
)
@click.option("--model", metavar="NAME", help="For --label-with: the model, where not that of `distill`.")
@click.option("--base-url", metavar="URL", help="For --label-with: the server, where not that of `distill`.")
@click.option(
    "--cassette",
    type=click.Path(dir_okay=False, resolve_path=True),
    help="For --label-with recorded: the file of answers.",
)
@click.option(
    "--max-calls", type=click.IntRange(1), metavar="N", help="For --label-with: stop after N calls."
)
@click.option("--relations", "cluster_relations", help="Relations to cluster, separated by commas.")
@format_option
@pass_context
def cluster_verb(
    context: Context,
    /,
    plan: bool,
    tune: bool,
    limit: int,
    label_with: str | None,
    max_calls: int | None,
    cluster_relations: str | None,
    as_format: str,
    **options: Any,
) -> None:
    """Merge near-duplicate intentions, and find the purposes they stand for at three levels.

    A purpose is called by a short phrase from its members. With --label-with a model names it: each
    is asked about once, answers are kept, and the same command goes on where it stopped.
    """
    from mindgraph.tally import Budget

    relations = cluster_relations.split(",") if cluster_relations else None
    options["cluster_relations"] = relations
    if plan:
        _show_plan(context, options, limit, as_format)
        return
    if tune:
        print_rows(context.pipeline(**options).tune().to_dicts(), as_format)
    budget = Budget(calls=max_calls) if max_calls else None
    stage = context.pipeline(**options).cluster(label_with=label_with, budget=budget)
    if stage.unchanged:
        context.say("cluster: nothing has changed since the last run.")
    counts = stage.counts
    if label_with and "named" in counts:
        context.say(
            f"cluster: {counts['named']:,} purposes named by the model, {counts['not named']:,} keep their "
            f"phrase; {counts['asked']:,} asked, {counts['from the ledger']:,} from the ledger."
        )
    context.say(
        f"cluster: {counts['merges']:,} wordings merged, {counts['clusters']:,} clusters over three levels, "
        f"{counts['memberships']:,} intentions in them."
    )


def _show_plan(context: Context, options: dict[str, Any], limit: int, as_format: str) -> None:
    groups = context.pipeline(**options).plan_clusters()
    print_rows(groups.head(limit).to_dicts(), as_format, groups.columns)
    merged = int(groups["wordings"].sum()) - len(groups)
    context.say(f"cluster --plan: {merged:,} wordings would be merged into {len(groups):,} intentions.")


@click.command("unmerge")
@click.argument("intention")
@pass_context
def unmerge_verb(context: Context, /, intention: str) -> None:
    """Set INTENTION (an id, or its beginning) apart: it merges with no other, now and on later runs."""
    undone = context.pipeline().unmerge(intention)
    context.say(f"unmerge: {len(undone):,} merges undone. `mindgraph cluster` finds the purposes anew.")
