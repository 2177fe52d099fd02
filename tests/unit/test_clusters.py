"""The whole of `cluster` over small workspaces, bad ones included."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mindgraph.clusters.evidence import Texts, behaviour_graph
from mindgraph.errors import LVLMUnavailable, NotFound, SettingsError
from mindgraph.pipeline import Pipeline
from mindgraph.records import (
    Apart,
    Cluster,
    Community,
    Intention,
    Lineage,
    Membership,
    Merge,
    Neighbour,
    Triple,
)
from mindgraph.tables import frame_of
from mindgraph.vectors import open_vectors
from mindgraph.workspace import Stage, Workspace
from tests.purposes import CHARGING, PAINTING, Said, intention, said_workspace, two_purposes
from tests.stub_server import Answer, Seen, StubServer


def clustered(workspace: Workspace, **options: object) -> Stage:
    """Cluster a workspace."""
    return Pipeline(workspace, workspace.settings(options)).cluster()


def purposes(workspace: Workspace, level: int = 2) -> set[frozenset[str]]:
    """Return the texts of the intentions of each cluster of a level, wordings included."""
    clusters = {row["id"]: row for row in workspace.read(Cluster).to_dicts()}
    texts = dict(workspace.read(Intention).select("id", "text").iter_rows())
    merged = workspace.read(Merge).rows()
    found: dict[str, set[str]] = {}
    for meant, cluster, _ in workspace.read(Membership).iter_rows():
        while clusters[cluster]["level"] < level:
            cluster = clusters[cluster]["parent"]
        wordings = [one for one, canonical, _ in merged if canonical == meant]
        found.setdefault(cluster, set()).update(texts[i] for i in (meant, *wordings))
    return {frozenset(part) for part in found.values()}


def test_two_worlds_are_two_purposes(tmp_path: Path):
    """What is said and bought together makes two purposes, whatever the wordings."""
    workspace = two_purposes(tmp_path)
    clustered(workspace)
    assert purposes(workspace) == {frozenset(CHARGING), frozenset(PAINTING)}


def test_every_cluster_says_what_it_is(tmp_path: Path):
    """Label, keywords, examples, relations, size, entropy, stability, cohesion and communities are there."""
    workspace = two_purposes(tmp_path)
    clustered(workspace)
    rows = workspace.read(Cluster)
    for name in ("label", "size", "category_entropy", "stability", "cohesion"):
        assert rows[name].null_count() == 0, name
    assert rows.filter(pl.col("keywords").list.len() == 0).is_empty()
    assert rows.filter(pl.col("examples").list.len() == 0).is_empty()
    assert rows.filter(pl.col("communities").list.len() == 0).is_empty()
    assert {json.dumps(json.loads(mix)) for mix in rows["relations"]} == {'{"usedFor": 1.0}'}
    for _, part in rows.group_by("level"):
        assert part["label"].is_unique().all()


def test_the_same_input_gives_the_same_bytes(tmp_path: Path):
    """Two workspaces of the same content hold the same files after clustering."""
    one, other = two_purposes(tmp_path / "one"), two_purposes(tmp_path / "other")
    for workspace in (one, other):
        clustered(workspace)
    for record in (Neighbour, Merge, Cluster, Membership, Community, Lineage):
        assert one.file(record).read_bytes() == other.file(record).read_bytes(), record.table


def test_an_unchanged_workspace_has_nothing_to_do(tmp_path: Path):
    """The second run says so, and counts what the first did."""
    workspace = two_purposes(tmp_path)
    first, second = clustered(workspace), clustered(workspace)
    assert (first.unchanged, second.unchanged) == (False, True)
    assert first.counts == second.counts


def test_ids_of_clusters_live_on(tmp_path: Path):
    """One more co-buy with a new wording changes no id of a purpose that stayed mostly the same."""
    workspace = two_purposes(tmp_path)
    clustered(workspace)
    before = workspace.read(Cluster).filter(pl.col("level") == 2)["id"].to_list()
    more = said_workspace(
        tmp_path / "more", [("power-0", "power-3", ["charging a phone in a rental car on holiday"])]
    )
    for record in (Intention, Triple):
        workspace.write(record, pl.concat([workspace.read(record), more.read(record)]).unique("id"))
    clustered(workspace)
    assert workspace.read(Cluster).filter(pl.col("level") == 2)["id"].to_list() == before
    assert "kept" in set(workspace.read(Lineage)["change"])


def test_usage_relations_and_open_by_default(tmp_path: Path):
    """Other relations are clustered where they are asked for only."""
    said: list[Said] = [("a", "b", ["kitchen ware"]), ("b", "c", ["kitchen wares of steel"])]
    workspace = said_workspace(tmp_path, said, relation="isA")
    assert clustered(workspace).counts["clusters"] == 0
    assert clustered(workspace, cluster_relations=["isA"]).counts["clusters"] > 0


@pytest.mark.parametrize(
    "said",
    [
        pytest.param([], id="empty graph"),
        pytest.param([("a", "b", ["charging a phone"])], id="one intention"),
        pytest.param([("a", "b", []), ("b", "c", [])], id="nothing said"),
        pytest.param([(f"p{n}", f"p{n + 1}", ["charging a phone"]) for n in range(9)], id="all the same"),
        pytest.param(
            [
                ("a", "b", ["携帯電話を充電する", "שטעקער", "शिविर लगाना"]),
                ("b", "c", ["зарядка телефона", "🎉", "…"]),
            ],
            id="several scripts",
        ),
        pytest.param([("hub", f"p{n}", [f"thing number {n}", "using it"]) for n in range(300)], id="a hub"),
        pytest.param([(f"a{n}", f"b{n}", [f"{w} {w}"]) for n, w in enumerate("uvwxyz")], id="pieces"),
    ],
)
def test_odd_graphs_are_clustered_without_a_word(tmp_path: Path, said: list[Said]):
    """Empty, lonely, equal, foreign, hub-ridden and disconnected graphs all come out whole."""
    workspace = said_workspace(tmp_path, said)
    clustered(workspace)
    memberships = workspace.read(Membership)
    assert memberships["intention"].is_unique().all()
    known = set(workspace.read(Intention)["id"]) - set(workspace.read(Merge)["intention"])
    assert set(memberships["intention"]) <= known
    assert workspace.read(Cluster)["parent"].drop_nulls().is_in(workspace.read(Cluster)["id"].implode()).all()


def test_no_cobuys_at_all(tmp_path: Path):
    """Without co-buys or triples there are intentions, and no purposes."""
    workspace = Workspace.create(tmp_path)
    workspace.write(
        Intention, frame_of(Intention, [intention("charging a phone"), intention("charge phones")])
    )
    stage = clustered(workspace)
    assert (stage.counts["merges"], stage.counts["clusters"]) == (1, 0)


def test_answers_about_one_cobuy_do_not_hold_together(tmp_path: Path):
    """Intentions said of one co-buy only are no evidence for each other, however many."""
    workspace = said_workspace(tmp_path, [("a", "b", ["zebra stripes", "quantum chess", "lemon pie"])])
    assert clustered(workspace, behaviour=1.0).counts["clusters"] == 0


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"radius": 1.5}, "radius"),
        ({"behaviour": -0.1}, "behaviour"),
        ({"resolutions": [1.0, 2.0, 3.0]}, "resolutions"),
        ({"resolutions": [1.0]}, "resolutions"),
        ({"cluster_relations": ["sings"]}, "sings"),
        ({"vectors": "magic"}, "magic"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, options: dict[str, object], word: str):
    """A wrong setting is named, and nothing is written."""
    workspace = two_purposes(tmp_path)
    with pytest.raises(SettingsError, match=word):
        clustered(workspace, **options)
    assert not workspace.has(Cluster)


def endpoint(fail_from: int | None) -> StubServer:
    """Return a server of vectors that fails from a request on."""

    def behave(seen: Seen, number: int) -> Answer:
        if fail_from is not None and number >= fail_from:
            return Answer(status=500, body=b"overloaded")
        texts = seen.body["input"]
        data = [
            {"index": n, "embedding": [float(len(text)), float(text.count("a")), 1.0]}
            for n, text in reversed(list(enumerate(texts)))
        ]
        return Answer(body=json.dumps({"data": data}).encode())

    return StubServer(behave)


def test_an_endpoint_that_fails_half_way_is_resumed(tmp_path: Path):
    """What came before the failure is kept; the same command asks for the rest only."""
    said: list[Said] = [(f"p{n}", f"p{n + 1}", [f"purpose {chr(97 + n % 26)} {n}"]) for n in range(600)]
    workspace = said_workspace(tmp_path, said)
    options = {"vectors": "endpoint", "vectors_model": "m"}
    with endpoint(fail_from=1) as server:
        port = server.port
        with pytest.raises(LVLMUnavailable):
            clustered(workspace, vectors_url=server.base_url, **options)
        assert len(server.seen[0].body["input"]) == 256
    assert not workspace.has(Cluster)
    again = endpoint(fail_from=None)
    again._port = port
    with again as server:
        clustered(workspace, vectors_url=server.base_url, **options)
        asked = [text for seen in server.seen for text in seen.body["input"]]
    assert len(asked) == 600 - 256
    assert workspace.has(Cluster)


def test_zero_vectors_are_clustered_by_what_is_bought(tmp_path: Path):
    """Where no text has a vector nothing merges by nearness, and shared products alone hold together."""

    def nothing(seen: Seen, number: int) -> Answer:
        data = [{"index": n, "embedding": [0.0, 0.0]} for n, _ in enumerate(seen.body["input"])]
        return Answer(body=json.dumps({"data": data}).encode())

    workspace = two_purposes(tmp_path)
    with StubServer(nothing) as server:
        clustered(workspace, vectors="endpoint", vectors_model="m", vectors_url=server.base_url)
    assert workspace.read(Neighbour).is_empty()
    assert workspace.read(Merge).is_empty()
    assert all(part <= set(CHARGING) or part <= set(PAINTING) for part in purposes(workspace))


def test_what_differs_in_a_guard_holds_less(tmp_path: Path):
    """A negation, number or size that differs leaves a fifth of the evidence of the same texts."""
    ends = pl.DataFrame({"product": ["lamp"] * 2, "cobuy": ["1", "2"], "intention": [0, 1]})
    vectors = np.ones((2, 4), np.float32) / 2
    same, other = (behaviour_graph(ends, Texts(vectors, np.array(guards))) for guards in ([0, 0], [0, 1]))
    assert other[0, 1] == pytest.approx(same[0, 1] / 5, rel=1e-6)


def test_a_plan_shows_the_largest_groups_first_and_writes_nothing(tmp_path: Path):
    """The plan names canonical, wordings and the least cosine; the folder stays as it is."""
    said: list[Said] = [
        ("a", "b", ["charging a phone", "charge phones", "charge the phone"]),
        ("b", "c", ["painting pictures", "paint a picture", "lemon pie"]),
    ]
    workspace = said_workspace(tmp_path, said)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    groups = Pipeline(workspace, workspace.settings()).plan_clusters()
    assert groups["wordings"].to_list() == [3, 2]
    assert set(groups["others"][1]) | {groups["text"][1]} == {"painting pictures", "paint a picture"}
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_what_is_unmerged_stays_apart(tmp_path: Path):
    """An unmerged wording is its own intention at once, and on later runs too."""
    workspace = two_purposes(tmp_path)
    pipeline = Pipeline(workspace, workspace.settings())
    pipeline.cluster()
    merged = workspace.read(Merge)["intention"].to_list()
    assert merged
    assert pipeline.unmerge(merged[0][:10]) == [merged[0]]
    assert merged[0] not in workspace.read(Merge)["intention"].to_list()
    assert not pipeline.cluster().unchanged
    left = workspace.read(Merge)
    assert merged[0] not in {*left["intention"], *left["canonical"]}


@pytest.mark.parametrize("wanted", ["nothing", ""])
def test_unmerging_what_is_not_there_is_told(tmp_path: Path, wanted: str):
    """An unknown id, or none, is refused with a hint, and nothing is written."""
    workspace = two_purposes(tmp_path)
    with pytest.raises(NotFound):
        Pipeline(workspace, workspace.settings()).unmerge(wanted)
    assert not workspace.has(Apart)


def test_tuning_stores_three_resolutions(tmp_path: Path):
    """Share of behaviour and resolutions are chosen by stability, and are settings from then on."""
    said: list[Said] = []
    deeds = ("washing", "storing", "painting", "repairing", "carrying", "selling")
    things = ("tents", "boats", "shoes", "lamps", "guitars", "cups")
    for n in range(240):
        deed, thing = deeds[n % 6], things[(n // 6) % 6]
        said.append(
            (f"{thing}-{n % 5}", f"{thing}-{5 + n % 7}", [f"{deed} {thing} in place {chr(97 + n % 26)}"])
        )
    workspace = said_workspace(tmp_path, said)
    tried = Pipeline(workspace, workspace.settings()).tune()
    levels = tried.drop_nulls("level").sort("level")
    chosen = levels["resolution"].to_list()
    assert chosen == sorted(chosen, reverse=True)
    assert list(workspace.settings().resolutions) == chosen
    assert [workspace.settings().behaviour] == levels["behaviour"].unique().to_list()
    clustered(workspace)
    assert workspace.read(Cluster)["level"].n_unique() == 3


def test_two_intentions_say_what_holds_them_together(tmp_path: Path):
    """The bond names text, products bought for both with the weight of the graph, and purposes shared."""
    said: list[Said] = [
        ("lamp", "tent", ["reading in a tent"]),
        ("lamp", "book", ["reading late in bed"]),
        ("lamp", "desk", ["lighting a desk"]),
    ]
    workspace = said_workspace(tmp_path, said)
    clustered(workspace)
    one, other = (intention(text).id for text in ("reading in a tent", "reading late in bed"))
    told = Pipeline(workspace, workspace.settings()).explain_both(one[:12], other)
    assert [row["product"] for row in told["bought for both"]["products"]] == ["lamp"]
    intentions = workspace.read(Intention).sort("id")
    rows = [intentions["id"].to_list().index(id_) for id_ in (one, other)]
    ends = pl.concat(
        workspace.read(Triple).select(pl.col(side).alias("product"), "cobuy", "intention")
        for side in ("product_a", "product_b")
    ).with_columns(
        pl.col("intention").replace_strict(intentions["id"], list(range(3)), return_dtype=pl.Int64)
    )
    vectors = open_vectors("static").embed(intentions["text"].to_list())
    graph = behaviour_graph(ends, Texts(vectors, np.zeros(3)))
    assert told["bought for both"]["weight"] == pytest.approx(graph[rows[0], rows[1]], abs=1e-6)
    assert told["purposes of both"]


def test_a_bond_of_what_is_no_intention_is_told(tmp_path: Path):
    """An id that is no intention is named."""
    workspace = two_purposes(tmp_path)
    with pytest.raises(NotFound, match="zzz"):
        Pipeline(workspace, workspace.settings()).explain_both("zzz", intention(CHARGING[0]).id)
