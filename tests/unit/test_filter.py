"""Filtering: rules first, then the shopper; every candidate ends with a verdict that says why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mindgraph.catalog import Sources
from mindgraph.errors import LVLMError, WorkspaceError
from mindgraph.filters.shopper import ONE_IN, is_wanted
from mindgraph.pipeline import Pipeline
from mindgraph.records import Candidate, Generator, Reject, Triple, Verdict
from mindgraph.workspace import Workspace
from tests.stub_server import Answer, Seen, StubServer, chat, good
from tests.unit.test_distill import COBUYS, asked_for, served

PHRASES = {
    "usedFor": "camping in the rain",
    "isA": "products",
    "can": "shine at night",
    "open": "camping in the rain",
}
#: What the rules leave: the two that are neither generic nor said before.
ASKED = 2 * len(COBUYS)


def behave(verdict: Answer | Mapping[str, Answer]) -> Any:
    """Give the phrases above, and the verdict told, for all or by a part of the question."""

    def told(seen: Seen, number: int) -> Answer:
        text = asked_for(seen)
        if "Complete" not in text and "completing" in text:
            return chat(
                json.dumps({r: {"phrase": p, "detail": "d"} for r, p in PHRASES.items() if f'"{r}"' in text})
            )
        if "<reason>" not in text:
            return good(seen, number)
        if isinstance(verdict, Answer):
            return verdict
        return next(answer for part, answer in verdict.items() if part in text)

    return told


def distilled(folder: Path, server: StubServer, **settings: Any) -> Pipeline:
    pipeline = served(folder, server, relations=list(PHRASES), **settings)
    pipeline.distill()
    return pipeline


def verdicts(pipeline: Pipeline, judge: str = "shopper") -> pl.DataFrame:
    return pipeline.workspace.read(Verdict).filter(judge=judge)


SCORE = chat("Yes", logprobs={"Yes": -0.1, "No": -3.0})
DOUBT = chat("No", logprobs={"No": -0.5, "yes": -1.5, " Yes": -2.5})


def test_the_score_is_the_share_of_yes(tmp_path: Path) -> None:
    """Probabilities become a score; from a half on the answer is yes."""
    with StubServer(behave({"camping": SCORE, "shine": DOUBT})) as server:
        pipeline = distilled(tmp_path, server)
        stage = pipeline.filter()
    said = verdicts(pipeline).join(pipeline.workspace.read(Candidate), left_on="candidate", right_on="id")
    camping, shine = said.filter(relation="usedFor"), said.filter(relation="can")
    assert set(camping["answer"]) == {"yes"} and set(shine["answer"]) == {"no"}
    assert camping["score"][0] == pytest.approx(0.948, abs=1e-3)
    assert shine["score"][0] == pytest.approx(0.335, abs=1e-3)
    assert (stage.counts["yes"], stage.counts["no"]) == (len(COBUYS), len(COBUYS))
    speakers = pipeline.workspace.read(Generator)
    assert set(said["generator_right"]) < set(speakers["id"]) and set(said["generator"]) < set(speakers["id"])


def test_what_a_rule_threw_out_is_not_asked_about(tmp_path: Path) -> None:
    """Generic texts and repeats cost nothing; their verdict names the rule and the reason."""
    with StubServer(behave(SCORE)) as server:
        pipeline = distilled(tmp_path, server)
        before = len(server.chats())
        stage = pipeline.filter()
        assert len(server.chats()) - before == stage.counts["asked"] == ASKED
    assert len(verdicts(pipeline, "rule:generic")) == len(verdicts(pipeline, "rule:duplicate")) == len(COBUYS)
    assert verdicts(pipeline, "rule:generic")["reason"][0] == "it would hold for any two products"
    judged = pipeline.workspace.read(Verdict)["candidate"].n_unique()
    assert judged == len(pipeline.workspace.read(Candidate))


def test_without_probabilities_the_words_are_read(tmp_path: Path) -> None:
    """A server that gives none is read in words, and there is no score."""
    with StubServer(behave({"camping": chat(" yes, gladly"), "shine": chat("No.")})) as server:
        pipeline = distilled(tmp_path, server)
        pipeline.filter()
    said = verdicts(pipeline)
    assert said["score"].null_count() == len(said)
    assert dict(said.group_by("answer").len().iter_rows()) == {"yes": len(COBUYS), "no": len(COBUYS)}


def test_neither_yes_nor_no_is_unparsed(tmp_path: Path) -> None:
    """What says neither is asked again twice, then kept as unparsed, counted, and never guessed."""
    with StubServer(behave({"camping": SCORE, "shine": chat("It depends.")})) as server:
        pipeline = distilled(tmp_path, server)
        before = len(server.chats())
        stage = pipeline.filter()
        assert len(server.chats()) - before == len(COBUYS) + 3 * len(COBUYS)
    unparsed = verdicts(pipeline).filter(answer="unparsed")
    assert len(unparsed) == stage.counts["unparsed"] == len(COBUYS)
    assert set(unparsed["reason"]) == {"it says neither yes nor no"}
    assert unparsed["reply"].null_count() == 0
    pipeline.build()
    assert set(pipeline.workspace.read(Triple)["relation"]) == {"usedFor"}


def test_nothing_but_talk_is_an_error(tmp_path: Path) -> None:
    """A model that never says yes or no stops the run with one line; the verdicts are written."""
    with StubServer(behave(chat("Perhaps."))) as server:
        pipeline = distilled(tmp_path, server)
        with pytest.raises(LVLMError, match="neither yes nor no"):
            pipeline.filter()
    assert set(verdicts(pipeline)["answer"]) == {"unparsed"}


def test_the_same_command_asks_nothing(tmp_path: Path) -> None:
    """A finished run is unchanged; without its stamp the ledger gives the same verdicts."""
    with StubServer(behave(SCORE)) as server:
        pipeline = distilled(tmp_path, server)
        pipeline.filter()
        before, digest = len(server.chats()), pipeline.workspace.digest_of(Verdict)
        assert pipeline.filter().unchanged and pipeline.distill().unchanged
        next((pipeline.workspace.path / "runs").glob("*-filter.json")).unlink()
        assert not pipeline.filter().unchanged
        assert (len(server.chats()), pipeline.workspace.digest_of(Verdict)) == (before, digest)


def test_one_text_is_asked_once_for_all_who_say_it(tmp_path: Path) -> None:
    """Samples that agree share one question; each has its verdict."""
    with StubServer(behave(SCORE)) as server:
        pipeline = distilled(tmp_path, server, samples=3)
        before = len(server.chats())
        stage = pipeline.filter()
        assert len(server.chats()) - before == ASKED
    assert (stage.counts["questions"], len(verdicts(pipeline))) == (ASKED, 3 * ASKED)


REASON = chat('{"answer": "yes", "reason": "I would take both."}')
SECOND_THOUGHTS = chat('{"answer": "no", "reason": "No, after all."}')


@pytest.mark.parametrize(("reasons", "with_reason"), [("none", 0), ("all", 10), ("kept", 5), ("rejected", 5)])
def test_reasons_are_asked_for_where_wanted(tmp_path: Path, reasons: str, with_reason: int) -> None:
    """A reason costs a second question, put only for those that are wanted."""
    told = behave({"one JSON object": REASON, "camping": SCORE, "shine": DOUBT})
    with StubServer(told) as server:
        pipeline = distilled(tmp_path, server, reasons=reasons)
        stage = pipeline.filter()
    said = verdicts(pipeline)
    assert stage.counts["asked"] == ASKED + with_reason
    assert said["reason"].drop_nulls().len() == with_reason
    if reasons == "kept":
        assert set(said["reason"].drop_nulls()) == {"I would take both."}
    if reasons == "rejected":
        assert said["reason"].drop_nulls()[0].startswith("(asked why, it said yes)")


def test_a_sample_of_reasons_is_the_same_every_time() -> None:
    """One in twenty, chosen by the question's id; none where there was no answer."""
    items = [f"{number:08x}" + "0" * 24 for number in range(1000)]
    chosen = [item for item in items if is_wanted("sample", item, True)]
    assert len(chosen) == 1000 // ONE_IN
    assert not is_wanted("all", items[0], None)


