"""Purposes: neighbours, consolidation, communities, the whole stage, and PageRank beside networkx."""

from __future__ import annotations

import time
from collections.abc import Iterator

import networkx
import numpy as np
import polars as pl

from benchmarks.harness import GB, Bench, LeftOut, Row, bench, within
from mindgraph.analytics import pagerank
from mindgraph.clusters import neighbours
from mindgraph.clusters.stability import rand_index
from mindgraph.graph import purposes_of
from mindgraph.records import Cluster, CoBuy, Intention, Membership, Merge
from mindgraph.vectors import open_vectors
from mindgraph.workspace import Workspace


@bench("purposes")
def purposes(given: Bench) -> Iterator[Row]:
    """Cluster a copy without its planted answer, hold the result against what was planted, do it again."""
    planted = given.workspace.path / "planted"
    if not planted.is_dir():
        raise LeftOut("the workspace has nothing planted in it")
    folder = given.copy("products", "cobuys", "intentions", "triples")
    size = f"{given.workspace.count(Intention):,} intentions"
    yield within("cluster, whole", given.mindgraph(folder, "cluster"), seconds=1200, memory=4 * GB, size=size)
    yield within("cluster, unchanged", given.mindgraph(folder, "cluster"), seconds=2, size=size)
    truth = pl.read_parquet(planted / "intentions.parquet").filter(~pl.col("staple"))
    yield from _consolidated(Workspace(folder), truth, pl.read_parquet(planted / "purposes.parquet"))
    yield from _found(Workspace(folder), truth)


@bench("neighbours")
def near(given: Bench) -> Iterator[Row]:
    """Find the nearest of at most 50,000 texts, and compare with every pair on a sample."""
    texts = given.workspace.read(Intention)["text"].head(50_000).to_list()
    rows = open_vectors("static").embed(texts)
    begun = time.perf_counter()
    found = neighbours(rows, 10)
    ours = time.perf_counter() - begun
    sample = np.random.default_rng(0).permutation(len(rows))[:500]
    begun = time.perf_counter()
    cosine = rows[sample] @ rows.T
    cosine[np.arange(len(sample)), sample] = -2
    exact = np.argpartition(-cosine, 10, axis=1)[:, :10]
    peer = (time.perf_counter() - begun) * len(rows) / len(sample)
    lists = found.group_by("source").agg("target").sort("source")
    held = dict(zip(lists["source"].to_list(), lists["target"].to_list(), strict=True))
    hits = [
        len(set(held.get(at, [])) & set(best))
        for at, best in zip(sample.tolist(), exact.tolist(), strict=True)
    ]
    recall = float(np.mean(hits)) / 10
    bar, met = "recall@10 ≥ 0.95, ≥ 5×", recall >= 0.95 and peer / ours >= 5
    yield Row(
        f"neighbours, recall@10 {recall:.3f}",
        f"{ours:.2f} s",
        f"{peer:.2f} s",
        peer / ours,
        bar,
        met,
        size=f"{len(rows):,} texts",
    )


@bench("pagerank")
def ranks(given: Bench) -> Iterator[Row]:
    """Rank a tenth of the products, and compare with networkx."""
    cobuys = given.workspace.read(CoBuy)
    edges = cobuys.head(max(len(cobuys) // 10, 100)).select(
        source="product_a", target="product_b", weight="weight"
    )
    graph = networkx.Graph()
    graph.add_weighted_edges_from(edges.iter_rows())
    begun = time.perf_counter()
    found = dict(pagerank(edges).iter_rows())
    ours = time.perf_counter() - begun
    begun = time.perf_counter()
    theirs = networkx.pagerank(graph, tol=1e-12, max_iter=1_000)
    peer = time.perf_counter() - begun
    gap = max(abs(found[node] - value) for node, value in theirs.items())
    met = peer / ours >= 5 and gap < 1e-8
    yield Row(
        "PageRank", f"{ours:.3f} s", f"networkx {peer:.3f} s", peer / ours, "≥ 5×, equal to 1e-8", met,
        size=f"{len(edges):,} edges",
    )  # fmt: skip


def _consolidated(workspace: Workspace, truth: pl.DataFrame, planted: pl.DataFrame) -> Iterator[Row]:
    merges = workspace.read(Merge).select("intention", "canonical")
    held = truth.join(merges, left_on="id", right_on="intention", how="left")
    held = held.with_columns(pl.coalesce("canonical", "id").alias("group"))
    meant = ["purpose", "deed", "circumstance", "adverb"]
    precision = _pairs(held, ["purpose", "group"]) / max(_pairs(held, ["group"]), 1)
    recall = _pairs(held, [*meant, "group"]) / max(_pairs(held, meant), 1)
    groups = held.select("cluster", "group").unique()
    traps = planted.drop_nulls("trap_of").select("id", "trap_of")
    fallen = traps.join(groups, left_on="id", right_on="cluster").join(
        groups.rename({"cluster": "trap_of"}), on=["trap_of", "group"]
    )
    yield Row("paraphrases merged: precision", f"{precision:.4f}", bar="≥ 0.98", met=precision >= 0.98)
    yield Row("paraphrases merged: recall", f"{recall:.4f}", bar="≥ 0.9", met=recall >= 0.9)
    yield Row("traps merged", f"{len(fallen)} of {len(traps)}", bar="0", met=fallen.is_empty())


def _found(workspace: Workspace, truth: pl.DataFrame) -> Iterator[Row]:
    """Hold the clusters of each level against the planted middle purposes; the best level is judged."""
    clusters = workspace.read(Cluster)
    held = purposes_of(workspace.read(Membership), clusters).join(
        clusters.select(cluster="id", level="level"), on="cluster"
    )
    worth = []
    for level in range(3):
        rows = held.filter(pl.col("level") == level).join(
            truth.select("id", "purpose"), left_on="intention", right_on="id"
        )
        numbers = rows["cluster"].cast(pl.Categorical).to_physical().to_numpy()
        worth.append(rand_index(rows["purpose"].to_numpy() // 10, numbers) if len(rows) else 0.0)
    told = ", ".join(f"{value:.3f}" for value in worth)
    yield Row(
        f"planted purposes, ARI of levels {told}", f"{max(worth):.3f}", bar="≥ 0.9", met=max(worth) >= 0.9
    )


def _pairs(rows: pl.DataFrame, columns: list[str]) -> float:
    counts = rows.group_by(columns).len()["len"].cast(pl.Float64)
    return float((counts * (counts - 1) / 2).to_numpy().sum())
