"""How the http engine bears a server that misbehaves, and what it says on the wire."""

from __future__ import annotations

import base64
import io
import json
import logging
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mindgraph.errors import LVLMError, LVLMUnavailable, SettingsError
from mindgraph.lvlm import open_lvlm
from mindgraph.lvlm.http import Http
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.transport import MAX_BYTES, Transport
from mindgraph.messages import Decoding, Reply
from mindgraph.settings import Settings
from tests.questions import SCHEMA, intention, intentions, picture, verdict, verdicts
from tests.stub_server import Answer, Behave, Seen, StubServer, at_random, chat, good, in_turn

SECRET = "sk-a-secret-that-nobody-may-see"


@contextmanager
def served(
    behave: Behave | None = None, *, timeout: float = 5.0, key: str = "", **options: Any
) -> Iterator[tuple[StubServer, Http]]:
    """A stub server and an engine that asks it, with short pauses."""
    with StubServer(behave) as server:
        transport = Transport(server.base_url, key=key, timeout=timeout)
        engine = Http(transport, "stub-model", **{"backoff": 0.01, "concurrency": 8, **options})
        yield server, engine
        engine.close()


def error(status: int, message: str) -> Answer:
    """An error as such servers word it."""
    return Answer(status, json.dumps({"error": {"message": message}}).encode())


# what is said on the wire


def test_pictures_arrive_in_order_before_the_text(tmp_path: Path) -> None:
    """Both pictures are data URLs that can be decoded, in the prompt's order, before the words."""
    content = (picture(tmp_path, "a", "red"), picture(tmp_path, "b", "blue"), "a lamp and a tent", "why?")
    with served() as (server, engine):
        list(engine.ask([intention(content=content)]))
        parts = server.chats()[0].body["messages"][1]["content"]
    assert [part["type"] for part in parts] == ["image_url", "image_url", "text", "text"]
    colours = [_colour(part["image_url"]["url"]) for part in parts[:2]]
    assert colours == ["red", "blue"]


def _colour(url: str) -> str:
    head, _, data = url.partition(",")
    assert head == "data:image/jpeg;base64"
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        red, _, blue = image.convert("RGB").getpixel((5, 5))  # type: ignore[misc]
    return "red" if red > blue else "blue"


def test_a_request_carries_schema_decoding_and_roles() -> None:
    """Schema, decoding, seed and the system text stand where servers look for them."""
    with served() as (server, engine):
        list(engine.ask([intention(decoding=Decoding(temperature=0.2, max_tokens=99, seed=5))]))
        body = server.chats()[0].body
    assert body["response_format"]["json_schema"]["schema"] == SCHEMA
    assert (body["temperature"], body["max_tokens"], body["seed"]) == (0.2, 99, 5)
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["model"] == "stub-model"


def test_a_prompt_without_pictures_is_plain_text() -> None:
    """Servers that read only text are given one text."""
    with served() as (server, engine):
        list(engine.ask([intention(content=("one", "two"))]))
        assert server.chats()[0].body["messages"][1]["content"] == "one\n\ntwo"


def test_tokens_and_finish_reason_are_kept() -> None:
    """What the server counts, cached tokens too, stands in the reply; so does why it ended."""
    with served(in_turn([chat("so far", finish_reason="length", cached=7)])) as (_, engine):
        (reply,) = engine.ask([intention()])
    usage = (reply.usage.prompt_tokens, reply.usage.cached_tokens, reply.usage.completion_tokens)
    assert (reply.text, reply.finish_reason, usage) == ("so far", "length", (12, 7, 3))


def test_a_decision_sums_the_spellings_of_yes() -> None:
    """The probability of yes is summed over its spellings and set against that of no."""
    likely = {"Yes": -1.0, " yes": -2.0, "YES": -3.0, "No": -1.5, "Perhaps": -0.5}
    with served(in_turn([chat("Yes", logprobs=likely)])) as (_, engine):
        (decision,) = engine.decide([verdict()])
    assert decision.p_yes == pytest.approx(0.7125, abs=1e-4)


def test_only_as_many_are_in_flight_as_allowed() -> None:
    """Concurrency is a limit, and it is used."""

    def slowly(seen: Seen, number: int) -> Answer:
        answer = good(seen, number)
        answer.delay = 0.05
        return answer

    with served(slowly, concurrency=5) as (server, engine):
        assert len(list(engine.ask(intentions(25)))) == 25
        assert server.most_in_flight == 5


# what a server does not understand


