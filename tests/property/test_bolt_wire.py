"""What is told of a Bolt connection does not depend on how its bytes are cut."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from mindgraph.stores.bolt_wire import SUMMARIES, Fed, failure, frames, messages

bodies = st.lists(st.binary(min_size=2, max_size=300), max_size=6)
masks = st.binary(min_size=4, max_size=4)


def chunked(body: bytes, size: int) -> bytes:
    """Return a message in chunks of some bytes."""
    parts = [body[n : n + size] for n in range(0, len(body), size)]
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts) + b"\x00\x00"


def framed(data: bytes, mask: bytes) -> bytes:
    """Return a WebSocket frame that a client sends."""
    size = len(data)
    head = bytes((0x82, 0x80 | size)) if size < 126 else b"\x82\xfe" + size.to_bytes(2, "big")
    return head + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(data))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    """Return data cut at some places."""
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


@given(bodies, st.integers(1, 400), st.lists(st.integers(0, 5000), max_size=8))
def test_each_message_is_told_once_by_its_kind(bodies: list[bytes], size: int, cuts: list[int]):
    """After a greeting; empty chunks between messages mean nothing."""
    told: list[int] = []
    parse = Fed(messages(20, told.append))
    for piece in pieces(b"g" * 20 + b"\x00\x00".join(chunked(body, size) for body in bodies), cuts):
        parse(piece)

    assert told == [body[1] for body in bodies]


@given(bodies, masks, st.lists(st.integers(0, 5000), max_size=8))
def test_a_websocket_carries_the_same(bodies: list[bytes], mask: bytes, cuts: list[int]):
    """Masked frames after an HTTP head, each with a message or a part of the greeting."""
    told: list[int] = []
    parse = Fed(frames(Fed(messages(20, told.append))))
    sent = b"".join(framed(part, mask) for part in [b"g" * 7, b"g" * 13, *(chunked(b, 99) for b in bodies)])
    for piece in pieces(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + sent, cuts):
        parse(piece)

    assert told == [body[1] for body in bodies]


@given(st.binary(max_size=2000), st.booleans())
def test_what_is_no_bolt_breaks_nothing(data: bytes, web: bool):
    """Any bytes are taken."""
    plain = Fed(messages(4, lambda kind: None))
    (Fed(frames(plain)) if web else plain)(data)


def test_our_failure_ends_a_request():
    """Read back by the same parser, plain and in a frame."""
    for web in (False, True):
        told: list[int] = []
        plain = Fed(messages(4, told.append))
        parse = Fed(frames(plain)) if web else plain
        parse(b"HTTP/1.1 101 OK\r\n\r\n\x82\x04" + b"vers" if web else b"vers")
        parse(failure("Neo.ClientError.Transaction.TransactionTimedOut", "too long", framed=web))
        assert told == [0x7F]
        assert set(told) <= SUMMARIES
