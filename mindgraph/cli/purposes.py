"""Verbs about purposes: cluster and unmerge."""

from __future__ import annotations

from typing import Any

import click

from mindgraph.cli.base import Context, format_option, pass_context, print_rows


@click.command("cluster")
@click.option("--plan", is_flag=True, help="Show what would be merged, largest groups first; write nothing.")
@click.option("--tune", is_flag=True, help="Choose the resolutions by stability first, and store them.")
@click.option("--limit", type=int, default=50, show_default=True, help="Groups shown by --plan.")
@click.option("--vectors", type=click.Choice(["static", "minilm", "endpoint"]), help="Text vectors.")
@click.option("--vectors-url", help="OpenAI-compatible server of vectors, for `endpoint`.")
@click.option("--vectors-model", help="Its model.")
@click.option("--radius", type=float, help="Cosine from which on two wordings are one intention.")
@click.option("--behaviour", type=float, help="Share of what is bought together in the evidence, 0 to 1.")
@click.option("--relations", "cluster_relations", help="Relations to cluster, separated by commas.")
@format_option
@pass_context
def cluster_verb(
    context: Context,
    /,
    plan: bool,
    tune: bool,
    limit: int,
    cluster_relations: str | None,
    as_format: str,
    **options: Any,
) -> None:
    """Merge near-duplicate intentions, and find the purposes they stand for at three levels."""
    relations = cluster_relations.split(",") if cluster_relations else None
    options["cluster_relations"] = relations
    if plan:
        _show_plan(context, options, limit, as_format)
        return
    if tune:
        print_rows(context.pipeline(**options).tune().to_dicts(), as_format)
    stage = context.pipeline(**options).cluster()
    if stage.unchanged:
        context.say("cluster: nothing has changed since the last run.")
    counts = stage.counts
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