def test_prose_verdicts_are_read(tmp_path: Path) -> None:
    """In the faithful mode a verdict is prose that begins with yes or no; the rest is the reason."""

    def told(seen: Seen, number: int) -> Answer:
        if "<reason>" in asked_for(seen):
            return chat("Yes, I would take both of them.")
        return chat("They both can shine at night, when it is dark and both are needed outside.")

    with StubServer(told) as server:
        pipeline = served(tmp_path, server, relations=["can"], style="paragraph", calls="per-relation")
        pipeline.distill()
        pipeline.filter()
    said = verdicts(pipeline)
    assert set(said["answer"]) == {"yes"}
    assert set(said["reason"]) == {"I would take both of them."}
    assert set(said["score"]) == {None}


def test_finished_intentions_are_left_alone(tmp_path: Path) -> None:
    """Imported verdicts stand, and no model is needed; with `again` they are judged like others."""
    intentions = tmp_path / "intentions.csv"
    intentions.write_text(
        "product_a,product_b,relation,text,answer\np0,p1,usedFor,camping,yes\np2,p3,can,shine,no\n"
    )
    with StubServer(behave(SCORE)) as server:
        pipeline = served(tmp_path, server)
        pipeline.ingest(Sources(intentions=(intentions,)))
        stage = pipeline.filter()
        assert (stage.counts["candidates"], len(server.chats())) == (0, 0)
        assert sorted(verdicts(pipeline)["answer"]) == ["no", "yes"]
        pipeline.filter(again=True)
        assert len(server.chats()) == 2
    said = verdicts(pipeline)
    assert (len(said), said["score"].null_count()) == (2, 0)


def test_an_unanswered_question_has_no_verdict(tmp_path: Path) -> None:
    """A failure of the server is a reject, and the same command asks for it again."""
    broken = {"camping": SCORE, "shine": Answer(400, b'{"error": {"message": "too hot"}}')}
    with StubServer(behave(broken)) as server:
        pipeline = distilled(tmp_path, server)
        stage = pipeline.filter()
        assert stage.counts["unanswered"] == len(COBUYS) == len(pipeline.workspace.read(Reject))
        broken["shine"] = SCORE
        assert pipeline.filter().counts["asked"] == len(COBUYS)
    assert len(verdicts(pipeline)) == ASKED


def test_nothing_to_filter_is_an_error(tmp_path: Path) -> None:
    """A workspace without candidates says how to get some."""
    workspace = Workspace.create(tmp_path / "workspace")
    with pytest.raises(WorkspaceError, match="no candidates"):
        Pipeline(workspace, workspace.settings()).filter()
