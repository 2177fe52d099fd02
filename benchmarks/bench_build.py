"""Candidates and verdicts → triples, and a stage that has nothing to do."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from benchmarks.harness import GB, Bench, Row, bench, versus, within
from mindgraph.records import Candidate, Evidence, Intention, Triple


@bench("build")
def build(given: Bench) -> Iterator[Row]:
    """Build the triples, a plain loop over the same files beside it, and build again unchanged."""
    folder = given.copy("products", "cobuys", "candidates", "verdicts")
    ours = given.mindgraph(folder, "build")
    out = given.scratch / "loop"
    peer = given.run("-m", "benchmarks.build_loop", folder, out)
    for record in (Intention, Triple, Evidence):
        one, other = (pl.read_parquet(at / f"{record.table}.parquet") for at in (folder, out))
        if not one.equals(other):
            raise AssertionError(f"build and the plain loop disagree about {record.table}")
    size = f"{given.workspace.count(Candidate):,} candidates"
    yield versus("candidates and verdicts → triples", ours, peer, faster=5, memory=2.5 * GB, size=size)
    again = given.mindgraph(folder, "build")
    yield within("build, unchanged", again, seconds=2, size=size)
