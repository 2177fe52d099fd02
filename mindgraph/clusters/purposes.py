"""Intentions fall into purposes at three levels: evidence, communities, names, ids that live on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import sparse

from mindgraph.clusters import lineage
from mindgraph.clusters.communities import RESOLUTIONS, communities, connected, levels, sized
from mindgraph.clusters.evidence import Evidence, Texts, evidence
from mindgraph.clusters.labels import Members, described
from mindgraph.records import Cluster, Community, Lineage, Membership
from mindgraph.relations import USAGE_RELATIONS
from mindgraph.tables import content_ids, schema_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: Seeds that are compared for the stability of a cluster.
SEEDS = 3


@dataclass(frozen=True)
class Clustered:
    """Hold the tables of one clustering."""

    clusters: pl.DataFrame
    memberships: pl.DataFrame
    communities: pl.DataFrame
    lineage: pl.DataFrame


def clusters_of(
    triples: pl.DataFrame,
    intentions: pl.DataFrame,
    vectors: Matrix,
    near: pl.DataFrame,
    products: pl.DataFrame,
    cobuys: pl.DataFrame,
    *,
    weight: float,
    relations: Sequence[str] = (),
    resolutions: Sequence[float] = RESOLUTIONS,
    seed: int = 0,
    before: tuple[pl.DataFrame, pl.DataFrame] | None = None,
) -> Clustered:
    """Return clusters of three levels over canonical intentions.

    `triples` are projected on canonical intentions; `intentions` have a column `guard` and are sorted
    by id, in the order of `vectors`; `near` as row numbers. `resolutions` are those of 1,000
    intentions (see `communities.sized`). `weight` is the share of behaviour in the evidence. `before`
    are clusters and memberships of the previous run, whose ids are carried on.
    """
    asked, used, said, graph = intention_graph(
        triples, intentions, vectors, near, weight=weight, relations=relations
    )
    resolutions = sized(resolutions, graph)
    found = levels(graph, resolutions, seed=seed)
    rows = _rows(found, graph, used, asked)
    spans = product_communities(cobuys, seed=seed)
    if rows.is_empty():
        empty = (pl.DataFrame(schema=schema_of(record)) for record in (Cluster, Membership))
        clusters, memberships = empty
        return Clustered(clusters, memberships, spans, pl.DataFrame(schema=schema_of(Lineage)))
    tables = [
        described(Members(part, vectors[used["row"].to_numpy()], said), products, spans).with_columns(
            pl.lit(level).alias("level")
        )
        for level, part in enumerate(rows.partition_by("level", maintain_order=True))
    ]
    stability = _stability(graph, found, resolutions, seed)
    return _named(pl.concat(tables), rows, spans, stability, before)


def intention_graph(
    triples: pl.DataFrame,
    intentions: pl.DataFrame,
    vectors: Matrix,
    near: pl.DataFrame,
    *,
    weight: float,
    relations: Sequence[str] = (),
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, sparse.csr_matrix]:
    """Return the triples looked at, the intentions they use, what products say of them, and the graph."""
    asked, used, said, found = intention_evidence(
        triples, intentions, vectors, near, weight=weight, relations=relations
    )
    return asked, used, said, found.mixed


def intention_evidence(
    triples: pl.DataFrame,
    intentions: pl.DataFrame,
    vectors: Matrix,
    near: pl.DataFrame,
    *,
    weight: float,
    relations: Sequence[str] = (),
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, Evidence]:
    """Return what `intention_graph` does, with both kinds of evidence apart, too."""
    asked = triples.filter(pl.col("relation").is_in([*(relations or (*USAGE_RELATIONS, "open"))]))
    used = intentions.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64))
    used = used.join(asked, left_on="id", right_on="intention", how="semi", maintain_order="left")
    said = _said(asked, used)
    guards = used["guard"].rank("dense").cast(pl.Int64).to_numpy()
    texts = Texts(vectors[used["row"].to_numpy()], guards)
    return asked, used, said, evidence(_among(near, used), said, texts, weight=weight)


def product_communities(cobuys: pl.DataFrame, *, seed: int = 0) -> pl.DataFrame:
    """Return the community of each product in the co-buy graph, weighted by log(1 + weight)."""
    if cobuys.is_empty():
        return pl.DataFrame(schema=schema_of(Community))
    ids = pl.concat([cobuys["product_a"], cobuys["product_b"]]).unique().sort()
    a, b = (ids.search_sorted(cobuys[side]).to_numpy() for side in ("product_a", "product_b"))
    data = np.log1p(cobuys["weight"].to_numpy())
    graph = sparse.csr_matrix((data, (a, b)), shape=(len(ids), len(ids)))
    labels = connected(graph + graph.T, communities(sparse.csr_matrix(graph + graph.T), 1.0, seed=seed))
    first = ids.gather(np.unique(labels, return_index=True)[1])
    names = content_ids(pl.DataFrame({"first": first}), "community", ["first"])
    return pl.DataFrame({"product": ids, "community": names.gather(labels)})


def _said(triples: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """Return product, cobuy, intention (position among the used), relation: both ends of each triple."""
    numbers = used.select(pl.col("id").alias("intention")).with_row_index("number")
    rows = triples.join(numbers.with_columns(pl.col("number").cast(pl.Int64)), on="intention")
    ends = [
        rows.select(pl.col(side).alias("product"), "cobuy", pl.col("number").alias("intention"), "relation")
        for side in ("product_a", "product_b")
    ]
    return pl.concat(ends)


def _among(near: pl.DataFrame, used: pl.DataFrame) -> pl.DataFrame:
    """Return the neighbour pairs among the used intentions, by position among them."""
    numbers = used.select("row").with_row_index("number").with_columns(pl.col("number").cast(pl.Int64))
    return (
        near.join(numbers.rename({"row": "source", "number": "from"}), on="source")
        .join(numbers.rename({"row": "target", "number": "to"}), on="target")
        .select(pl.col("from").alias("source"), pl.col("to").alias("target"), "cosine")
    )


def _rows(found: Any, graph: Any, used: pl.DataFrame, triples: pl.DataFrame) -> pl.DataFrame:
    """Return level, cluster (number), row, intention, text, uses, weight of who stands in a cluster.

    An intention that nothing holds to another is a purpose of its own where several co-buys share
    it, and stands in none where only one does.
    """
    inside = _inside(graph, found[0])
    uses = triples.group_by(pl.col("intention").alias("id")).agg(
        pl.len().cast(pl.Int64).alias("uses"), pl.col("cobuy").n_unique().alias("cobuys")
    )
    base = used.select(pl.col("id"), "text").join(uses, on="id", how="left", maintain_order="left")
    base = base.with_row_index("row").with_columns(pl.col("row").cast(pl.Int64), pl.Series("weight", inside))
    broad = (np.bincount(found[-1])[found[-1]] > 1) | (base["cobuys"].to_numpy() > 1)
    tables = [
        base.with_columns(pl.lit(level).alias("level"), pl.Series("cluster", labels)).filter(broad)
        for level, labels in enumerate(found)
    ]
    columns = ["level", "cluster", "row", pl.col("id").alias("intention"), "text", "uses", "weight"]
    return pl.concat(tables).select(columns).sort("level", "cluster", "row")


def _inside(graph: Any, labels: Any) -> Any:
    """Return the share of each node's evidence that lies inside its community; 1 where it is alone."""
    pairs = graph.tocoo()
    same = labels[pairs.row] == labels[pairs.col]
    total = np.asarray(graph.sum(axis=1)).ravel()
    within = np.bincount(pairs.row[same], weights=pairs.data[same], minlength=len(labels))
    several = np.bincount(labels)[labels] > 1 if len(labels) else np.empty(0, bool)
    return np.round(np.divide(within, total, out=np.ones(len(labels)), where=several & (total > 0)), 4)


