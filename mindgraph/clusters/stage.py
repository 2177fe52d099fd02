"""The stage `cluster` over a workspace, and what belongs to it: plan, unmerge, tune."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import polars as pl

from mindgraph.clusters.consolidate import consolidate
from mindgraph.clusters.evidence import mixture
from mindgraph.clusters.nearness import as_rows, neighbours_of, wordings_of
from mindgraph.clusters.purposes import clusters_of, intention_evidence
from mindgraph.clusters.stability import scan
from mindgraph.errors import NotFound, SettingsError
from mindgraph.graph import project
from mindgraph.records import (
    Apart,
    Cluster,
    CoBuy,
    Community,
    Intention,
    Label,
    Lineage,
    Membership,
    Merge,
    Neighbour,
    Product,
    Record,
    Triple,
)
from mindgraph.relations import BY_NAME
from mindgraph.settings import Settings
from mindgraph.tables import frame_of
from mindgraph.vectors import TextVectors, cached
from mindgraph.workspace import Stage, Workspace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]


class Names(Protocol):
    """Hold names for clusters."""

    @property
    def labels(self) -> pl.DataFrame:
        """Rows of the table."""

    @property
    def counts(self) -> dict[str, Any]:
        """What was counted."""

    @property
    def stopped(self) -> Exception | None:
        """Why naming stopped before its end, where it did."""


class Namer(Protocol):
    """Name clusters, given them with phrases as labels, and their memberships."""

    name: str

    def __call__(self, clusters: pl.DataFrame, memberships: pl.DataFrame) -> Names:
        """Return the names."""


def cluster(
    workspace: Workspace, settings: Settings, vectors: TextVectors, namer: Namer | None = None
) -> Stage:
    """Consolidate the intentions of a workspace and cluster them; write the tables of both halves.

    Neighbour lists are kept as long as the intentions and the vectors are the same. With a `namer` the
    clusters are called what it says; where it stopped, that error is raised once everything is written,
    and the next run goes on. Where only the names are to change, nothing is clustered.
    """
    shaping = ("radius", "behaviour", "cluster_relations", "resolutions", "seed")
    check_settings(settings)
    with workspace.require().stage(
        "cluster",
        reads=(Product, CoBuy, Intention, Triple, Apart),
        writes=(Neighbour, Merge, Cluster, Label, Membership, Community, Lineage),
        settings={
            "vectors": vectors.name,
            **{name: getattr(settings, name) for name in shaping},
            "labels": namer.name if namer else "",
        },
    ) as stage:
        known = stage.same_but("labels")
        unnamed = stage.previous.counts.get("unanswered") if stage.previous and namer else 0
        stage.unchanged = stage.unchanged and not unnamed
        if not stage.unchanged:
            tables = _as_they_were(workspace) if known else _cluster(workspace, settings, vectors)
            stopped = _write(stage, tables, namer)
    if not stage.unchanged and stopped:
        raise stopped
    return stage


def _as_they_were(workspace: Workspace) -> dict[type[Record], pl.DataFrame]:
    """Return the tables of the last run, each cluster with its phrase for a label."""
    kept: tuple[type[Record], ...] = (Neighbour, Merge, Cluster, Membership, Community, Lineage)
    tables: dict[type[Record], pl.DataFrame] = {record: workspace.read(record) for record in kept}
    phrases = workspace.read(Label).select(pl.col("cluster").alias("id"), "phrase")
    clusters = tables[Cluster].join(phrases, on="id", how="left", maintain_order="left")
    tables[Cluster] = clusters.with_columns(pl.coalesce("phrase", "label").alias("label")).drop("phrase")
    return tables


def _write(stage: Stage, tables: dict[type[Record], pl.DataFrame], namer: Namer | None) -> Exception | None:
    """Write the tables with the names of the clusters; return why naming stopped, where it did."""
    labels, stopped = frame_of(Label), None
    if namer and len(tables[Cluster]):
        named = namer(tables[Cluster], tables[Membership])
        labels, stopped = named.labels, named.stopped
        stage.counts.update(named.counts)
        given = labels.select(pl.col("cluster").alias("id"), pl.col("label").alias("named"))
        clusters = tables[Cluster].join(given, on="id", how="left", maintain_order="left")
        tables[Cluster] = clusters.with_columns(pl.coalesce("named", "label").alias("label")).drop("named")
    tables[Label] = labels
    for record, table in tables.items():
        stage.write(record, table)
    return stopped


def check_settings(settings: Settings) -> None:
    """Raise SettingsError for a choice that cannot be."""
    for name in ("radius", "behaviour"):
        if not 0 <= getattr(settings, name) <= 1:
            raise SettingsError(f"The setting {name} is {getattr(settings, name):g}: give 0 to 1.")
    fine_to_broad = settings.resolutions
    if len(fine_to_broad) != 3 or sorted(fine_to_broad, reverse=True) != list(fine_to_broad):
        raise SettingsError(
            f"The setting resolutions is {list(fine_to_broad)}.",
            hint="Give three numbers, from fine (large) to broad (small), such as 8, 2, 0.6.",
        )
    if fine_to_broad[-1] <= 0:
        raise SettingsError("The setting resolutions holds a number that is not above 0.")
    for name in settings.cluster_relations:
        if name not in BY_NAME:
            near = difflib.get_close_matches(name, BY_NAME, n=1)
            raise SettingsError(
                f"There is no relation {name!r}.",
                hint=f"Did you mean {near[0]}?" if near else f"Choose from {', '.join(BY_NAME)}.",
            )


def _cluster(
    workspace: Workspace, settings: Settings, vectors: TextVectors
) -> dict[type[Record], pl.DataFrame]:
    """Return the tables of both halves."""
    products, cobuys = workspace.read(Product), workspace.read(CoBuy)
    given = _wordings(workspace, vectors)
    kept = _kept_neighbours(workspace, vectors.name, settings.seed)
    if kept is None:
        kept = neighbours_of(given.wordings, given.vectors, seed=settings.seed)
    merges = given.merges(kept, settings.radius)
    before = (workspace.read(Cluster), workspace.read(Membership))
    canonical, rows = given.canonical(merges)
    found = clusters_of(
        project(given.triples, merges),
        canonical,
        rows,
        as_rows(kept, canonical["id"]),
        products,
        cobuys,
        weight=settings.behaviour,
        relations=settings.cluster_relations,
        resolutions=settings.resolutions,
        seed=settings.seed,
        before=before,
    )
    return {
        Neighbour: kept,
        Merge: merges,
        Cluster: found.clusters,
        Membership: found.memberships,
        Community: found.communities,
        Lineage: found.lineage,
    }


@dataclass(frozen=True)
class _Given:
    """Hold what consolidation starts from; all in the order of the intentions' ids."""

    intentions: pl.DataFrame
    triples: pl.DataFrame
    wordings: pl.DataFrame
    vectors: Matrix

    def merges(self, near: pl.DataFrame, radius: float) -> pl.DataFrame:
        """Return the merges within a radius."""
        return consolidate(self.wordings, self.vectors, as_rows(near, self.intentions["id"]), radius=radius)

    def canonical(self, merges: pl.DataFrame) -> tuple[pl.DataFrame, Matrix]:
        """Return the intentions that stand for themselves, with their guards, and their vectors."""
        stands = ~self.intentions["id"].is_in(merges["intention"].implode())
        columns = self.wordings.select(*self.intentions.columns, "guard")
        return columns.filter(stands), self.vectors[stands.to_numpy()]