def test_a_server_that_refuses_the_schema_is_asked_another_way(caplog: pytest.LogCaptureFixture) -> None:
    """A 400 about response_format leads to json_object, then to words in the prompt; said once each."""

    def refuses(seen: Seen, number: int) -> Answer | None:
        wanted = seen.body.get("response_format")
        return error(400, "response_format is not supported") if wanted else chat('{"usedFor": null}')

    with caplog.at_level(logging.WARNING), served(refuses) as (server, engine):
        replies = list(engine.ask(intentions(20)))
        assert {reply.text for reply in replies} == {'{"usedFor": null}'}
        last = server.chats()[-1].body
    assert "JSON Schema" in last["messages"][0]["content"]
    assert len(caplog.records) == 2


def test_a_server_that_ignores_the_schema_is_told_in_words(caplog: pytest.LogCaptureFixture) -> None:
    """Where the first answers are prose, the schema is put in words from then on; said once."""
    told = in_turn([chat("Because they like them.")] * 3)
    with caplog.at_level(logging.WARNING), served(told, concurrency=1) as (server, engine):
        list(engine.ask(intentions(10)))
        bodies = [seen.body for seen in server.chats()]
    assert ["response_format" in body for body in bodies] == [True] * 3 + [False] * 7
    assert len(caplog.records) == 1


def test_a_server_without_probabilities_answers_in_words(caplog: pytest.LogCaptureFixture) -> None:
    """Where no logprobs come, the text is the answer and p_yes is None; said once."""
    with caplog.at_level(logging.WARNING), served(lambda seen, number: chat("No")) as (_, engine):
        decisions = list(engine.decide(verdicts(10)))
    assert {(one.text, one.p_yes) for one in decisions} == {("No", None)}
    assert len(caplog.records) == 1


def test_a_server_that_refuses_logprobs_is_asked_without() -> None:
    """A 400 about logprobs does not cost the answer."""

    def refuses(seen: Seen, number: int) -> Answer:
        return error(400, "logprobs are not supported") if seen.body.get("logprobs") else chat("Yes")

    with served(refuses) as (_, engine):
        assert [one.text for one in engine.decide(verdicts(5))] == ["Yes"] * 5


def test_a_server_that_wants_the_other_limit_gets_it() -> None:
    """`max_tokens` becomes `max_completion_tokens` where the server says so."""

    def newer(seen: Seen, number: int) -> Answer | None:
        return error(400, "use 'max_completion_tokens' instead") if "max_tokens" in seen.body else None

    with served(newer) as (_, engine):
        assert next(engine.ask([intention()])).error is None


# what goes wrong


@pytest.mark.parametrize("misdeed", ["429", "500", "html", "half", "drop", "cut", "long", "short", "reset"])
def test_a_misdeed_is_asked_again(misdeed: str) -> None:
    """One bad answer costs a request, not the item."""
    with served(in_turn([misdeed]), timeout=1.0) as (server, engine):
        (reply,) = engine.ask([intention()])
        assert (reply.error, server.requests) == (None, 2)


@pytest.mark.parametrize("misdeed", ["hang", "drip", "heads"])
def test_a_server_that_does_not_end_is_cut_off_in_time(misdeed: str) -> None:
    """Hanging and dripping, in the headers even, end at the deadline, and are asked again."""
    begun = time.monotonic()
    with served(in_turn([misdeed]), timeout=0.4) as (_, engine):
        assert next(engine.ask([intention()])).error is None
    assert time.monotonic() - begun < 3


def test_a_server_that_answers_without_end_is_cut_off_by_size() -> None:
    """More bytes than an answer can have are not read."""
    with served(in_turn(["endless"]), tries=1, timeout=60) as (_, engine):
        (reply,) = engine.ask([intention()])
    assert reply.error is not None
    assert reply.error.startswith("the answer did not end after")
    assert int(reply.error.split()[-2]) < MAX_BYTES + 100_000


@pytest.mark.parametrize(
    ("misdeed", "said"),
    [
        ("500", "status 500: worker died"),
        ("html", "HTML came instead of JSON"),
        ("half", "the answer is not whole"),
        ("cut", "the answer broke off"),
        ("hang", "no answer within 0.3 s"),
    ],
)
def test_an_item_that_keeps_failing_is_an_answer_with_an_error(misdeed: str, said: str) -> None:
    """After the last try the reply says why in one line, with what came; the others are answered."""

    def behave(seen: Seen, number: int) -> str | None:
        return misdeed if "number 3." in seen.body["messages"][1]["content"] else None

    with served(behave, tries=2, timeout=0.3) as (_, engine):
        replies = {reply.prompt.item: reply for reply in engine.ask(intentions(6))}
    failed = replies.pop("cobuy-3")
    assert failed.error is not None
    assert failed.error.startswith(said)
    assert "\n" not in failed.error
    assert [reply.error for reply in replies.values()] == [None] * 5


