"""A chat endpoint that answers at once and costs next to nothing: what is measured is the client.

`python -m benchmarks.model_stub` prints its address and serves until killed. There is one answer for
features, one for verdicts and one for all else.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

#: Two intentions for each group of relations: a reader takes those that it asked for.
_PHRASES = {
    "usedFor": "charging a phone on the road",
    "can": "keep a camera working all day",
    "isA": "equipment for a weekend outdoors",
    "partOf": "a kit that travels in one bag",
    "similarTo": "what people carry on long walks",
    "deriveFrom": "the wish to be ready anywhere",
    "open": "they plan a night under the sky",
}
_GIVEN = {name: {"phrase": text, "detail": "The cable fits both."} for name, text in _PHRASES.items()}
_FEATURE = dict.fromkeys(("features", "design", "quality", "distinction", "uses"), "a light thing that folds")
_LIKELY = [{"token": "Yes", "logprob": -0.2}, {"token": "No", "logprob": -1.8}]


def _answer(text: str, **more: Any) -> bytes:
    completion = {
        "id": "chatcmpl-0",
        "object": "chat.completion",
        "created": 0,
        "model": "stub",
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", **more},
        ],
        "usage": {
            "prompt_tokens": 1000,
            "completion_tokens": 30,
            "total_tokens": 1030,
            "prompt_tokens_details": {"cached_tokens": 900},
        },
    }
    body = json.dumps(completion).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + body


#: Answers by what stands near the end of a request; the last one is for all others.
_ANSWERS = (
    (b'"name":"feature"', _answer(json.dumps(_FEATURE))),
    (b'"top_logprobs"', _answer("Yes", logprobs={"content": [{**_LIKELY[0], "top_logprobs": _LIKELY}]})),
    (b"", _answer(json.dumps(_GIVEN))),
)


class _Stub(asyncio.Protocol):
    """Count the bytes of each request, and answer when they are all there."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._missing = 0
        self._head = self._end = b""

    def data_received(self, data: bytes) -> None:
        if not self._missing:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            length = int(self._head[:end].lower().split(b"content-length:")[1].split(b"\r\n")[0])
            self._missing, data = length, self._head[end + 4 :]
            self._head = b""
        self._missing -= len(data)
        if self._missing <= 0:
            self._missing = 0
            end = self._end + data
            self._transport.write(next(answer for mark, answer in _ANSWERS if mark in end))
            self._end = b""
        else:
            self._end = data[-4000:]


@contextmanager
def stub() -> Iterator[str]:
    """Serve in a process of its own and yield the base URL."""
    command = [sys.executable, "-m", "benchmarks.model_stub"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Stub, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
