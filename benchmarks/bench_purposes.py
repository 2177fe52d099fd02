"""Purposes: vectors, neighbours, consolidation, communities, the whole stage, PageRank; beside peers."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Iterator
from typing import Any

import networkx
import numpy as np
import polars as pl
from scipy import sparse

from benchmarks.harness import GB, Bench, LeftOut, Row, bench, within
from mindgraph import clusters as found_by
from mindgraph.analytics import pagerank
from mindgraph.clusters import neighbours
from mindgraph.clusters.evidence import mixture
from mindgraph.clusters.purposes import intention_evidence
from mindgraph.clusters.stability import rand_index
from mindgraph.errors import MissingExtra
from mindgraph.graph import project, purposes_of
from mindgraph.records import Cluster, CoBuy, Intention, Membership, Merge, Neighbour, Triple
from mindgraph.settings import Settings
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
    yield from _communities(Workspace(folder), truth)
    yield from _found(Workspace(folder), truth, "as it comes")
    yield Row(
        "choose share and resolutions, and cluster", _seconds(given.mindgraph(folder, "cluster", "--tune"))
    )
    yield from _found(Workspace(folder), truth, "chosen by stability")


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


def _communities(workspace: Workspace, truth: pl.DataFrame) -> Iterator[Row]:
    """Cut the graph of intentions at given resolutions, beside igraph's Leiden and networkx' Louvain."""
    settings = Settings()
    canonical, rows = found_by.canonical(workspace, open_vectors("static"))
    near = found_by.as_rows(workspace.read(Neighbour), canonical["id"])
    triples = project(workspace.read(Triple), workspace.read(Merge))
    _, used, _, found = intention_evidence(triples, canonical, rows, near, weight=settings.behaviour)
    graph, size = found.mixed, f"{found.mixed.shape[0]:,} intentions, {found.mixed.nnz // 2:,} edges"
    at = found_by.sized(settings.resolutions, graph)
    begun = time.perf_counter()
    ours = found_by.levels(graph, at)
    took = time.perf_counter() - begun
    again = found_by.levels(graph, at)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    same = ours.tobytes() == again.tobytes() and memory <= 2.5 * GB
    yield Row(
        "communities, three levels", f"{took:.1f} s", bar="the same bytes twice, ≤ 2.5 GB", met=same,
        memory=memory, size=size,
    )  # fmt: skip
    for level, resolution in enumerate(at):
        yield _beside_igraph(graph, ours[level], level, resolution)
    yield _beside_networkx(graph)
    for share, name in ((0.0, "text alone"), (1.0, "co-buys alone")):
        alone = mixture(found.text, found.behaviour, share)
        worth = _worth(
            used, truth, workspace, found_by.levels(alone, found_by.sized(settings.resolutions, alone))
        )
        yield Row(f"planted purposes, {name}: ARI of levels {worth.told}", f"{max(worth.all):.3f}")


def _beside_igraph(graph: sparse.csr_matrix, labels: Any, level: int, resolution: float) -> Row:
    try:
        import igraph
    except ImportError:
        return Row(f"communities, level {level}: left out, igraph is not installed", "")
    pairs = sparse.triu(graph, k=1).tocoo()
    other = igraph.Graph(n=graph.shape[0], edges=np.stack([pairs.row, pairs.col], axis=1))
    random.seed(0)
    begun = time.perf_counter()
    theirs = other.community_leiden(
        objective_function="modularity", weights=pairs.data, resolution=resolution, n_iterations=-1
    )
    took = time.perf_counter() - begun
    one, two = (
        found_by.modularity(graph, found, resolution) for found in (labels, np.array(theirs.membership))
    )
    return Row(
        f"communities, level {level}: modularity", f"{one:.4f}", f"igraph {two:.4f} ({took:.1f} s)",
        bar="≥ igraph − 0.002", met=one >= two - 0.002,
    )  # fmt: skip


def _beside_networkx(graph: sparse.csr_matrix) -> Row:
    """Compare on a fiftieth of the intentions, those nearest in number so that edges are left."""
    part = sparse.csr_matrix(graph[: graph.shape[0] // 50, : graph.shape[0] // 50])
    if part.nnz == 0:
        return Row("communities on 2 %: left out, too few intentions", "")
    begun = time.perf_counter()
    found_by.communities(part, 1.0)
    ours = time.perf_counter() - begun
    begun = time.perf_counter()
    networkx.community.louvain_communities(networkx.from_scipy_sparse_array(part), seed=0)
    peer = time.perf_counter() - begun
    ratio = peer / ours
    return Row(
        "communities on 2 %", f"{ours:.3f} s", f"networkx {peer:.3f} s", ratio, "≥ 20×", ratio >= 20,
        size=f"{part.nnz // 2:,} edges",
    )  # fmt: skip


class _Worth:
    """Hold the ARI of each level against the planted purposes."""

    def __init__(self, worth: list[float]) -> None:
        self.all = worth
        self.told = ", ".join(f"{value:.3f}" for value in worth)


def _worth(used: pl.DataFrame, truth: pl.DataFrame, workspace: Workspace, labels: Any) -> _Worth:
    """Return the ARI over all wordings, each in the cluster of its canonical."""
    numbers = used.select(canonical="id").with_row_index("at")
    merges = workspace.read(Merge).select(id="intention", canonical="canonical")
    wordings = pl.concat([merges, used.select("id", canonical="id")])
    held = wordings.join(numbers, on="canonical").join(truth.select("id", "purpose"), on="id")
    purpose, at = held["purpose"].to_numpy(), held["at"].to_numpy()
    return _Worth([rand_index(purpose, level[at]) if len(held) else 0.0 for level in labels])


def _found(workspace: Workspace, truth: pl.DataFrame, how: str) -> Iterator[Row]:
    """Hold the clusters of each level against the planted fine purposes; the best level is judged."""
    found = workspace.read(Cluster)
    levels = purposes_of(workspace.read(Membership), found).join(
        found.select(cluster="id", level="level"), on="cluster"
    )
    used = levels.select(id="intention").unique().sort("id")
    labels = []
    for level in range(3):
        part = used.join(
            levels.filter(pl.col("level") == level), left_on="id", right_on="intention", how="left"
        )
        labels.append(part.sort("id")["cluster"].fill_null("").rank("dense").cast(pl.Int64).to_numpy() - 1)
    worth = _worth(used, truth, workspace, labels)
    best = max(worth.all)
    yield Row(
        f"planted purposes, {how}: ARI of levels {worth.told}", f"{best:.3f}", bar="≥ 0.9", met=best >= 0.9
    )


def _seconds(run: Any) -> str:
    return f"{run.seconds:.0f} s"


@bench("vectors")
def vectors(given: Bench) -> Iterator[Row]:
    """Turn texts into static vectors and into MiniLM's, each after a first text that loads the model."""
    texts = given.workspace.read(Intention)["text"].head(2_000).to_list()
    many = (texts * 10)[:20_000]
    try:
        rate = {name: _rate(name, sample) for name, sample in (("static", many), ("minilm", texts))}
    except MissingExtra as error:
        raise LeftOut("MiniLM is not installed") from error
    ratio = rate["static"] / rate["minilm"]
    yield Row(
        "static vectors", f"{rate['static']:,.0f} texts/s", f"MiniLM {rate['minilm']:,.0f} texts/s", ratio,
        "≥ 25×", ratio >= 25,
    )  # fmt: skip


def _rate(name: str, texts: list[str]) -> float:
    embed = open_vectors(name).embed
    embed(texts[:1])
    begun = time.perf_counter()
    embed(texts)
    return len(texts) / (time.perf_counter() - begun)


def _pairs(rows: pl.DataFrame, columns: list[str]) -> float:
    counts = rows.group_by(columns).len()["len"].cast(pl.Float64)
    return float((counts * (counts - 1) / 2).to_numpy().sum())