def test_a_fifth_of_misdeeds_loses_nothing(tmp_path: Path) -> None:
    """Every item is answered once, and the ledger has each once."""
    with served(at_random(0.2, seed=3), concurrency=16, timeout=2, tries=8) as (server, engine):
        ledgered = Ledgered(engine, tmp_path / "replies.sqlite")
        replies = list(ledgered.ask(intentions(400)))
        ledgered.close()
        assert server.requests > 400
    assert sorted(r.prompt.item for r in replies) == sorted(p.item for p in intentions(400))
    assert all(reply.error is None for reply in replies)


def test_retry_after_is_honoured() -> None:
    """A server that says when to come back is left alone until then."""
    busy = Answer(429, b"{}", {"Retry-After": "0.6"})
    begun = time.monotonic()
    with served(in_turn([busy])) as (_, engine):
        assert next(engine.ask([intention()])).error is None
    assert time.monotonic() - begun >= 0.6


def test_a_server_that_is_busy_is_asked_less() -> None:
    """After 429 fewer requests are in flight."""
    with served(in_turn(["429"] * 6), concurrency=16) as (_, engine):
        list(engine.ask(intentions(12)))
        assert engine.fleet.limit() < 16


def test_a_refused_item_is_not_asked_again() -> None:
    """A 400 about one item is that item's error, with the server's words."""

    def too_long(seen: Seen, number: int) -> Answer | None:
        wrong = "number 2." in seen.body["messages"][1]["content"]
        return error(400, "context is too long: 9000 > 8192") if wrong else None

    with served(too_long) as (server, engine):
        replies = {reply.prompt.item: reply.error for reply in engine.ask(intentions(5))}
        assert server.requests == 5
    assert replies["cobuy-2"] == "the server refused it (400): context is too long: 9000 > 8192"


def test_a_server_that_refuses_everything_stops_the_run() -> None:
    """When the first requests are all refused it is not the items' fault."""
    with served(lambda seen, number: error(400, "this model reads no images")) as (server, engine):
        with pytest.raises(LVLMError, match=r"all refused.*this model reads no images"):
            list(engine.ask(intentions(1000)))
        assert server.requests < 60


def test_a_picture_that_is_gone_is_one_items_error(tmp_path: Path) -> None:
    """A missing file of a picture is told with its path; the rest goes on."""
    gone = picture(tmp_path, "gone")
    Path(gone.path).unlink()
    with served() as (_, engine):
        replies = list(engine.ask([intention(0, content=(gone, "text")), intention(1)]))
    errors = {reply.prompt.item: reply.error for reply in replies}
    assert errors["cobuy-1"] is None
    assert "gone.jpg" in str(errors["cobuy-0"])


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_stops_at_once(status: int) -> None:
    """A refused key is told with the variable to set, after one round of requests."""
    with served(lambda seen, number: error(status, "bad key"), key=SECRET, concurrency=2) as (server, engine):
        with pytest.raises(LVLMError, match="refuses the key") as stopped:
            list(engine.ask(intentions(100)))
        assert server.requests <= 2
    assert "MINDGRAPH_API_KEY" in stopped.value.hint


@pytest.mark.parametrize("status", [404, 302])
def test_a_wrong_address_stops_at_once(status: int) -> None:
    """An address that serves no chat is told with a hint, and a redirect is not followed."""
    answer = Answer(status, b"", {"Location": "http://elsewhere.invalid/"} if status == 302 else {})
    with (
        served(lambda seen, number: answer) as (_, engine),
        pytest.raises(LVLMError, match="does not serve chat completions") as stopped,
    ):
        list(engine.ask([intention()]))
    assert "/v1" in stopped.value.hint


