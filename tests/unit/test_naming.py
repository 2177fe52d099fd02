"""Purposes are named by a model, once, and keep their phrase where it says nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindgraph.errors import BudgetReached
from mindgraph.lvlm.replies import Replies
from mindgraph.naming import distinct
from mindgraph.pipeline import Pipeline
from mindgraph.records import Cluster, Label, Membership
from mindgraph.tally import Budget
from tests.purposes import CHARGING, PAINTING, said_workspace
from tests.stub_server import Seen, StubServer, chat


def shop(folder: Path, **settings: Any) -> Pipeline:
    """Return a workspace of two purposes."""
    workspace = said_workspace(
        folder,
        [(f"phone-{n}", f"mount-{n}", CHARGING) for n in range(3)]
        + [(f"brush-{n}", f"paper-{n}", PAINTING) for n in range(3)],
    )
    return Pipeline(workspace, workspace.settings(settings))


def labels(pipeline: Pipeline) -> list[str]:
    return pipeline.workspace.read(Cluster)["label"].to_list()


def cassette(folder: Path, pipeline: Pipeline, answers: Callable[[int], Sequence[str]]) -> Path:
    """Write answers for each cluster, by its number: one an attempt."""
    file = folder / "names.jsonl"
    rows = [json.dumps({"cassette": 1, "model": "names"})]
    for place, id_ in enumerate(pipeline.workspace.read(Cluster)["id"]):
        rows += [
            json.dumps({"kind": "label", "item": id_, "attempt": attempt, "text": text})
            for attempt, text in enumerate(answers(place))
        ]
    file.write_text("\n".join(rows))
    return file


def test_a_model_names_the_purposes(tmp_path: Path):
    """Names stand as labels, the phrases beside them; without the option the phrases come back."""
    pipeline = shop(tmp_path / "w")
    pipeline.cluster()
    phrases, members = labels(pipeline), pipeline.workspace.digest_of(Membership)
    file = cassette(tmp_path, pipeline, lambda place: [json.dumps({"name": f'"Life of kind {place}."'})])
    named = shop(tmp_path / "w", cassette=str(file))
    stage = named.cluster(label_with="recorded")
    assert all(label.startswith("Life of kind ") and label[-1].isdigit() for label in labels(named))
    table = named.workspace.read(Label)
    assert sorted(table["phrase"]) == sorted(phrases)
    assert (stage.counts["named"], stage.counts["not named"]) == (len(phrases), 0)
    assert named.cluster(label_with="recorded").unchanged
    assert not pipeline.cluster().unchanged
    assert labels(pipeline) == phrases
    assert (named.workspace.count(Label), named.workspace.digest_of(Membership)) == (0, members)


BAD = {
    "empty": '{"name": ""}',
    "says nothing": '{"name": "Various products"}',
    "too long": json.dumps({"name": "a name that goes on and on and on for much too long"}),
    "no object": "Charging",
    "declined": '{"name": "Sorry, as an AI I cannot"}',
    "a list": '{"name": ["charging"]}',
    "of a template": '{"name": "{name}"}',
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_answer_is_asked_again_and_then_leaves_the_phrase(tmp_path: Path, bad: str):
    """What cannot be read is asked three times; then the phrase stands and the other names too."""
    pipeline = shop(tmp_path / "w")
    pipeline.cluster()
    phrases = labels(pipeline)

    def answers(place: int) -> list[str]:
        return [BAD[bad]] * 3 if place == 0 else [BAD[bad], json.dumps({"name": f"Life of kind {place}"})]

    named = shop(tmp_path / "w", cassette=str(cassette(tmp_path, pipeline, answers)))
    stage = named.cluster(label_with="recorded")
    assert labels(named)[0] == phrases[0]
    others = [label for label in labels(named) if not label.startswith("Life of kind")]
    assert set(others) <= {phrases[0]}  # a purpose that is its only part is asked about in the same words
    assert stage.counts["not named"] == stage.counts["unreadable"] == len(others)


def test_a_run_that_was_stopped_goes_on_and_asks_nothing_twice(tmp_path: Path):
    """After a budget is reached the same command asks for what is missing, and then nothing."""

    def behave(seen: Seen, number: int) -> Any:
        if seen.path.endswith("chat/completions"):
            return chat(json.dumps({"name": f"Life of kind {number}"}))
        return None

    with StubServer(behave) as server:
        model = {"engine": "http", "base_url": server.base_url, "model": "stub-model", "concurrency": 1}
        pipeline = shop(tmp_path / "w", **model)
        with pytest.raises(BudgetReached):
            pipeline.cluster(label_with="http", budget=Budget(calls=2))
        first = sum(label.startswith("Life") for label in labels(pipeline))
        assert 0 < first < len(labels(pipeline))
        stage = pipeline.cluster(label_with="http")
        assert not stage.unchanged
        assert stage.counts["from the ledger"] >= first
        assert all(label.startswith("Life of kind") for label in labels(pipeline))
        asked = len(server.chats())
        assert asked == len({str(seen.body["messages"]) for seen in server.chats()})
        assert pipeline.cluster(label_with="http").unchanged
        assert len(server.chats()) == asked
    replies = Replies(pipeline.workspace.ledger)
    assert {row["kind"] for row in replies.totals()} == {"label"}
    replies.close()


@given(st.data())
def test_names_are_distinct_among_siblings(data: st.DataObject):
    """Whatever a model says, no two siblings end with the same label."""
    count = data.draw(st.integers(1, 6))
    names = data.draw(
        st.dictionaries(st.sampled_from("abcdef"), st.sampled_from(["x", "X", "p0", "p1", "y"]))
    )
    clusters = pl.DataFrame(
        {
            "id": list("abcdef"[:count]),
            "parent": data.draw(st.lists(st.sampled_from([None, "u", "v"]), min_size=count, max_size=count)),
            "level": [0] * count,
            "label": [f"p{n}" for n in range(count)],
            "size": data.draw(st.lists(st.integers(1, 3), min_size=count, max_size=count)),
        },
        schema_overrides={"parent": pl.String},
    )
    kept = distinct(clusters, names)
    final = clusters.with_columns(
        pl.Series("final", [kept.get(i, p).casefold() for i, p in clusters.select("id", "label").iter_rows()])
    )
    assert not final.select("parent", "final").is_duplicated().any()
