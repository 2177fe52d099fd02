"""As much of Bolt as it takes to know that a client waits for an answer, plain or over WebSocket.

A parser is fed bytes as they come, however they are cut, and tells the kind of each message. Requests
and answers come in pairs: each request but the farewell ends with one summary.
"""

from __future__ import annotations

from collections.abc import Callable, Generator

#: Gets the kind of each message: the second byte of its structure.
Tell = Callable[[int], None]
#: Yields how many bytes it wants next, and is sent just these.
Parser = Generator[int, bytes, None]

GOODBYE = 0x02
ROUTE = 0x66
RECORD = 0x71
#: SUCCESS, IGNORED, FAILURE: what ends the answer to a request.
SUMMARIES = frozenset((0x70, 0x7E, 0x7F))

#: Bytes with which a connection begins, before messages: what the client offers, what the server takes.
CLIENT_GREETING, SERVER_GREETING = 20, 4

_CONTINUED, _TEXT, _BINARY = 0, 1, 2


class Fed:
    """Feed a parser with bytes as they come."""

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._wanted = next(parser)
        self._kept = bytearray()

    def __call__(self, data: bytes) -> None:
        """Take some more bytes."""
        self._kept += data
        start = 0
        while len(self._kept) - start >= self._wanted:
            end = start + self._wanted
            self._wanted = self._parser.send(bytes(self._kept[start:end]))
            start = end
        del self._kept[:start]


def messages(greeting: int, tell: Tell) -> Parser:
    """Parse one direction of a connection: a greeting, then messages in chunks that end with an empty one."""
    yield greeting
    while True:
        head = b""
        while (size := int.from_bytes((yield 2), "big")) or not head:
            if size:  # an empty chunk between messages only says that somebody is there
                head += (yield size)[: 2 - len(head)]
        if len(head) > 1:
            tell(head[1])


def frames(take: Callable[[bytes], None]) -> Parser:
    """Parse one direction of a WebSocket: an HTTP head, then frames; `take` gets what they carry."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += yield 1
    while True:
        first, second = yield 2
        size = second & 0x7F
        if size > 125:
            size = int.from_bytes((yield 2 if size == 126 else 8), "big")
        mask = (yield 4) if second & 0x80 else b""
        payload = (yield size) if size else b""
        if first & 0x0F in (_CONTINUED, _TEXT, _BINARY) and payload:
            take(_unmasked(payload, mask))


def failure(code: str, message: str, *, framed: bool) -> bytes:
    """Return the message of a server that says why a request failed."""
    body = b"\xb1\x7f\xa2" + b"".join(map(_string, ("code", code, "message", message)))
    whole = len(body).to_bytes(2, "big") + body + b"\x00\x00"
    return b"\x82\x7e" + len(whole).to_bytes(2, "big") + whole if framed else whole


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    if not mask:
        return payload
    whole = (mask * (len(payload) // 4 + 1))[: len(payload)]
    plain = int.from_bytes(payload, "big") ^ int.from_bytes(whole, "big")
    return plain.to_bytes(len(payload), "big")


def _string(text: str) -> bytes:
    data = text.encode()
    return b"\xd1" + len(data).to_bytes(2, "big") + data
