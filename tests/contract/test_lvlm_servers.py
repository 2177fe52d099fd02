"""Several servers at once, quotas, and how a server gets the pictures."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mindgraph.errors import LVLMError, LVLMUnavailable
from mindgraph.lvlm import open_lvlm
from mindgraph.lvlm.http import Http
from mindgraph.lvlm.pacing import Pace, Quota
from mindgraph.lvlm.transport import Transport
from mindgraph.settings import Settings
from tests.questions import intention, intentions, picture
from tests.stub_server import Answer, Behave, Seen, StubServer, good


@contextmanager
def two(one: Behave | None, other: Behave | None, **options: Any) -> Iterator[tuple[Any, ...]]:
    """Two servers and an engine that asks both."""
    with StubServer(one) as first, StubServer(other) as second:
        transports = [Transport(server.base_url, timeout=2) for server in (first, second)]
        yield first, second, Http(transports, "m", backoff=0.01, **options)


def nowhere() -> str:
    """An address at which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


def test_two_servers_share_the_work() -> None:
    """Both are asked, and every prompt is answered once."""
    with two(None, None) as (first, second, engine):
        replies = [reply.prompt.item for reply in engine.ask(intentions(60))]
        assert sorted(replies) == sorted(prompt.item for prompt in intentions(60))
        assert min(first.requests, second.requests) >= 15
        assert first.requests + second.requests == 60


def test_the_questions_about_one_cobuy_go_to_one_server(tmp_path: Path) -> None:
    """The server that has read the pictures of a co-buy is asked about it again."""
    shown = [(picture(tmp_path, f"a{n}"), picture(tmp_path, f"b{n}")) for n in range(10)]
    asked = [
        intention(n, content=(*shown[n], f"pair {n}", f"question {q}")) for n in range(10) for q in range(4)
    ]
    with two(None, None, concurrency=80) as (first, second, engine):
        list(engine.ask(asked))
        where = [
            Counter(seen.body["messages"][1]["content"][2]["text"] for seen in server.chats())
            for server in (first, second)
        ]
    assert set(where[0].values()) | set(where[1].values()) == {4}


def test_a_bad_server_is_set_aside(caplog: pytest.LogCaptureFixture) -> None:
    """One that breaks every answer costs a few tries, is named once, and the other does the work."""
    with caplog.at_level(logging.WARNING), two(lambda seen, number: "500", None) as (bad, _, engine):
        replies = list(engine.ask(intentions(200)))
        assert [reply.error for reply in replies if reply.error] == []
        assert bad.requests < 60
    assert sum("set aside" in record.message for record in caplog.records) == 1


def test_a_server_that_is_not_there_is_set_aside() -> None:
    """A refused connection at one of two stops nothing."""
    with StubServer() as server:
        transports = [Transport(nowhere()), Transport(server.base_url)]
        engine = Http(transports, "m", backoff=0.01, first_patience=0.05)
        assert [reply.error for reply in engine.ask(intentions(80)) if reply.error] == []
        assert server.requests == 80


def test_a_server_that_refuses_the_key_is_asked_no_more(caplog: pytest.LogCaptureFixture) -> None:
    """The other goes on; where both refuse, the run stops."""
    refuses = Answer(401, b'{"error": "no"}')
    with caplog.at_level(logging.WARNING), two(lambda s, n: refuses, None) as (bad, _, engine):
        assert [reply.error for reply in engine.ask(intentions(50)) if reply.error] == []
        assert bad.requests <= 16
    assert sum("asked no more" in record.message for record in caplog.records) == 1
    with (
        two(lambda s, n: refuses, lambda s, n: refuses) as (_, _, engine),
        pytest.raises(LVLMError, match="refuses the key"),
    ):
        list(engine.ask(intentions(50)))


def test_no_server_left_is_unavailable() -> None:
    """When none answers, all are named."""
    addresses = [nowhere(), nowhere()]
    engine = Http([Transport(one) for one in addresses], "m", backoff=0.01, first_patience=0.05)
    with pytest.raises(LVLMUnavailable, match=f"{addresses[0]}, {addresses[1]}"):
        list(engine.ask(intentions(50)))


def test_addresses_are_separated_by_commas() -> None:
    """The setting names several servers in one line; the first is asked for the model's name."""
    with StubServer() as first, StubServer() as second:
        lvlm = open_lvlm(Settings(base_url=f"{first.base_url}, {second.base_url}"))
        assert len(list(lvlm.ask(intentions(40)))) == 40
        assert len(first.chats()) + len(second.chats()) == 40
        assert second.chats()
        lvlm.close()


def test_requests_a_minute_are_kept() -> None:
    """A tenth of a minute's requests may come at once; after that they come evenly."""
    with StubServer() as server:
        lvlm = open_lvlm(Settings(base_url=server.base_url, requests_per_minute=600))
        begun = time.monotonic()
        assert len(list(lvlm.ask(intentions(75)))) == 75
        assert 1.2 <= time.monotonic() - begun <= 6
        lvlm.close()


def test_tokens_a_minute_are_kept() -> None:
    """What the server counts is set against the quota, and the next requests wait for it."""
    quota, stop = Quota(tokens=60_000), threading.Event()
    stop.set()  # nobody sleeps: the pauses are looked at
    assert quota._tokens.take(0) == 0
    for _ in range(6):
        quota.used(quota.wait(stop), 1000)
    assert quota._tokens.take(1000) == pytest.approx(1.0, abs=0.2)


def test_a_slow_server_is_asked_less() -> None:
    """Answers that come close to the time allowed leave fewer in flight; quick ones more again."""
    pace = Pace(10, timeout=1.0)
    pace.kept_up(0.9)
    assert pace.limit() == 8
    for _ in range(40):
        pace.kept_up(0.1)
    assert pace.limit() == 10


def test_timeouts_leave_fewer_in_flight() -> None:
    """A server that lets requests run out of time is asked fewer at once."""

    def slow(seen: Seen, number: int) -> Answer:
        answer = good(seen, number)
        answer.delay = 0.6 if number < 8 else 0.0
        return answer

    with StubServer(slow) as server:
        engine = Http(Transport(server.base_url, timeout=0.3), "m", concurrency=8, backoff=0.01)
        assert [reply.error for reply in engine.ask(intentions(10)) if reply.error] == []
        assert engine.fleet.limit() < 8


def test_pictures_as_files_or_addresses(tmp_path: Path) -> None:
    """A server that reads files or addresses itself gets their names instead of their bytes."""
    shown = picture(tmp_path, "a lamp")
    for way, expected in (
        ("file", (tmp_path / "a lamp.jpg").as_uri()),
        ("https://pictures.example/shop/", "https://pictures.example/shop/a%20lamp.jpg"),
    ):
        with StubServer() as server:
            lvlm = open_lvlm(Settings(base_url=server.base_url, pictures=way))
            assert next(lvlm.ask([intention(content=(shown, "?"))])).error is None
            assert server.chats()[0].body["messages"][1]["content"][0]["image_url"]["url"] == expected
            lvlm.close()
