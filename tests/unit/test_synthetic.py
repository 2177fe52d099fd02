"""The synthetic workspace keeps its promises, at a thousandth of its size."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from benchmarks.synthetic import Sizes, make_workspace
from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Evidence,
    Intention,
    Membership,
    Merge,
    Product,
    Triple,
)
from mindgraph.texts import normalise
from mindgraph.workspace import Workspace

SCALE = 0.001


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("synthetic"), SCALE, seed=1)


def truth(workspace: Workspace, name: str) -> pl.DataFrame:
    return pl.read_parquet(workspace.path / "planted" / f"{name}.parquet")


def test_the_full_size_is_the_papers() -> None:
    """Scale 1 is the size that the paper reports, with 20,000 clusters."""
    sizes = Sizes.at(1)
    assert (sizes.products, sizes.cobuys, sizes.kept) == (107_215, 126_142, 1_264_441)
    assert sizes.broad * (1 + 9 + 90) == 20_000


def test_sizes_are_exact(workspace: Workspace) -> None:
    """Products, co-buys, candidates and triples are as many as promised."""
    sizes = Sizes.at(SCALE)
    counted = [workspace.count(record) for record in (Product, CoBuy, Candidate, Triple, Evidence)]
    assert counted == [sizes.products, sizes.cobuys, sizes.candidates, sizes.kept, sizes.kept]


def test_the_same_seed_gives_the_same_bytes(workspace: Workspace, tmp_path: Path) -> None:
    """Two workspaces of one seed are equal to the byte; another seed gives another."""
    again, other = (
        make_workspace(tmp_path / "1", SCALE, seed=1),
        make_workspace(tmp_path / "2", SCALE, seed=2),
    )
    for record in (Product, Candidate, Triple, Merge, Cluster, Membership):
        assert again.digest_of(record) == workspace.digest_of(record)
        assert other.digest_of(record) != workspace.digest_of(record)


def test_hubs_and_unicode_are_there(workspace: Workspace) -> None:
    """All 18 relations occur, intentions are shared, and texts are not all ASCII."""
    triples = workspace.read(Triple)
    assert triples["relation"].n_unique() == 18
    assert triples.group_by("intention").len()["len"].max() >= 8
    assert workspace.count(Intention) < workspace.count(Triple)
    assert workspace.read(Product)["title"].str.contains(r"[^\x00-\x7f]").any()


def test_every_canonical_intention_has_one_cluster(workspace: Workspace) -> None:
    """Merged wordings have no membership, all others exactly one, of the finest level."""
    merged = set(workspace.read(Merge)["intention"])
    intentions, memberships = workspace.read(Intention), workspace.read(Membership)
    assert sorted(memberships["intention"]) == sorted(set(intentions["id"]) - merged)
    fine = workspace.read(Cluster).filter(pl.col("level") == 0)["id"]
    assert set(memberships["cluster"]) <= set(fine)
    assert not merged & set(workspace.read(Merge)["canonical"])


def test_the_truth_is_beside_it(workspace: Workspace) -> None:
    """Every intention has a planted purpose; merges never cross purposes; traps of all kinds exist."""
    planted, purposes = truth(workspace, "intentions"), truth(workspace, "purposes")
    assert sorted(planted["id"]) == sorted(workspace.read(Intention)["id"])
    assert set(planted["cluster"]) <= set(purposes["id"])
    meant = dict(planted.select("id", "cluster").iter_rows())
    assert all(
        meant[a] == meant[b] for a, b in workspace.read(Merge).select("intention", "canonical").iter_rows()
    )
    assert set(purposes["trap"].drop_nulls()) == {"negation", "number", "size"}


def test_wordings_of_one_purpose_differ_and_purposes_never_share_one(workspace: Workspace) -> None:
    """A purpose has several wordings, and no wording belongs to two purposes."""
    planted = truth(workspace, "intentions").filter(~pl.col("staple"))
    assert planted.group_by("cluster").len()["len"].median() >= 2
    normal = planted.with_columns(normal=pl.Series([normalise(text) for text in planted["text"]]))
    assert normal.group_by("normal").agg(pl.col("cluster").n_unique())["cluster"].max() == 1
