"""How an answer that cannot be read is asked again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mindgraph.lvlm.asking import ask_until_read
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.recorded import Header, Line, Recorded
from mindgraph.messages import Prompt, Reply
from tests.questions import intention, intentions, verdict


def line(number: int, text: str, attempt: int = 0, **more: Any) -> Line:
    return Line(
        kind="intentions", item=f"cobuy-{number}", relations=("usedFor",), attempt=attempt, text=text, **more
    )


def read(reply: Reply) -> Any:
    return json.loads(reply.text)


def test_a_bad_answer_is_asked_again_at_most_twice() -> None:
    """The value of the first attempt that can be read counts; after three the raw text is kept."""
    lines = [
        *(line(0, "1"),),
        *(line(1, "no json"), line(1, "2", attempt=1)),
        *(line(2, "{"), line(2, "[", attempt=1), line(2, "3", attempt=2)),
        *(line(3, "a"), line(3, "b", attempt=1), line(3, "c", attempt=2), line(3, "4", attempt=3)),
    ]
    outcomes = {o.prompt.item: o for o in ask_until_read(Recorded(Header(), lines), intentions(4), read)}
    assert [outcomes[f"cobuy-{n}"].value for n in range(4)] == [1, 2, 3, None]
    last = outcomes["cobuy-3"]
    assert (last.failed, last.prompt.attempt, last.reply.text) == (True, 2, "c")
    assert str(last.reason).startswith("Expecting value")


def test_a_truncated_answer_is_bad() -> None:
    """An answer that was cut off is asked again even if what came can be read."""
    lines = [line(0, "1", finish_reason="length"), line(0, "2", attempt=1)]
    (outcome,) = ask_until_read(Recorded(Header(), lines), intentions(1), read)
    assert outcome.value == 2


def test_a_truncated_decision_is_good() -> None:
    """A decision needs its first word alone."""
    said = Line(kind="verdict", item="candidate-0", relations=("usedFor",), text="Yes, bec", p_yes=0.9)
    (outcome,) = ask_until_read(
        Recorded(Header(), [said]), [verdict()], lambda reply: reply.text[:3], decide=True
    )
    assert (outcome.value, outcome.reply.finish_reason) == ("Yes", "stop")


def test_an_answer_that_never_came_is_not_asked_again() -> None:
    """An error is the outcome at once: the engine has tried."""
    (outcome,) = ask_until_read(Recorded(Header(), []), intentions(1), read)
    assert (outcome.prompt.attempt, outcome.reason) == (0, "no recorded answer for intentions cobuy-0")


def test_the_next_attempt_is_decoded_with_some_chance() -> None:
    """Another attempt at temperature 0 would say the same again."""
    asked: list[Prompt] = []

    class Stubborn(Recorded):
        def ask(self, prompts: Any) -> Iterator[Reply]:
            for prompt in prompts:
                asked.append(prompt)
                yield Reply(prompt=prompt, text="no json")

    list(ask_until_read(Stubborn(Header(), []), [intention()], read))
    assert [prompt.attempt for prompt in asked] == [0, 1, 2]
    assert [prompt.decoding.temperature for prompt in asked] == [0.0, 0.3, 0.3]
    assert len({prompt.decoding.seed for prompt in asked}) == 3


def test_many_prompts_are_not_held_while_some_are_asked_again() -> None:
    """Prompts are taken one by one although every third needs another attempt."""
    lines = [line(n, "x" if n % 3 == 0 else "1") for n in range(300)]
    lines += [line(n, "1", attempt=1) for n in range(0, 300, 3)]
    ahead = 0

    def counted() -> Iterator[Prompt]:
        nonlocal ahead
        for prompt in intentions(300):
            ahead += 1
            yield prompt

    most = 0
    seen: Counter[str] = Counter()
    for outcome in ask_until_read(Recorded(Header(), lines), counted(), read):
        seen[outcome.prompt.item] += 1
        most = max(most, ahead - sum(seen.values()))
        assert not outcome.failed
    assert (len(seen), max(seen.values())) == (300, 1)
    assert most <= 3


def test_answers_are_marked_in_the_ledger(tmp_path: Path) -> None:
    """The ledger says of each answer whether it could be read; a better reader asks nothing."""
    path = tmp_path / "replies.sqlite"
    lines = [line(0, "1"), line(1, "no"), line(1, "2", attempt=1), line(2, "a"), line(2, "b", attempt=1)]
    lines.append(line(2, "c", attempt=2))
    first = Ledgered(Recorded(Header(), lines), path)
    list(ask_until_read(first, intentions(3), read))
    marks = {(row["item"], row["attempt"]): row["ok"] for row in first.replies.rows()}
    assert marks == {
        ("cobuy-0", 0): 1,
        ("cobuy-1", 0): 0,
        ("cobuy-1", 1): 1,
        ("cobuy-2", 0): 0,
        ("cobuy-2", 1): 0,
        ("cobuy-2", 2): 0,
    }
    first.close()
    better = Ledgered(Recorded(Header(), []), path)
    outcomes = list(ask_until_read(better, intentions(3), lambda reply: reply.text))
    assert [outcome.value for outcome in outcomes] == ["1", "no", "a"]
    assert better.asked == 0
