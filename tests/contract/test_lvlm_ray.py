"""Asking through actors of Ray: shared out, streamed back, and whole after anything is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mindgraph.errors import LVLMError, LVLMUnavailable
from mindgraph.lvlm import open_lvlm
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.replies import Replies
from mindgraph.settings import Settings
from tests.needs import ROOT, need_module
from tests.questions import intentions, verdicts
from tests.stub_server import Answer, Seen, StubServer, good

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ray")]

#: Requests that two actors have in hand: two bunches each, of so many prompts.
IN_HAND = 2 * 2 * 4


def slowly(seen: Seen, number: int) -> Answer:
    answer = good(seen, number)
    answer.delay = 0.05
    return answer


@pytest.fixture(scope="module")
def server() -> Iterator[StubServer]:
    need_module("ray", "ray")
    with StubServer(slowly) as opened:
        yield opened


@pytest.fixture
def cluster(server: StubServer) -> Iterator[Any]:
    """Two actors, each with an http engine."""
    opened = open_lvlm(settings(server.base_url))
    yield opened
    opened.close()


def settings(address: str, **more: Any) -> Settings:
    given = {"engine": "ray", "base_url": address, "model": "m", "ray_workers": 2, "concurrency": 4}
    return Settings(**{**given, **more})


def test_every_prompt_is_answered_once(cluster: Any, server: StubServer) -> None:
    """Replies come from both actors and name their prompts; decisions have probabilities."""
    before = server.requests
    replies = list(cluster.ask(intentions(30)))
    assert sorted(reply.prompt.item for reply in replies) == sorted(p.item for p in intentions(30))
    assert server.requests - before == 30
    assert all(0 < (one.p_yes or 0) < 1 for one in cluster.decide(verdicts(9)))
    assert len(set(cluster.processes())) == 2
    assert cluster.name == "m"


def test_a_killed_actor_loses_at_most_what_it_had_in_hand(
    cluster: Any, server: StubServer, tmp_path: Path
) -> None:
    """An actor that is killed is started again, and every prompt has its answer."""
    before = server.requests
    ledgered = Ledgered(cluster, tmp_path / "replies.sqlite")
    replies = ledgered.ask(intentions(80))
    items = [next(replies).prompt.item for _ in range(10)]
    os.kill(cluster.processes()[0], signal.SIGKILL)
    rest = list(replies)
    assert [reply.error for reply in rest if reply.error] == []
    assert sorted([*items, *(r.prompt.item for r in rest)]) == sorted(p.item for p in intentions(80))
    assert server.requests - before <= 80 + IN_HAND
    ledgered.replies.close()


_DRIVER = """
import sys
from mindgraph.lvlm import open_lvlm
from tests.contract.test_lvlm_ray import settings
from tests.questions import intentions
lvlm = open_lvlm(settings(sys.argv[1]), ledger=sys.argv[2])
for reply in lvlm.ask(intentions(60)):
    print(reply.prompt.item, flush=True)
lvlm.close()
"""


def test_a_killed_driver_goes_on_where_it_was(server: StubServer, tmp_path: Path) -> None:
    """After kill -9 of the process that asks, the same run asks only for what was in flight and left."""
    before, path = server.requests, tmp_path / "replies.sqlite"
    command = [sys.executable, "-c", _DRIVER, server.base_url, str(path)]
    driver = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    for _ in range(20):
        driver.stdout.readline()
    driver.kill()
    driver.wait()
    time.sleep(1.0)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)
    assert len(set(done.stdout.split())) == 60
    assert server.requests - before <= 60 + IN_HAND
    replies = Replies(path)
    assert (replies.count(), replies.check()) == (60, "ok")
    replies.close()


def test_an_error_of_the_engine_is_told_as_such(server: StubServer) -> None:
    """A refused key stops the run with the engine's own words."""
    with StubServer(lambda seen, number: Answer(401, b"{}")) as strict:
        opened = open_lvlm(settings(strict.base_url))
        with pytest.raises(LVLMError, match="refuses the key"):
            list(opened.ask(intentions(5)))
        opened.close()


def test_an_actor_that_is_gone_for_good_is_done_without(
    cluster: Any, server: StubServer, tmp_path: Path
) -> None:
    """What it had in hand goes to the others; where none is left the run stops, and can go on later."""
    import ray

    first, second = cluster.actors
    replies = cluster.ask(intentions(40))
    items = [next(replies).prompt.item for _ in range(5)]
    ray.kill(first)
    rest = list(replies)
    assert [reply.error for reply in rest if reply.error] == []
    assert sorted([*items, *(r.prompt.item for r in rest)]) == sorted(p.item for p in intentions(40))
    ray.kill(second)
    with pytest.raises(LVLMUnavailable, match="died"):
        list(cluster.ask(intentions(10)))


def test_an_engine_that_cannot_be_opened_is_told_as_such(server: StubServer, tmp_path: Path) -> None:
    """A folder without a model stops the start with the engine's own words, and Ray with it."""
    import ray

    need_module("transformers", "torch")
    with pytest.raises(LVLMError, match="cannot be loaded") as refused:
        open_lvlm(settings("", ray_engine="transformers", model=str(tmp_path), device="cpu"))
    assert "config.json" in refused.value.hint
    assert not ray.is_initialized()


def test_gpus_that_are_not_there_are_told_at_once(server: StubServer) -> None:
    """Nobody waits for a GPU that no machine can bring."""
    with pytest.raises(LVLMError, match=r"want 2000; Ray finds") as refused:
        open_lvlm(settings(server.base_url, ray_gpus=1000.0))
    assert "--ray-gpus" in refused.value.hint


def test_actors_without_a_place_are_told(server: StubServer) -> None:
    """A cluster with room for one actor says so when two are wanted, instead of waiting for ever."""
    import ray

    from mindgraph.lvlm.ray_cluster import Cluster

    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    try:
        with pytest.raises(LVLMError, match="1 of 2 actors") as refused:
            Cluster(settings(server.base_url), patience=30)
        assert "--ray-workers 1" in refused.value.hint
        assert len(list(opened_alone(server).ask(intentions(3)))) == 3
    finally:
        ray.shutdown()


def opened_alone(server: StubServer) -> Any:
    return open_lvlm(settings(server.base_url, ray_workers=1))