def _stability(graph: Any, found: Any, resolutions: Sequence[float], seed: int) -> list[Any]:
    """Return for each level and community the mean Jaccard with its best match over other seeds."""
    others = [levels(graph, resolutions, seed=seed + n, iterations=1) for n in range(1, SEEDS)]
    return [
        np.round(np.mean([_best_jaccard(labels, other[level]) for other in others], axis=0), 4)
        for level, labels in enumerate(found)
    ]


def _best_jaccard(labels: Any, other: Any) -> Any:
    both = sparse.csr_matrix((np.ones(len(labels)), (labels, other)))
    sizes, others = np.bincount(labels), np.bincount(other)
    pairs = both.tocoo()
    jaccard = pairs.data / (sizes[pairs.row] + others[pairs.col] - pairs.data)
    best = np.zeros(len(sizes))
    np.maximum.at(best, pairs.row, jaccard)
    return best


def _named(
    told: pl.DataFrame,
    rows: pl.DataFrame,
    spans: pl.DataFrame,
    stability: list[Any],
    before: tuple[pl.DataFrame, pl.DataFrame] | None,
) -> Clustered:
    """Return the tables with ids, carried over from before where most members stayed."""
    fresh = lineage.fresh_ids(rows)
    held = rows.join(fresh, on=["level", "cluster"])
    old = (
        _members_before(*before)
        if before
        else rows.clear().select("level", pl.lit("").alias("id"), "intention")
    )
    kept, history = lineage.carried(held.select("level", "id", "intention"), old)
    ids = fresh.join(kept, on="id").select("level", "cluster", pl.col("kept").alias("id"))
    parents = _parents(rows, ids)
    steady = [
        pl.DataFrame({"level": level, "cluster": np.arange(len(part)), "stability": part})
        for level, part in enumerate(stability)
    ]
    clusters = (
        told.join(ids, on=["level", "cluster"])
        .join(parents, on=["level", "cluster"], how="left")
        .join(pl.concat(steady), on=["level", "cluster"], how="left")
        .with_columns(
            pl.col("keywords", "examples", "communities").fill_null([]), pl.col("relations").fill_null("{}")
        )
    )
    finest = held.filter(pl.col("level") == 0).join(ids, on=["level", "cluster"], suffix="_kept")
    memberships = finest.select("intention", pl.col("id_kept").alias("cluster"), "weight")
    return Clustered(
        clusters.select(pl.col(name).cast(dtype) for name, dtype in schema_of(Cluster).items()),
        memberships,
        spans,
        history,
    )


