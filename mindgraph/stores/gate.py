"""The gate before a Bolt server: lets everything through, and knows how long each client has been waiting.

A statement that runs away can only be ended with its server's process; the gate says when that is due,
tells the client why, and keeps new clients waiting until the server is there again.
"""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from mindgraph.errors import StoreUnavailable
from mindgraph.stores.bolt_wire import (
    CLIENT_GREETING,
    GOODBYE,
    ROUTE,
    SERVER_GREETING,
    SUMMARIES,
    Fed,
    Tell,
    failure,
    frames,
    messages,
)

HOST = "127.0.0.1"
#: Seconds that a new client waits for a server that is being changed.
PATIENCE = 60.0

_CODE = "Neo.ClientError.Transaction.TransactionTimedOut"


class Gate:
    """Listen on a port of the loopback, and pass everything on to a port that may change."""

    def __init__(self, port: int) -> None:
        self._listener = _listening(port)
        self.port = int(self._listener.getsockname()[1])
        self._inner: int | None = None
        self._open = threading.Event()
        self._passages: set[Passage] = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def open(self, inner: int) -> None:
        """Let clients through to a server's port."""
        self._inner = inner
        self._open.set()

    def shut(self) -> None:
        """Keep new clients waiting."""
        self._open.clear()

    def longest(self) -> float:
        """Return for how many seconds the most patient client has been waiting for an answer."""
        return max((passage.waiting() for passage in list(self._passages)), default=0.0)

    def dismiss(self, why: str) -> None:
        """Tell every client that waits why it gets no answer, and let all go."""
        for passage in list(self._passages):
            passage.dismiss(why)

    def close(self) -> None:
        """Stop listening, and let all clients go."""
        # on some systems a thread that accepts is only woken by this
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for passage in list(self._passages):
            passage.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._admit, args=(client,), daemon=True).start()

    def _admit(self, client: socket.socket) -> None:
        if not self._open.wait(PATIENCE) or self._inner is None:
            client.close()
            return
        try:
            server = socket.create_connection((HOST, self._inner))
        except OSError:
            client.close()
            return
        passage = Passage(client, server, self.port)
        self._passages.add(passage)
        passage.run()
        self._passages.discard(passage)


class Passage:
    """Be one connection of a client, passed on to the server."""

    def __init__(self, client: socket.socket, server: socket.socket, port: int) -> None:
        self._client, self._server = client, server
        #: The server's port and ours, of one length: a client that asks for routes shall come here again.
        inner = server.getpeername()[1]
        self._ports = f":{inner:05d}".encode(), f":{port:05d}".encode()
        self._routed = False
        self._lock = threading.Lock()
        self._unanswered = 0
        self._since = 0.0
        self._framed = False
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def waiting(self) -> float:
        """Return for how many seconds a request has had no whole answer; 0 where none is open."""
        with self._lock:
            return time.monotonic() - self._since if self._unanswered else 0.0

    def dismiss(self, why: str) -> None:
        """Tell a client that waits why it gets no answer, and close."""
        if self.waiting():
            with suppress(OSError):
                self._client.sendall(failure(_CODE, why, framed=self._framed))
        self.close()

    def close(self) -> None:
        """Close both ends."""
        for end in (self._client, self._server):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def run(self) -> None:
        """Pass bytes on in both directions until one side has ended and nothing is being worked on.

        Where a client goes away while its statement runs, the passage stays until the statement ends:
        it is to be ended like any other that runs away.
        """
        back = threading.Thread(target=self._answers, daemon=True)
        with suppress(OSError):
            first = self._client.recv(65_536)
            self._framed = first.startswith(b"GET ")
            back.start()
            self._requests(first)
        if self._unanswered and back.is_alive():
            back.join()
        self.close()

    def _requests(self, data: bytes) -> None:
        parse = self._parser(CLIENT_GREETING, self._asked)
        while data:
            parse(data)
            self._server.sendall(data)
            data = self._client.recv(65_536)

    def _answers(self) -> None:
        parse = self._parser(SERVER_GREETING, self._answered)
        gone = False
        while True:
            try:
                data = self._server.recv(65_536)
            except OSError:
                break
            if not data:
                break
            parse(data)
            if self._routed and self._ports[0] in data:
                data, self._routed = data.replace(*self._ports), False
            try:
                self._client.sendall(data)
            except OSError:
                gone = True
            if gone and not self._unanswered:
                break
        self.close()

    def _parser(self, greeting: int, tell: Tell) -> Fed:
        plain = Fed(messages(greeting, tell))
        return Fed(frames(plain)) if self._framed else plain

    def _asked(self, kind: int) -> None:
        with self._lock:
            if kind == GOODBYE:
                return
            self._routed |= kind == ROUTE
            if not self._unanswered:
                self._since = time.monotonic()
            self._unanswered += 1

    def _answered(self, kind: int) -> None:
        with self._lock:
            if kind in SUMMARIES and self._unanswered:
                self._unanswered -= 1


def _listening(port: int) -> socket.socket:
    """Return a socket that listens; raise StoreUnavailable where the port cannot be had."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise StoreUnavailable(
            f"Port {port} cannot be had: {error.strerror}.", hint="Choose another with --port; 0 is any."
        ) from error
    return listener
