"""The embedded graph: loaded, opened again, and asked from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from benchmarks.harness import GB, Bench, Row, bench, within
from mindgraph.graph import EDGES
from mindgraph.records import CoBuy
from mindgraph.workspace import Workspace

#: Relationships of the graph at scale 1, about: what is made once for all is not held against few.
_MANY = 1_000_000


@bench("load")
def load(given: Bench) -> Iterator[Row]:
    """Load all tables, read-back apart; open the graph again; load unchanged; ask it."""
    folder = given.copy()
    run = given.run("-m", "benchmarks.timed_load", folder)
    told = json.loads(run.output)
    seconds, relationships = told["seconds"], sum(told["counts"][type_] for type_ in EDGES)
    spent = seconds["load"] - seconds["read back"]
    each = 1e6 * spent / relationships
    size = f"{relationships:,} relationships"
    yield Row(
        work="embedded load with clusters, read-back apart",
        ours=f"{each:.1f} µs each ({spent:.1f} s)",
        bar="≤ 40 µs, ≤ 3 GB",
        met=(each <= 40 or relationships < _MANY) and run.memory <= 3 * GB,
        cpu=run.cpu,
        memory=run.memory,
        size=size,
    )
    yield Row(work="reading it back and comparing it", ours=f"{seconds['read back']:.1f} s", size=size)
    disk = sum(path.stat().st_size for path in (folder / "graph").rglob("*") if path.is_file())
    yield Row(
        work="the embedded graph opened again, first answer",
        ours=f"{seconds['open']:.2f} s",
        bar="≤ 1 s",
        met=seconds["open"] <= 1,
        size=f"{disk / 1e6:,.0f} MB on disk",
    )
    yield within("load, unchanged", given.mindgraph(folder, "load"), seconds=2, size=size)
    yield _query(given, folder)


def _query(given: Bench, folder: Path) -> Row:
    """Ask for the intentions of the product that is bought together most."""
    cobuys = Workspace(folder).scan(CoBuy)
    ends = cobuys.select(pl.concat_list("product_a", "product_b").explode().alias("product")).collect()
    busiest = ends["product"].value_counts(sort=True)["product"][0]
    arguments = ("query", "bought_for", "-p", f"product={busiest}", "--format", "json")
    given.mindgraph(folder, *arguments)
    run = given.mindgraph(folder, *arguments)
    found = json.loads(run.output)
    if not found:
        raise AssertionError(f"{busiest} is bought for nothing")
    return within("query: what a busy product is bought for", run, seconds=1.5, size=f"{len(found)} rows")
