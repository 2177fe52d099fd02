"""What `mindgraph evaluate` runs: measures joined to the rooms that find purposes and ask models.

It stands between the rooms and the pipeline, because a measure of one room must not call another.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from mindgraph import analytics, clusters, evaluate
from mindgraph.clusters.stability import rand_index
from mindgraph.errors import NotFound
from mindgraph.graph import ends_of, project, purposes_of, serves_of
from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Community,
    Intention,
    Membership,
    Merge,
    Neighbour,
    Product,
    Triple,
    Verdict,
)
from mindgraph.settings import Settings
from mindgraph.tables import frame_of
from mindgraph.vectors import TextVectors
from mindgraph.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Embed = Callable[[Sequence[str]], NDArray[np.float32]]


def remembered(vectors: TextVectors) -> Embed:
    """Return a way to embed texts that does each text once."""
    import numpy as np

    known: dict[str, Any] = {}

    def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if fresh:
            known.update(zip(fresh, vectors.embed(fresh), strict=True))
        return np.stack([known[text] for text in texts]) if len(texts) else np.zeros((0, 1), dtype=np.float32)

    return embed


def bundles(
    folder: Path, settings: Settings, vectors: TextVectors, *, repeats: int = 2
) -> list[pl.DataFrame]:
    """Return AUC within sessions and the gains of title + purposes, on a domain of BundleRec."""
    embed = remembered(vectors)

    def find(
        intentions: pl.DataFrame, triples: pl.DataFrame, cobuys: pl.DataFrame, weight: float
    ) -> evaluate.Found:
        rows = embed(intentions["text"].to_list())
        chosen = msgspec.structs.replace(settings, behaviour=weight)
        merges, found = clusters.find_purposes(intentions, triples, frame_of(Product), cobuys, rows, chosen)
        return evaluate.Found(merges, found.clusters, found.memberships, found.communities)

    given = evaluate.read_bundles(folder)
    return list(evaluate.bundle_measure(given, find, embed, repeats=repeats, seed=settings.seed))


def largest(folder: Path, settings: Settings, vectors: TextVectors, *, count: int = 20) -> pl.DataFrame:
    """Return the largest purposes of the middle level on a domain of BundleRec."""
    given, embed = evaluate.read_bundles(folder), remembered(vectors)
    intentions, triples, cobuys = evaluate.training_tables(given, [])
    rows = embed(intentions["text"].to_list())
    _, found = clusters.find_purposes(intentions, triples, frame_of(Product), cobuys, rows, settings)
    middle = found.clusters.filter(pl.col("level") == 1).sort("size", "id", descending=[True, False])
    return middle.head(count).select("label", "size", "keywords", "stability", "cohesion")


def intrinsic(workspace: Workspace, settings: Settings, vectors: TextVectors) -> list[pl.DataFrame]:
    """Return modularity, stability and z per level, and how purposes spread over categories."""
    triples = project(workspace.read(Triple), workspace.read(Merge))
    canonical, rows = clusters.canonical(workspace, vectors)
    *_, graph = clusters.intention_graph(
        triples,
        canonical,
        rows,
        clusters.as_rows(workspace.read(Neighbour), canonical["id"]),
        weight=settings.behaviour,
        relations=settings.cluster_relations,
    )
    resolutions = clusters.sized(settings.resolutions, graph)
    structure = evaluate.Structure(
        graph,
        resolutions,
        lambda g, seed: clusters.levels(g, resolutions, seed=seed),
        clusters.modularity,
        rand_index,
    )
    spread = evaluate.category_spread(
        workspace.read(Product), triples, workspace.read(Membership), workspace.read(Cluster)
    )
    return [evaluate.intrinsic(structure, seed=settings.seed), spread]


def held_out(
    workspace: Workspace, settings: Settings, vectors: TextVectors, *, most: int = 1_000
) -> pl.DataFrame:
    """Return product recovery and co-buy prediction; purposes are found without the held-out co-buys."""
    products, cobuys, triples = workspace.read(Product), workspace.read(CoBuy), workspace.read(Triple)
    held = evaluate.choose_held_out(cobuys, most=most, seed=settings.seed)
    left = ~pl.col("cobuy").is_in(held)
    intentions = workspace.read(Intention).sort("id")
    embed = remembered(vectors)
    merges, found = clusters.find_purposes(
        intentions,
        triples.filter(left),
        products,
        cobuys.filter(~pl.col("id").is_in(held)),
        embed(intentions["text"].to_list()),
        settings,
    )
    purposes = purposes_of(found.memberships, found.clusters).select("intention", "cluster")
    given = evaluate.HeldOut(products, cobuys, project(triples, merges), purposes, held)
    return evaluate.held_out(given, embed, seed=settings.seed)


def tasks(
    folder: Path,
    vectors: TextVectors,
    engines: dict[str, evaluate.Choose] | None = None,
    *,
    sample: int | None = None,
    seed: int = 0,
) -> pl.DataFrame:
    """Return IntentionQA's tasks 1 and 2, with and without intentions of other pairs.

    Only a random `sample` of the questions of each task is put, where one is named.
    """
    embed = remembered(vectors)
    read = {f"task {n}": evaluate.read_questions(folder / f"task{n}.jsonl", n) for n in (1, 2)}
    questions = {name: evaluate.sampled(rows, sample, seed) for name, rows in read.items()}
    known = evaluate.known_pairs(folder / "intentions_flat.jsonl")
    choosers = {
        "bag of words": evaluate.bag_of_words,
        "vectors": evaluate.by_vectors(embed),
        **(engines or {}),
    }
    return evaluate.tasks_measure(questions, known, embed, choosers)


def filter_(
    folder: Path,
    vectors: TextVectors,
    engines: dict[str, evaluate.Score] | None = None,
    *,
    sample: int | None = None,
    seed: int = 0,
) -> list[pl.DataFrame]:
    """Return how a score tells gold intentions from distractors, words beside it; and its calibration.

    The score is that of each engine, and nearness of vectors where none is named.
    """
    questions = evaluate.sampled(evaluate.read_questions(folder / "task1.jsonl", 1), sample, seed)
    scores = engines or {"vectors": _nearness(vectors)}
    tables = [evaluate.filter_measure(questions, score, name=name) for name, score in scores.items()]
    bins = [evaluate.calibration(questions, score, name=name) for name, score in scores.items()]
    return [pl.concat(tables).unique(maintain_order=True), pl.concat(bins)]


def _nearness(vectors: TextVectors) -> evaluate.Score:
    """Return a score: the cosine of titles and intention."""
    embed = remembered(vectors)

    def score(asked: Sequence[tuple[Any, str]]) -> list[float | None]:
        left = embed([" ".join(question.titles) for question, _ in asked])
        right = embed([option for _, option in asked])
        return [min(1.0, max(0.0, float(value))) for value in (left * right).sum(axis=1)]

    return score


def data_quality(workspace: Workspace) -> pl.DataFrame:
    """Return what is duplicated, unparsed, accepted, generic, long, distinct."""
    return evaluate.data_quality(*(workspace.read(r) for r in (Candidate, Verdict, Intention, Triple)))


def image_value(folders: dict[str, Path]) -> pl.DataFrame:
    """Return how runs of the same co-buys differ: with pictures, without, swapped."""
    runs = {}
    for name, folder in folders.items():
        run = Workspace(folder).require()
        runs[name] = (run.read(Candidate), run.read(Verdict))
    return evaluate.image_value(runs)


def analyzed(workspace: Workspace, name: str, begin: Sequence[str] = ()) -> pl.DataFrame:
    """Return the table of a question about the whole graph; see `analytics` for its columns."""
    triples, cobuys = project(workspace.read(Triple), workspace.read(Merge)), workspace.read(CoBuy)
    if name == "pagerank":
        edges = cobuys.select(source="product_a", target="product_b", weight="weight")
        known = {*edges["source"], *edges["target"]}
        for id_ in begin:
            if id_ not in known:
                raise NotFound(f"The product {id_!r} is in no co-buy.")
        return analytics.pagerank(edges, personal=dict.fromkeys(begin, 1.0) or None)
    fine = workspace.read(Cluster).filter(pl.col("level") == 0)
    memberships = workspace.read(Membership)
    held = memberships.select("intention", "cluster", "weight")
    serves = serves_of(ends_of(triples), held).sort("product", "cluster")
    if name == "bridges":
        groups = workspace.read(Community).select("product", group="community")
        labels = fine.select(cluster="id", label="label")
        return analytics.bridges(serves, groups).join(labels, on="cluster", maintain_order="left")
    if name == "similarity":
        return analytics.similar_products(serves)
    if name == "distributions":
        return analytics.distributions(triples, cobuys, serves)
    pairs = {"complements": analytics.complements, "foretold": analytics.foretold}[name]
    return pairs(serves, cobuys)