def test_no_server_at_all_is_unavailable() -> None:
    """A refused connection names the address and what to look at; nothing was asked."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    engine = Http(Transport(address), "m", backoff=0.01, patience=0.1, first_patience=0.1)
    with pytest.raises(LVLMUnavailable, match=address) as stopped:
        list(engine.ask(intentions(50)))
    assert stopped.value.retryable
    assert "--base-url" in stopped.value.hint


def test_a_name_that_does_not_resolve_is_unavailable() -> None:
    """An unknown host is told as such."""
    engine = Http(Transport("http://nobody.invalid/v1"), "m", backoff=0.01, first_patience=0.1)
    with pytest.raises(LVLMUnavailable, match=r"nobody\.invalid"):
        list(engine.ask([intention()]))


def test_a_server_that_dies_keeps_what_was_answered(tmp_path: Path) -> None:
    """When the server goes away in the middle, what was answered is stored, and the rest is asked later."""
    with StubServer() as server:
        engine = Http(Transport(server.base_url), "m", backoff=0.01, patience=0.2, concurrency=2)
        ledgered = Ledgered(engine, tmp_path / "replies.sqlite")
        replies = ledgered.ask(intentions(30))
        first = [next(replies) for _ in range(10)]
    with pytest.raises(LVLMUnavailable):
        first.extend(replies)
    ledgered.close()
    with served() as (server, engine):
        engine.name = "m"
        again = Ledgered(engine, tmp_path / "replies.sqlite")
        assert len(list(again.ask(intentions(30)))) == 30
        assert (again.found, again.asked) == (len(first), 30 - len(first))
        again.close()


def test_a_bad_certificate_stops_the_run(tmp_path: Path) -> None:
    """A certificate that nobody vouches for is refused, and the hint says what to do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*_certificate(tmp_path))
    with StubServer(tls=context) as server:
        engine = Http(Transport(server.base_url, key=SECRET), "m")
        with pytest.raises(LVLMError, match="no safe connection") as stopped:
            list(engine.ask([intention()]))
        assert server.requests == 0
    assert "SSL_CERT_FILE" in stopped.value.hint


def test_a_certificate_of_ones_own_is_taken_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSL_CERT_FILE vouches for a server that nobody else does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = _certificate(tmp_path)
    context.load_cert_chain(certificate, key)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with StubServer(tls=context) as server:
        engine = Http(Transport(server.base_url, key=SECRET), "m")
        assert next(engine.ask([intention()])).error is None


# keys and addresses


def test_a_key_is_nowhere_but_in_the_header(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that repeats the key finds it in no error, log or ledger, and it goes to no file."""
    monkeypatch.setenv("MINDGRAPH_API_KEY", SECRET)

    def repeats(seen: Seen, number: int) -> Answer:
        said = f"you sent {seen.headers['authorization']}"
        told: list[Callable[[], Answer]] = [
            lambda: chat(said),
            lambda: error(400, said),
            lambda: error(500, said),
            lambda: Answer(200, said.encode()),
            lambda: error(400, f"response_format: {said}"),
        ]
        return told[number % len(told)]()

    with caplog.at_level(logging.DEBUG), StubServer(repeats) as server:
        opened = open_lvlm(Settings(base_url=server.base_url, model="m", timeout=1, concurrency=4))
        assert isinstance(opened, Http)
        opened._backoff = 0.01
        ledgered = Ledgered(opened, tmp_path / "replies.sqlite")
        replies: list[Reply] = list(ledgered.ask(intentions(12)))
        ledgered.close()
        assert server.seen[0].headers["authorization"] == f"Bearer {SECRET}"
    everything = [caplog.text, repr(replies), *(repr(path.read_bytes()) for path in tmp_path.iterdir())]
    assert [SECRET in one for one in everything] == [False] * len(everything)


def test_a_key_in_the_address_is_refused() -> None:
    """An address with a password is not taken, for addresses are stored; the message hides it."""
    with pytest.raises(SettingsError) as refused:
        open_lvlm(Settings(base_url=f"https://user:{SECRET}@host/v1", model="m"))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("address", ["localhost:8000/v1", "ftp://host/v1", "http://", "not an address"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    """What is no http address is told with an example."""
    with pytest.raises(SettingsError, match="no address of a server"):
        open_lvlm(Settings(base_url=address, model="m"))


def test_no_address_is_told() -> None:
    """The engine `http` without an address says which option is missing."""
    with pytest.raises(SettingsError) as refused:
        open_lvlm(Settings(model="m"))
    assert "--base-url" in refused.value.hint


def test_the_only_model_is_found() -> None:
    """Without a model's name the server is asked for its own."""
    with StubServer() as server:
        assert open_lvlm(Settings(base_url=server.base_url)).name == "stub-model"


def test_of_several_models_one_must_be_named() -> None:
    """A server with several models is not guessed at."""
    listed = Answer(body=b'{"data": [{"id": "large"}, {"id": "small"}]}')
    with (
        StubServer(lambda seen, number: listed) as server,
        pytest.raises(SettingsError, match="serves 2 models: large, small"),
    ):
        open_lvlm(Settings(base_url=server.base_url))


def test_a_proxy_is_used_but_not_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's proxy carries requests to other hosts; this machine is asked directly."""
    with StubServer() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        engine = Http(Transport("http://models.example/v1"), "m")
        assert next(engine.ask([intention()])).error is None
        assert proxy.seen[0].path == "http://models.example/v1/chat/completions"
        with served() as (server, direct):
            assert next(direct.ask([intention()])).error is None
            assert (server.requests, proxy.requests) == (1, 1)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate that signed itself, and its key."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    request = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
    ]
    command = [*request, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key
