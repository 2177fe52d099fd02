"""What every engine promises: one answer a prompt, whatever stands behind the door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mindgraph.lvlm import LVLM, open_lvlm
from mindgraph.lvlm.asking import ask_until_read
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.recorded import Header, Line, write_cassette
from mindgraph.messages import Decision, Reply
from mindgraph.settings import Settings
from tests.models import llama_server
from tests.needs import need_module
from tests.questions import intention, intentions, verdict, verdicts
from tests.stub_server import StubServer

COUNT = 6


@pytest.fixture(scope="module")
def llama() -> Iterator[str]:
    with llama_server() as address:
        yield address


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LVLM]:
    need_module("transformers", "torch")
    need_module("transformers", "llguidance")
    from tests.tiny_models import build_llava

    folder = build_llava(tmp_path_factory.mktemp("llava"))
    opened = open_lvlm(Settings(engine="transformers", model=str(folder), device="cpu", concurrency=4))
    yield opened
    opened.close()


@pytest.fixture(
    params=[
        "recorded",
        "http-stub",
        pytest.param("http-llama", marks=[pytest.mark.slow, pytest.mark.xdist_group("llama")]),
        pytest.param("transformers", marks=[pytest.mark.slow, pytest.mark.xdist_group("torch")]),
    ]
)
def lvlm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LVLM]:
    """Each engine, with a model behind it that answers."""
    if request.param == "recorded":
        opened = open_lvlm(Settings(engine="recorded", cassette=str(_cassette(tmp_path))))
        yield opened
        opened.close()
    elif request.param == "http-stub":
        with StubServer() as server:
            opened = open_lvlm(Settings(engine="http", base_url=server.base_url, concurrency=4))
            yield opened
            opened.close()
    elif request.param == "transformers":
        yield request.getfixturevalue("tiny")
    else:
        address = request.getfixturevalue("llama")
        opened = open_lvlm(Settings(engine="http", base_url=address, concurrency=2))
        yield opened
        opened.close()


def _cassette(folder: Path) -> Path:
    asked = [
        Line(kind="intentions", item=f"cobuy-{i}", relations=("usedFor",), text='{"usedFor": null}')
        for i in range(COUNT)
    ]
    judged = [
        Line(kind="verdict", item=f"candidate-{i}", relations=("usedFor",), text="Yes", p_yes=0.75)
        for i in range(COUNT)
    ]
    write_cassette(folder / "cassette.jsonl.gz", Header(model="by-hand"), [*asked, *judged])
    return folder / "cassette.jsonl.gz"


def test_is_an_lvlm(lvlm: LVLM) -> None:
    """An engine has the methods of the Protocol, and a name."""
    assert isinstance(lvlm, LVLM)
    assert lvlm.name


def test_each_prompt_has_one_reply(lvlm: LVLM) -> None:
    """Each prompt is answered once, in any order, and its reply names it."""
    replies = list(lvlm.ask(intentions(COUNT)))
    assert sorted(reply.prompt.item for reply in replies) == [f"cobuy-{i}" for i in range(COUNT)]
    assert [reply.error for reply in replies] == [None] * COUNT


def test_an_answer_has_the_shape_asked_for(lvlm: LVLM) -> None:
    """A prompt with a schema is answered in JSON of that shape."""
    outcomes = list(ask_until_read(lvlm, intentions(COUNT), lambda reply: json.loads(reply.text)))
    assert all(set(outcome.value or {}) == {"usedFor"} for outcome in outcomes if not outcome.failed)
    assert sum(outcome.failed for outcome in outcomes) <= 1


def test_a_decision_has_the_probability_of_yes(lvlm: LVLM) -> None:
    """A yes-or-no prompt is answered with a probability."""
    decisions = list(lvlm.decide(verdicts(COUNT)))
    assert len(decisions) == COUNT
    assert all(isinstance(one, Decision) and one.error is None for one in decisions)
    assert all(one.p_yes is not None and 0 <= one.p_yes <= 1 for one in decisions)


def test_nothing_asked_is_nothing_answered(lvlm: LVLM) -> None:
    """No prompts give no replies."""
    assert list(lvlm.ask([])) == []
    assert list(lvlm.decide(iter(()))) == []


def test_prompts_are_taken_as_they_are_needed(lvlm: LVLM) -> None:
    """A stream of prompts is not drawn into memory before the first answer."""
    taken = 0

    def endless() -> Iterator[object]:
        nonlocal taken
        while True:
            taken += 1
            yield intention(taken % COUNT)

    replies = lvlm.ask(endless())  # type: ignore[arg-type]
    first = next(replies)
    replies.close()  # type: ignore[attr-defined]
    assert isinstance(first, Reply)
    assert taken <= 20


def test_an_engine_can_be_asked_again_after_it_was_left(lvlm: LVLM) -> None:
    """Leaving in the middle of the replies does no harm to the next question."""
    next(lvlm.ask(intentions(COUNT)))
    assert len(list(lvlm.ask(intentions(3)))) == 3
    assert next(lvlm.decide([verdict()])).prompt == verdict()


def test_behind_a_ledger_nothing_is_asked_twice(lvlm: LVLM, tmp_path: Path) -> None:
    """The second time, the ledger gives the same answers without asking."""
    first = Ledgered(lvlm, tmp_path / "replies.sqlite")
    told = {reply.prompt.item: reply.text for reply in first.ask(intentions(COUNT))}
    judged = {reply.prompt.item: reply.p_yes for reply in first.decide(verdicts(COUNT))}
    assert (first.asked, first.found) == (2 * COUNT, 0)
    first.replies.close()

    again = Ledgered(lvlm, tmp_path / "replies.sqlite")
    assert {reply.prompt.item: reply.text for reply in again.ask(intentions(COUNT))} == told
    assert {reply.prompt.item: reply.p_yes for reply in again.decide(verdicts(COUNT))} == judged
    assert (again.asked, again.found) == (0, 2 * COUNT)
    again.replies.close()