def canonical(workspace: Workspace, vectors: TextVectors) -> tuple[pl.DataFrame, Matrix]:
    """Return the canonical intentions of a clustered workspace, with their guards, and their vectors."""
    return _wordings(workspace, vectors).canonical(workspace.read(Merge))


def _wordings(workspace: Workspace, vectors: TextVectors, *, keep: bool = True) -> _Given:
    intentions, triples = workspace.read(Intention).sort("id"), workspace.read(Triple)
    texts = intentions["text"].to_list()
    wordings = wordings_of(
        intentions,
        triples,
        brands=workspace.read(Product)["brand"].drop_nulls().unique().to_list(),
        apart=workspace.read(Apart)["intention"].to_list(),
    )
    rows = cached(vectors, texts, workspace.path / "vectors", keep=keep)
    return _Given(intentions, triples, wordings, rows)


def plan(workspace: Workspace, settings: Settings, vectors: TextVectors) -> pl.DataFrame:
    """Return the groups that would be merged: the largest first, of equals the least certain first.

    Columns: canonical (id), text, wordings (how many), score (the least cosine in the group), others
    (their texts, the least certain first). Writes nothing but vectors that were paid for.
    """
    check_settings(settings)
    given = _wordings(workspace.require(), vectors, keep=not vectors.free)
    near = neighbours_of(given.wordings, given.vectors, seed=settings.seed)
    texts = given.intentions.select("id", "text")
    merges = given.merges(near, settings.radius)
    return (
        merges.join(texts.rename({"id": "intention", "text": "other"}), on="intention")
        .sort("canonical", "score", "other")
        .group_by("canonical", maintain_order=True)
        .agg((pl.len() + 1).alias("wordings"), pl.col("score").min(), pl.col("other").alias("others"))
        .join(texts.rename({"id": "canonical"}), on="canonical")
        .select("canonical", "text", "wordings", "score", "others")
        .sort("wordings", "score", "canonical", descending=[True, False, False])
    )


