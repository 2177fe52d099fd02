"""What the ledger keeps, finds, shares and survives."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from mindgraph.errors import WorkspaceError
from mindgraph.lvlm.keys import key_maker
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.replies import Replies
from mindgraph.messages import Decision, Picture, Prompt, Reply, Usage
from tests.needs import ROOT
from tests.questions import intention, intentions, verdict, verdicts
from tests.stub_server import StubServer


class Parrot:
    """An engine that answers with a running number, in reverse order of small groups."""

    def __init__(self, name: str = "parrot@1", failing: Iterable[str] = ()) -> None:
        self.name = name
        self.failing = set(failing)
        self.asked: list[Prompt] = []

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        for prompt in prompts:
            self.asked.append(prompt)
            error = "the server is busy" if prompt.item in self.failing else None
            usage = Usage(prompt_tokens=10, cached_tokens=4, completion_tokens=2, seconds=0.5)
            yield Reply(prompt=prompt, text=f"answer {len(self.asked)}", usage=usage, error=error)

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        for prompt in prompts:
            self.asked.append(prompt)
            yield Decision(prompt=prompt, text="Yes", p_yes=0.25)

    def close(self) -> None: ...


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "replies.sqlite"


def texts(replies: Iterable[Reply]) -> dict[str, str]:
    return {reply.prompt.item: reply.text for reply in replies}


def test_what_was_answered_is_not_asked_again(path: Path) -> None:
    """The second run asks only what is new, and gives the old answers with their usage."""
    first = Ledgered(Parrot(), path)
    told = texts(first.ask(intentions(5)))
    first.close()
    again = Ledgered(engine := Parrot(), path)
    replies = {reply.prompt.item: reply for reply in again.ask(intentions(7))}
    assert [prompt.item for prompt in engine.asked] == ["cobuy-5", "cobuy-6"]
    assert {item: replies[item].text for item in told} == told
    assert replies["cobuy-0"].usage == Usage(
        prompt_tokens=10, cached_tokens=4, completion_tokens=2, seconds=0.5
    )
    again.close()


def test_an_answer_is_stored_before_it_is_seen(path: Path) -> None:
    """Whoever holds a reply can find it in the file, even if the process ends now."""
    ledgered = Ledgered(Parrot(), path)
    reply = next(ledgered.ask(intentions(5)))
    with sqlite3.connect(path) as other:
        assert other.execute("SELECT text FROM ledger WHERE key = ?", [reply.key]).fetchall() == [
            (reply.text,)
        ]


def test_all_columns_stand_beside_the_key(path: Path) -> None:
    """A row says who was asked what, how, what it took and which run paid."""
    ledgered = Ledgered(Parrot(), path, run="run-1")
    content = (Picture("pic-a", "/nowhere/a.jpg"), Picture("pic-b", "/nowhere/b.jpg"), "why?")
    prompt = intention(3, content=content, version="v9", sample=1, attempt=1)
    (reply,) = ledgered.ask([prompt])
    ledgered.mark(reply, ok=False)
    (row,) = ledgered.replies.rows()
    assert row | {"time": 0, "parameters": ""} == {
        "key": reply.key,
        "kind": "intentions",
        "item": "cobuy-3",
        "relations": "usedFor",
        "sample": 1,
        "attempt": 1,
        "how": "ask",
        "model": "parrot",
        "revision": "1",
        "parameters": "",
        "version": "v9",
        "images": "pic-a,pic-b",
        "text": "answer 1",
        "p_yes": None,
        "finish_reason": "stop",
        "ok": 0,
        "prompt_tokens": 10,
        "cached_tokens": 4,
        "completion_tokens": 2,
        "cost": None,
        "seconds": 0.5,
        "time": 0,
        "run": "run-1",
        "error": None,
        "id": 1,
    }
    assert json.loads(row["parameters"]) == {"temperature": 0.0, "max_tokens": 60, "seed": 1}


def test_the_cost_stands_beside_the_answer(path: Path) -> None:
    """Where prices are known, each row says what it cost."""
    ledgered = Ledgered(Parrot(), path, price=lambda usage: (usage.prompt_tokens or 0) / 1000)
    list(ledgered.ask(intentions(2)))
    assert [row["cost"] for row in ledgered.replies.rows()] == [0.01, 0.01]


def test_the_prompt_can_be_read_back(path: Path) -> None:
    """Everything that was asked is kept: system text, parts in order, schema."""
    ledgered = Ledgered(Parrot(), path)
    prompt = intention(content=(Picture("pic-a", "/nowhere/a.jpg"), "why? “ünïcode”\x00"))
    (reply,) = ledgered.ask([prompt])
    found = ledgered.replies.find(reply.key)
    assert found is not None
    assert found["system"] == prompt.system
    assert found["content"] == [{"picture": "pic-a"}, "why? “ünïcode”\x00"]
    assert json.loads(found["schema"]) == prompt.schema
    assert ledgered.replies.find("0" * 32) is None
    assert ledgered.replies.find("not a key") is None


def test_a_failure_is_kept_and_asked_again(path: Path) -> None:
    """A reply with an error is in the ledger, counts as no answer, and is replaced by one."""
    first = Ledgered(Parrot(failing=["cobuy-1"]), path)
    assert [reply.error for reply in first.ask(intentions(3))].count("the server is busy") == 1
    assert [row["item"] for row in first.replies.rows("error IS NOT NULL")] == ["cobuy-1"]
    first.close()
    again = Ledgered(engine := Parrot(), path)
    assert all(reply.error is None for reply in again.ask(intentions(3)))
    assert [prompt.item for prompt in engine.asked] == ["cobuy-1"]
    assert (again.replies.count(), list(again.replies.rows("error IS NOT NULL"))) == (3, [])


def test_the_same_words_are_paid_once(path: Path) -> None:
    """Items that ask the very same share one answer, in flight and later; each is on record."""
    same = [intention(0, item=f"twin-{i}") for i in range(4)]
    ledgered = Ledgered(engine := Parrot(), path)
    assert texts(ledgered.ask(same[:3])) == {f"twin-{i}": "answer 1" for i in range(3)}
    assert texts(ledgered.ask(same[3:])) == {"twin-3": "answer 1"}
    assert len(engine.asked) == 1
    (row,) = ledgered.replies.rows()
    assert ledgered.replies.items_of(row["key"]) == ["twin-0", "twin-1", "twin-2", "twin-3"]


def test_asking_and_deciding_are_different_questions(path: Path) -> None:
    """The same words answered in prose and decided by probability are two answers."""
    ledgered = Ledgered(engine := Parrot(), path)
    assert [reply.text for reply in ledgered.ask([verdict()])] == ["answer 1"]
    assert [one.p_yes for one in ledgered.decide([verdict()])] == [0.25]
    assert [one.p_yes for one in ledgered.decide([verdict()])] == [0.25]
    assert len(engine.asked) == 2


def test_the_answer_that_came_first_stays(path: Path) -> None:
    """Of two processes that ask the same at once, both go on with the answer that was stored first."""
    first = Ledgered(Parrot(), path)

    class Late(Parrot):
        def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
            for prompt in prompts:
                assert texts(first.ask([prompt])) == {"cobuy-0": "answer 1"}
                yield Reply(prompt=prompt, text="too late")

    assert texts(Ledgered(Late(), path).ask([intention()])) == {"cobuy-0": "answer 1"}
    assert first.replies.count() == 1


def test_a_long_stretch_of_known_answers_does_not_pile_up(path: Path) -> None:
    """Known answers come out while the missing ones are asked, and each prompt has one."""
    first = Ledgered(Parrot(), path)
    list(first.ask(p for i, p in enumerate(intentions(9000)) if i % 1500))
    again = Ledgered(engine := Parrot(), path)
    replies = [reply.prompt.item for reply in again.ask(intentions(9000))]
    assert len(engine.asked) == 6
    assert sorted(replies) == sorted(prompt.item for prompt in intentions(9000))


def test_a_mark_that_has_not_changed_is_not_written(path: Path) -> None:
    """Reading the same answers again writes nothing."""
    ledgered = Ledgered(Parrot(), path)
    for reply in ledgered.ask(intentions(3)):
        ledgered.mark(reply, ok=True)
    ledgered.replies.flush()
    before = ledgered.replies._db.total_changes
    for reply in ledgered.ask(intentions(3)):
        assert reply.ok is True
        ledgered.mark(reply, ok=True)
    ledgered.replies.flush()
    assert ledgered.replies._db.total_changes == before


_WRITER = """
import sys
from mindgraph.lvlm import open_lvlm
from mindgraph.settings import Settings
from tests.questions import intentions, verdicts
lvlm = open_lvlm(
    Settings(base_url=sys.argv[1], model="m", concurrency=int(sys.argv[3])), ledger=sys.argv[2], run="w"
)
list(lvlm.ask(intentions(int(sys.argv[4]))))
list(lvlm.decide(verdicts(int(sys.argv[4]))))
lvlm.close()
"""


def writer(server: StubServer, path: Path, count: int, concurrency: int = 8) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", _WRITER, server.base_url, str(path), str(concurrency), str(count)]
    return subprocess.Popen(command, cwd=ROOT)


def test_two_processes_share_one_ledger(path: Path) -> None:
    """Two runs at once leave every answer once, and neither fails."""
    with StubServer(keep=False) as server:
        both = [writer(server, path, 150) for _ in range(2)]
        assert [process.wait(60) for process in both] == [0, 0]
    replies = Replies(path)
    assert replies.count() == 300
    assert replies.check() == "ok"


@pytest.mark.slow
def test_a_killed_run_loses_at_most_what_was_in_flight(path: Path) -> None:
    """Killed at random moments and run again: calls made ≤ calls needed + calls in flight."""
    concurrency, needed, kills = 8, 2 * 600, 0
    with StubServer(keep=False) as server:
        for pause in (0.45, 0.5, 0.55, 0.6, 0.65, 0.7):
            process = writer(server, path, needed // 2, concurrency)
            try:
                assert process.wait(pause) == 0
                break
            except subprocess.TimeoutExpired:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
                kills += 1
        assert writer(server, path, needed // 2, concurrency).wait(60) == 0
        assert server.requests <= needed + kills * concurrency
    replies = Replies(path)
    assert (replies.count(), replies.check()) == (needed, "ok")


@pytest.mark.slow
def test_memory_is_flat(tmp_path: Path) -> None:
    """Ten times the questions take no more memory."""
    program = """
