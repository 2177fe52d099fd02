"""What is in a workspace, stage by stage, what is stale, and what was rejected."""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from mindgraph.records import RECORDS, Record, Reject
from mindgraph.workspace import Manifest, Workspace

#: The stages in order, and the tables each of them writes.
STAGES: dict[str, tuple[str, ...]] = {
    "ingest": ("products", "cobuys"),
    "distill": ("generators", "features", "candidates"),
    "filter": ("verdicts",),
    "build": ("intentions", "triples", "evidence"),
    "cluster": ("merges", "clusters", "memberships"),
}

_BY_TABLE: dict[str, type[Record]] = {record.table: record for record in RECORDS}


class StageStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Say of one stage what it holds and whether it still follows from its inputs."""

    stage: str
    #: "not run", "fresh" or "stale".
    state: str
    holds: dict[str, int]
    #: When its last run began, UTC; None where it never ran.
    last_run: str | None = None
    seconds: float | None = None
    #: Tables that changed after the last run.
    changed: list[str] = []


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a workspace holds."""

    dataset: str
    folder: str
    stages: list[StageStatus]
    #: Rejects by stage and reason, most frequent first, each with one place as example.
    rejects: list[dict[str, Any]]


def status_of(workspace: Workspace) -> Status:
    """Return what each stage holds, what is stale, and the rejects by reason."""
    digests = {record.table: workspace.digest_of(record) for record in RECORDS}
    return Status(
        dataset=workspace.settings().dataset,
        folder=str(workspace.path),
        stages=[_stage(workspace, verb, tables, digests) for verb, tables in STAGES.items()],
        rejects=rejects_by_reason(workspace.read(Reject)),
    )


def rejects_by_reason(rejects: pl.DataFrame) -> list[dict[str, Any]]:
    """Return one row per stage and reason: how many, and the place of the first.

    Numbers and quoted text in a reason do not tell reasons apart.
    """
    kind = pl.col("reason").str.replace_all(r"'[^']*'|\"[^\"]*\"|\d+", "…")
    place = pl.concat_str(pl.col("file"), pl.col("line").cast(pl.String), separator=":")
    grouped = (
        rejects.sort(Reject.order)
        .group_by("stage", kind.alias("kind"), maintain_order=True)
        .agg(
            pl.len().alias("rows"),
            pl.col("reason").first(),
            pl.coalesce(place, "file", "key").first().alias("example"),
        )
    )
    return (
        grouped.select("stage", "rows", "reason", "example")
        .sort(["stage", "rows", "reason"], descending=[False, True, False])
        .to_dicts()
    )


def _stage(workspace: Workspace, verb: str, tables: tuple[str, ...], digests: dict[str, str]) -> StageStatus:
    held = {table: workspace.count(_BY_TABLE[table]) for table in tables if digests[table]}
    last = workspace.last(verb)
    changed = _changed(last, digests) if last else []
    return StageStatus(
        stage=verb,
        state="not run" if last is None else "stale" if changed else "fresh",
        holds=held,
        last_run=last.started if last else None,
        seconds=last.seconds if last else None,
        changed=changed,
    )


def _changed(last: Manifest, digests: dict[str, str]) -> list[str]:
    """Return the tables that the last run read and that are others now."""
    return [table for table, digest in last.reads.items() if digests.get(table, digest) != digest]
