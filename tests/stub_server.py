"""A local chat endpoint that answers at once, and misbehaves exactly as it is told.

In a test: `with StubServer(behave=…) as server: …`. As a process of its own, for benchmarks:
`python -m tests.stub_server --port 8001 --misbehave 0.2`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

#: What the server can do instead of answering; "" is a good answer.
MISDEEDS = (
    "429",
    "500",
    "html",
    "half",
    "drop",
    "cut",
    "long",
    "short",
    "endless",
    "drip",
    "heads",
    "hang",
    "reset",
)
_REASONS = {200: "OK", 302: "Found", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


@dataclass
class Answer:
    """Be what one request gets: a status with a body, or a misdeed."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    misdeed: str = ""
    delay: float = 0.0


@dataclass
class Seen:
    """Be one request as it arrived."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]


#: Gets the request and its number, from 0.
Behave = Callable[[Seen, int], "Answer | str | None"]


class StubServer:
    """Serve on a port of loopback, in a thread of its own."""

    def __init__(self, behave: Behave | None = None, *, port: int = 0, keep: bool = True, tls: Any = None):
        self.seen: list[Seen] = []
        self.requests = 0
        self.in_flight = 0
        self.most_in_flight = 0
        #: Answers that left whole.
        self.answered = 0
        self._behave = behave or (lambda seen, number: None)
        self._keep = keep
        self._port = port
        self._tls = tls
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()

    @property
    def base_url(self) -> str:
        """The address that a client is given."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> StubServer:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def chats(self) -> list[Seen]:
        """The chat requests, in the order in which they came."""
        return [seen for seen in self.seen if seen.path.endswith("/chat/completions")]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=2**26, ssl=self._tls)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await self._one(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = head[0].split(" ")[1]
        headers = {k.strip().lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:])}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        number, self.requests = self.requests, self.requests + 1
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            seen = Seen(path, headers, json.loads(raw) if raw and self._keep else {})
            if self._keep:
                self.seen.append(seen)
            told = self._behave(seen, number)
            answer = Answer(misdeed=told) if isinstance(told, str) else told or good(seen, number)
            if answer.delay:
                await asyncio.sleep(answer.delay)
            return await self._say(answer, writer, seen, number)
        finally:
            self.in_flight -= 1

    async def _say(self, answer: Answer, writer: asyncio.StreamWriter, seen: Seen, number: int) -> bool:
        if answer.misdeed:
            return await _misbehave(answer.misdeed, writer, good(seen, number))
        writer.write(_bytes(answer))
        await writer.drain()
        self.answered += 1
        return True


def good(seen: Seen, number: int) -> Answer:
    """A good answer to a request: schema-valid JSON, a decision with logprobs, or a sentence."""
    if seen.path.endswith("/models"):
        return Answer(body=json.dumps({"data": [{"id": "stub-model"}]}).encode())
    body = seen.body
    shape = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
    if shape is not None:
        return chat(json.dumps(example(shape, f"purpose {number}")))
    if body.get("logprobs"):
        return chat("Yes", logprobs={"Yes": -0.2, " yes": -3.0, "No": -2.0, "Maybe": -5.0})
    return chat(f"Both serve purpose {number}.")


def chat(
    text: str | None,
    *,
    logprobs: dict[str, float] | None = None,
    finish_reason: str = "stop",
    cached: int = 8,
) -> Answer:
    """An answer with this text, and with these likeliest first tokens."""
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish_reason,
    }
    if logprobs is not None:
        likely = [{"token": token, "logprob": value} for token, value in logprobs.items()]
        choice["logprobs"] = {"content": [{**likely[0], "top_logprobs": likely}]}
    usage = {
        "prompt_tokens": 12,
        "completion_tokens": 3,
        "total_tokens": 15,
        "prompt_tokens_details": {"cached_tokens": cached},
    }
    return Answer(
        body=json.dumps({"object": "chat.completion", "choices": [choice], "usage": usage}).encode()
    )


def example(schema: dict[str, Any], text: str) -> Any:
    """A value that is valid under a simple JSON Schema."""
    options = schema.get("anyOf")
    if options:
        return example(next(one for one in options if one.get("type") != "null"), text)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: example(part, f"{text} {name}") for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example(schema.get("items", {}), text)]
    return {"boolean": True, "integer": 1, "number": 0.5, "null": None}.get(str(kind), text)


def in_turn(answers: Iterable[Answer | str | None]) -> Behave:
    """Behave as told, one request after another; well from then on."""
    told: Iterator[Answer | str | None] = chain(answers, repeat(None))
    return lambda seen, number: next(told)


def at_random(
    share: float, seed: int = 0, misdeeds: Iterable[str] = ("429", "500", "half", "html", "cut")
) -> Behave:
    """Misbehave in a share of all answers."""
    chance, choices = random.Random(seed), tuple(misdeeds)
    return lambda seen, number: chance.choice(choices) if chance.random() < share else None


async def _misbehave(misdeed: str, writer: asyncio.StreamWriter, well: Answer) -> bool:
    """Do it, and say whether the connection goes on."""
    if misdeed == "hang":
        await asyncio.sleep(3600)
    elif misdeed == "reset":
        writer.transport.abort()
        return False
    elif misdeed in ("endless", "drip"):
        return await _never_end(writer, slowly=misdeed == "drip")
    elif misdeed == "heads":
        return await _drip_headers(writer)
    writer.write(_wrong(misdeed, well))
    await writer.drain()
    return misdeed in ("429", "500", "html", "half")


def _wrong(misdeed: str, well: Answer) -> bytes:
    half = well.body[: len(well.body) // 2]
    if misdeed == "drop":
        return _bytes(well)[:20]
    if misdeed == "cut":  # the head promises all, the body ends in the middle
        return _bytes(well)[: -len(half)]
    if misdeed in ("long", "short"):  # the length is a lie
        length = len(well.body) + (500 if misdeed == "long" else -20)
        return _bytes(Answer(body=well.body, headers={"Content-Length": str(length)}))
    wrong = {
        "429": Answer(429, b'{"error": {"message": "slow down"}}', {"Retry-After": "0.05"}),
        "500": Answer(500, b'{"error": {"message": "worker died"}}'),
        "html": Answer(200, b"<html><body><h1>Bad gateway</h1></body></html>", {"Content-Type": "text/html"}),
        "half": Answer(200, half),
    }
    return _bytes(wrong[misdeed])


async def _never_end(writer: asyncio.StreamWriter, *, slowly: bool) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" if slowly else b"x" * 65536)
        await writer.drain()
        await asyncio.sleep(0.02 if slowly else 0)
    return False


async def _drip_headers(writer: asyncio.StreamWriter) -> bool:
    """Say a byte of a header now and then, and never get to the answer."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Waiting: ")
    while not writer.is_closing():
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(0.02)
    return False


def _bytes(answer: Answer) -> bytes:
    headers = {"Content-Type": "application/json", "Content-Length": str(len(answer.body)), **answer.headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, '-')}\r\n{head}\r\n".encode() + answer.body


def main() -> None:
    """Serve until killed; the first line on standard output is the address."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--misbehave", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0)
    told = parser.parse_args()
    wrongly = at_random(told.misbehave)

    def behave(seen: Seen, number: int) -> Answer | str | None:
        wrong = wrongly(seen, number)
        if wrong is None and told.delay:
            answer = good(seen, number)
            answer.delay = told.delay
            return answer
        return wrong

    with StubServer(behave, port=told.port) as server:
        print(server.base_url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
