"""Verbs about purposes: cluster."""

from __future__ import annotations

from typing import Any

import click

from mindgraph.cli.base import Context, pass_context


@click.command("cluster")
@click.option("--vectors", type=click.Choice(["static", "minilm", "endpoint"]), help="Text vectors.")
@click.option("--vectors-url", help="OpenAI-compatible server of vectors, for `endpoint`.")
@click.option("--vectors-model", help="Its model.")
@click.option("--radius", type=float, help="Cosine from which on two wordings are one intention.")
@click.option("--behaviour", type=float, help="Share of what is bought together in the evidence, 0 to 1.")
@click.option("--relations", "cluster_relations", help="Relations to cluster, separated by commas.")
@pass_context
def cluster_verb(context: Context, /, cluster_relations: str | None, **options: Any) -> None:
    """Merge near-duplicate intentions, and find the purposes they stand for at three levels."""
    relations = cluster_relations.split(",") if cluster_relations else None
    stage = context.pipeline(cluster_relations=relations, **options).cluster()
    if stage.unchanged:
        context.say("cluster: nothing has changed since the last run.")
    counts = stage.counts
    context.say(
        f"cluster: {counts['merges']:,} wordings merged, {counts['clusters']:,} clusters over three levels, "
        f"{counts['memberships']:,} intentions in them."
    )