import sys, resource
from pathlib import Path
from mindgraph.lvlm.ledger import Ledgered
from tests.questions import intentions
from tests.unit.test_lvlm_ledger import Parrot
class Quiet(Parrot):
    def ask(self, prompts):
        for reply in super().ask(prompts):
            self.asked.clear()
            yield reply
lvlm = Ledgered(Quiet(), Path(sys.argv[1]))
for _ in lvlm.ask(intentions(int(sys.argv[2]))): pass
lvlm.close()
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
    peaks = []
    for count in (2_000, 20_000):
        command = [sys.executable, "-c", program, str(tmp_path / f"{count}.sqlite"), str(count)]
        peaks.append(int(subprocess.check_output(command, cwd=ROOT)))
    assert peaks[1] <= 1.2 * peaks[0]


# what can be wrong with the file


def test_a_damaged_ledger_is_told(path: Path) -> None:
    """A file that is no database names itself and says what to do; it is left as it is."""
    path.write_bytes(b"this is no database " * 400)
    with pytest.raises(WorkspaceError, match=r"replies\.sqlite: file is not a database") as refused:
        Replies(path)
    assert "move it away" in refused.value.hint
    assert path.read_bytes().startswith(b"this is no database")


def test_a_newer_ledger_is_refused(path: Path) -> None:
    """A ledger of a later version is not written to."""
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(WorkspaceError, match="newer version") as refused:
        Replies(path)
    assert "Upgrade" in refused.value.hint


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A path that cannot be opened is named."""
    with pytest.raises(WorkspaceError, match=r"missing/replies\.sqlite"):
        Replies(tmp_path / "missing" / "replies.sqlite")


def test_a_full_disk_is_told_and_keeps_what_was_answered(path: Path) -> None:
    """When nothing more fits, the answers before are kept and the same command goes on."""
    ledgered = Ledgered(Parrot(), path)
    list(ledgered.ask(intentions(3)))
    pages = ledgered.replies._db.execute("PRAGMA page_count").fetchone()[0]
    ledgered.replies._db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(WorkspaceError, match="full") as stopped:
        list(ledgered.ask(intentions(3000)))
    assert "disk space" in stopped.value.hint
    again = Ledgered(engine := Parrot(), path)
    assert len(list(again.ask(intentions(3000)))) == 3000
    assert len(engine.asked) <= 2997


def test_a_locked_ledger_waits_for_the_other(path: Path) -> None:
    """While another process writes, an answer waits; it is not lost."""
    ledgered = Ledgered(Parrot(), path)
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, lambda: other.execute("COMMIT")).start()
    begun = time.monotonic()
    assert len(list(ledgered.ask([intention()]))) == 1
    assert time.monotonic() - begun >= 0.25


def test_keys_do_not_depend_on_who_asks(path: Path) -> None:
    """Kind, item, relations, version and the picture's path are no part of the key; the rest is."""
    key = key_maker("m", "ask")
    base = intention(content=(Picture("p", "/a"), "text"))
    same = [
        intention(content=(Picture("p", "/elsewhere"), "text")),
        intention(content=base.content, item="other"),
        intention(content=base.content, kind="feature", relations=(), version="v2"),
    ]
    assert {key(prompt) for prompt in same} == {key(base)}
    other = [
        intention(content=(Picture("q", "/a"), "text")),
        intention(content=("text", Picture("p", "/a"))),
        intention(content=base.content, sample=1),
        intention(content=base.content, attempt=1),
        intention(content=base.content, system="else"),
        intention(content=base.content, schema=None),
        next(verdicts(1)),
    ]
    different = {key(prompt) for prompt in other} | {key_maker("m@2", "ask")(base)}
    assert len(different) == len(other) + 1
    assert key(base) not in different | {key_maker("m", "decide")(base)}
