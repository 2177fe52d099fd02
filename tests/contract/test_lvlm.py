"""What every engine promises: one answer a prompt, whatever stands behind the door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mindgraph.lvlm import ENGINES as NAMES
from mindgraph.lvlm import LVLM
from mindgraph.lvlm.asking import ask_until_read
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.messages import Decision, Reply
from tests.engines import COUNT, ENGINES, Engine
from tests.questions import intention, intentions, picture, verdict, verdicts

#: Engines that take their time, and the group of tests that shares what they need.
_SLOW = {
    "http-llama": "llama",
    "http-served": "torch",
    "transformers": "torch",
    "ray-http": "ray",
    "ray-transformers": "ray",
}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow, pytest.mark.xdist_group(_SLOW[name])])
        if name in _SLOW
        else name
        for name in ENGINES
    ],
)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Each engine, with a model behind it that answers."""
    with contextmanager(ENGINES[request.param])(tmp_path_factory.mktemp(request.param)) as opened:
        yield opened


@pytest.fixture
def lvlm(engine: Engine) -> LVLM:
    return engine.lvlm


def test_every_engine_is_tried() -> None:
    """Each engine that the setting `engine` takes has a model behind it here."""
    assert {name.partition("-")[0] for name in ENGINES} == set(NAMES)


def test_is_an_lvlm(lvlm: LVLM) -> None:
    """An engine has the methods of the Protocol, and a name."""
    assert isinstance(lvlm, LVLM)
    assert lvlm.name


def test_each_prompt_has_one_reply(lvlm: LVLM) -> None:
    """Each prompt is answered once, in any order, and its reply names it."""
    replies = list(lvlm.ask(intentions(COUNT)))
    assert sorted(reply.prompt.item for reply in replies) == [f"cobuy-{i}" for i in range(COUNT)]
    assert [reply.error for reply in replies] == [None] * COUNT


def test_pictures_are_shown(
    lvlm: LVLM, engine: Engine, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """A prompt with two pictures is answered like any other; a model of text alone says that it cannot."""
    shown = (picture(tmp_path, "a"), picture(tmp_path, "b", "blue"))
    (reply,) = lvlm.ask([intention(0, content=(*shown, "What are both used for?"))])
    if request.node.callspec.params["engine"] == "http-llama":
        assert reply.error is not None
    else:
        assert (reply.prompt.item, reply.error) == ("cobuy-0", None)


def test_an_answer_has_the_shape_asked_for(engine: Engine) -> None:
    """A prompt with a schema is answered in JSON of that shape, or counts as one that cannot be read."""
    outcomes = list(ask_until_read(engine.lvlm, intentions(COUNT), lambda reply: json.loads(reply.text)))
    assert len(outcomes) == COUNT
    assert all(outcome.reply.error is None for outcome in outcomes)
    assert all(set(outcome.value or {}) == {"usedFor"} for outcome in outcomes if not outcome.failed)
    assert sum(outcome.failed for outcome in outcomes) <= (1 if engine.shapes else COUNT)


def test_a_decision_has_the_probability_of_yes(engine: Engine) -> None:
    """A yes-or-no prompt is answered with a probability; without one the words are there to be read."""
    decisions = list(engine.lvlm.decide(verdicts(COUNT)))
    assert len(decisions) == COUNT
    assert all(isinstance(one, Decision) and one.error is None for one in decisions)
    if engine.probabilities:
        assert all(one.p_yes is not None and 0 <= one.p_yes <= 1 for one in decisions)
    else:
        assert all(one.p_yes is None and one.text for one in decisions)


def test_tokens_are_counted(lvlm: LVLM, request: pytest.FixtureRequest) -> None:
    """What was read and written stands beside each answer; a cassette has what was recorded."""
    (reply,) = lvlm.ask([intention()])
    if request.node.callspec.params["engine"] != "recorded":
        assert (reply.usage.prompt_tokens or 0) > 0
        assert (reply.usage.completion_tokens or 0) > 0


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