def _parents(rows: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    """Return level, cluster, parent: the id of the cluster of the next level that holds it."""
    up = rows.select((pl.col("level") - 1).alias("level"), "row", pl.col("cluster").alias("above"))
    over = ids.select(
        (pl.col("level") - 1).alias("level"), pl.col("cluster").alias("above"), pl.col("id").alias("parent")
    )
    return (
        rows.join(up, on=["level", "row"])
        .select("level", "cluster", "above")
        .unique()
        .join(over, on=["level", "above"])
        .select("level", "cluster", "parent")
    )


def _members_before(clusters: pl.DataFrame, memberships: pl.DataFrame) -> pl.DataFrame:
    """Return level, id, intention of the previous run, for every level."""
    known = clusters.select("id", "parent", "level")
    part = memberships.join(known, left_on="cluster", right_on="id").select(
        "level", pl.col("cluster").alias("id"), "intention", "parent"
    )
    found = [part]
    while part["parent"].drop_nulls().len():
        part = part.join(known, left_on="parent", right_on="id", suffix="_up").select(
            pl.col("level_up").alias("level"),
            pl.col("parent").alias("id"),
            "intention",
            pl.col("parent_up").alias("parent"),
        )
        found.append(part)
    return pl.concat(found).select(pl.col("level").cast(pl.Int32), "id", "intention")