def unmerge(workspace: Workspace, wanted: str) -> list[str]:
    """Set an intention apart, so that it merges with no other now and on later runs.

    `wanted` is its id, or the beginning of one. Returns the ids of the merges that are undone: its
    own, and those of the wordings it stood for. Raises NotFound where there is no such intention.
    """
    with workspace.require().stage(
        "unmerge", reads=(Intention,), writes=(Apart, Merge), settings={"intention": wanted}
    ) as stage:
        id_ = _one_intention(workspace, wanted)
        merges, apart = workspace.read(Merge), workspace.read(Apart)
        touched = merges.filter((pl.col("intention") == id_) | (pl.col("canonical") == id_))
        stage.write(Apart, pl.concat([apart, frame_of(Apart, [Apart(intention=id_)])]).unique())
        stage.write(Merge, merges.join(touched, on="intention", how="anti"))
        stage.counts["undone"] = len(touched)
    return touched["intention"].to_list()


def _one_intention(workspace: Workspace, wanted: str) -> str:
    ids = workspace.scan(Intention).select("id")
    found = ids.filter(pl.col("id").str.starts_with(wanted.lower())).head(2).collect()["id"].to_list()
    if wanted and len(found) == 1:
        return str(found[0])
    if wanted and found:
        raise NotFound(f"{wanted} is the beginning of several intentions.", hint="Give more of the id.")
    raise NotFound(
        f"There is no intention {wanted!r}.",
        hint="`mindgraph cluster --plan` shows the ids of what is merged.",
    )


def tune(workspace: Workspace, settings: Settings, vectors: TextVectors) -> pl.DataFrame:
    """Choose share of behaviour and resolutions by stability, store them, and return what was tried.

    See `stability.scan` for the columns; `level` says which resolution was chosen for which level.
    """
    check_settings(settings)
    given = _wordings(workspace.require(), vectors)
    near = _kept_neighbours(workspace, vectors.name, settings.seed)
    if near is None:
        near = neighbours_of(given.wordings, given.vectors, seed=settings.seed)
    merges = given.merges(near, settings.radius)
    canonical, rows = given.canonical(merges)
    *_, found = intention_evidence(
        project(given.triples, merges),
        canonical,
        rows,
        as_rows(near, canonical["id"]),
        weight=settings.behaviour,
        relations=settings.cluster_relations,
    )
    tried = scan(lambda share: mixture(found.text, found.behaviour, share), seed=settings.seed)
    chosen = tried.drop_nulls("level").sort("level")
    if len(chosen) == len(settings.resolutions):
        resolutions = chosen["resolution"].to_list()
        with workspace.locked():
            Workspace.create(workspace.path, resolutions=resolutions, behaviour=chosen["behaviour"][0])
    return tried


def _kept_neighbours(workspace: Workspace, vectors: str, seed: int) -> pl.DataFrame | None:
    """Return the neighbour lists of the last run where its intentions and vectors are the same."""
    last = workspace.last("cluster")
    same = last is not None and (
        all(last.reads.get(r.table) == workspace.digest_of(r) for r in (Product, Intention, Triple, Apart))
        and (last.settings.get("vectors"), last.settings.get("seed")) == (vectors, seed)
        and last.writes.get(Neighbour.table) == workspace.digest_of(Neighbour)
    )
    return workspace.read(Neighbour) if same else None
