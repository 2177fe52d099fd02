"""A server that speaks just enough Bolt to say which version it is."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO

_RUN, _PULL, _GOODBYE = 0x10, 0x3F, 0x02


@contextmanager
def bolt_stub(version: str) -> Iterator[str]:
    """Listen as a Neo4j of this version, which speaks Bolt 4.4; give its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listening = threading.Thread(target=_listen, args=(listener, version), daemon=True)
        listening.start()
        try:
            yield f"bolt://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            listening.join()


def _listen(listener: socket.socket, version: str) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_talk, args=(connection, version), daemon=True).start()


def _talk(connection: socket.socket, version: str) -> None:
    with connection, connection.makefile("rb") as read, suppress(OSError):
        if len(read.read(20)) < 20:  # a magic number, and the four versions that the client speaks
            return
        connection.sendall(bytes([0, 0, 4, 4]))
        while (said := _message(read)) and said[1] != _GOODBYE:
            for answer in _answers(said[1], version):
                connection.sendall(len(answer).to_bytes(2, "big") + answer + b"\0\0")


def _message(read: BinaryIO) -> bytes:
    """Return the next message, put together from its chunks; empty where there is none."""
    said = b""
    while head := read.read(2):
        size = int.from_bytes(head, "big")
        if size == 0 and said:
            return said
        said += read.read(size)
    return b""


def _answers(kind: int, version: str) -> list[bytes]:
    """Return what the server says to a message of this kind."""
    if kind == _RUN:
        return [_success(b"\xa1" + _text("fields") + b"\x91" + _text("1"))]
    if kind == _PULL:
        return [b"\xb1\x71\x91\x01", _success(b"\xa1" + _text("type") + _text("r"))]
    names = _text("server") + _text(f"Neo4j/{version}") + _text("connection_id") + _text("bolt-1")
    return [_success(b"\xa2" + names)]


def _success(about: bytes) -> bytes:
    return b"\xb1\x70" + about


def _text(text: str) -> bytes:
    """Return a short text as PackStream writes it."""
    return bytes([0x80 + len(text)]) + text.encode()
