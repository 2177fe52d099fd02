"""An end to every answer: connections that are late are shut from outside.

A time limit of a socket begins anew with each byte, so a server that drips one now and then, in its
headers even, would hold a request for ever. One thread looks at all connections that are being read.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import Any

from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

#: Seconds between two looks.
_EVERY = 0.1


class Watch:
    """Shut the connections of threads that read for longer than they may."""

    def __init__(self) -> None:
        self._due: dict[int, tuple[float, socket.socket]] = {}
        self._lock = threading.Lock()
        self._awake = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, sock: socket.socket, seconds: float) -> None:
        """Watch what this thread reads from a connection, from now on."""
        with self._lock:
            self._due[threading.get_ident()] = (time.monotonic() + seconds, sock)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, daemon=True, name="mindgraph-watch")
                self._thread.start()
        self._awake.set()

    def end(self) -> None:
        """Watch no more what this thread reads."""
        self._due.pop(threading.get_ident(), None)

    def _look(self) -> None:
        while True:
            self._awake.wait()
            if not self._due:
                self._awake.clear()
                if self._due:  # one has begun just now
                    self._awake.set()
            now = time.monotonic()
            for reader, (due, sock) in list(self._due.items()):
                if now >= due:
                    self._due.pop(reader, None)
                    _shut(sock)
            time.sleep(_EVERY)


WATCH = Watch()


class _Http(HTTPConnection):
    def getresponse(self) -> Any:
        _watched(self)
        return super().getresponse()


class _Https(HTTPSConnection):
    def getresponse(self) -> Any:
        _watched(self)
        return super().getresponse()


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


def watched(pools: PoolManager) -> PoolManager:
    """Return the pools, their connections watched for as long as their answer is read."""
    pools.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
    return pools


def _watched(connection: HTTPConnection) -> None:
    if connection.sock is not None and isinstance(connection.timeout, int | float):
        WATCH.begin(connection.sock, connection.timeout)


def _shut(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it may have ended by itself
        socket.socket.shutdown(sock, socket.SHUT_RDWR)
