"""The embedded graph on Bolt, for Neo4j Browser and drivers: on loopback, for one user who only reads.

What is served is a copy of the graph, so that `query` and `load` are not locked out; when a load has
swapped the graph, the copy is made anew and the server changes over to it. The user belongs to a group
that may read records and nothing else: the engine itself refuses to write, to change the schema and to
read files. The password is random, and kept in the workspace for whoever may read it there. Clients come
through a gate, which knows how long each has been waiting: a statement that runs away is ended with the
server's process, which is started anew at once.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import filelock

from mindgraph.errors import StoreUnavailable
from mindgraph.stores.child import end, pipe, raise_told, spawn
from mindgraph.stores.embedded_home import Home
from mindgraph.stores.gate import HOST, Gate

PORT = 7687
USER = "reader"
#: The name that drivers and Neo4j Browser ask for when they are told none.
DATABASE = "neo4j"

_ALL = {
    "access": ["updateSecurity", "updateSchema", "updateDatabaseSettings"],
    "types": {"*": {"access": ["createRecord", "readRecord", "updateRecord", "deleteRecord"]}},
}
_READER = {"access": [], "types": {"*": {"access": ["readRecord"]}}}


#: What is read where the server ended without a word.
_DIED = '{"error": "The server ended at once.", "hint": "Ask again.", "kind": "StoreUnavailable"}'


@dataclass(frozen=True)
class Address:
    """Say how the graph is reached."""

    uri: str
    user: str
    password: str
    database: str


class Served:
    """Serve one workspace's embedded graph until it is closed."""

    def __init__(self, home: Home, place: Path, port: int = PORT) -> None:
        self._home = home
        self._root = place / "copy"
        self._port = port
        self._gate: Gate | None = None
        self._bolt = self._http = 0
        self._owner = secrets.token_urlsafe(32)
        self._password = kept_password(place / "password")
        self._folder: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> Address:
        """Return how the graph is reached."""
        port = self._gate.port if self._gate else self._port
        return Address(f"bolt://{HOST}:{port}", USER, self._password, DATABASE)

    def start(self) -> None:
        """Serve the graph of this moment; raise StoreUnavailable where there is none, or no port."""
        self._gate = Gate(self._port)
        shutil.rmtree(self._root, ignore_errors=True)
        (self._root / "config").mkdir(parents=True)
        self._root.chmod(0o700)
        groups = {"databases": {"*": {"groups": {"admin": _ALL, USER: _READER}}}, "version": 1}
        (self._root / "config" / "server-groups.json").write_text(json.dumps(groups), encoding="utf-8")
        self._change_over()
        user = {"name": USER, "password": self._password, "databases": {DATABASE: [USER]}}
        _command(self._http, self._owner, f"create user {json.dumps(user)}")
        self._gate.open(self._bolt)

    def refresh(self) -> bool:
        """Change over to the graph that a load has put in place of the one served; say whether it did.

        A server that has ended is started again.
        """
        alive = self._server is not None and self._server.poll() is None
        if alive and self._home.folder() == self._folder:
            return False
        self._change_over()
        if self._gate is not None:
            self._gate.open(self._bolt)
        return True

    def restrain(self, seconds: float) -> bool:
        """End the server where a statement has run longer than this, start it anew; say whether it did.

        Who waits is told why; who comes meanwhile waits until the server is there again.
        """
        if self._gate is None or self._gate.longest() <= seconds:
            return False
        self._gate.shut()
        self._gate.dismiss(
            f"A statement took longer than {seconds:g} seconds and was ended, with all others."
        )
        self._stop()
        self._spawn()
        self._gate.open(self._bolt)
        return True

    def close(self) -> None:
        """End the server and remove the copy."""
        if self._gate is not None:
            self._gate.close()
        self._stop()
        shutil.rmtree(self._root, ignore_errors=True)

    def _change_over(self) -> None:
        """Copy the graph of this moment, and only then stop the server for as long as it takes to swap."""
        beside, served = self._root / "next", self._root / "databases" / DATABASE
        folder = self._copy_to(beside)
        if self._gate is not None:
            self._gate.shut()
        self._stop()
        shutil.rmtree(served, ignore_errors=True)
        served.parent.mkdir(exist_ok=True)
        beside.rename(served)
        self._folder = folder
        self._spawn()

    def _spawn(self) -> None:
        """Start the server's process, and wait until it answers."""
        bolt, self._http = _free_port(), _free_port()
        self._server = spawn(
            "mindgraph.stores.serving_worker",
            *(str(self._root.resolve()), HOST, str(bolt), str(self._http), DATABASE),
        )
        pipe(self._server.stdin).write(f"{self._owner}\n".encode())
        pipe(self._server.stdin).flush()
        raise_told(json.loads(pipe(self._server.stdout).readline() or _DIED))
        self._bolt = bolt

    def _stop(self) -> None:
        """End the server's process, and with it every connection: drivers then make new ones."""
        if self._server is not None:
            end(self._server)
            self._server = None

    def _copy_to(self, beside: Path) -> Path:
        """Copy the graph that is asked, and return its folder; a load may take it away meanwhile."""
        while True:
            folder = self._home.folder()
            shutil.rmtree(beside, ignore_errors=True)
            try:
                shutil.copytree(folder, beside)
            except OSError as error:
                if self._home.folder() == folder:
                    raise StoreUnavailable(f"The graph cannot be copied: {error}.") from error
            else:
                return folder


@contextmanager
def only_one(place: Path) -> Iterator[None]:
    """Hold the right to serve a workspace; raise StoreUnavailable that names the process that has it."""
    place.mkdir(parents=True, exist_ok=True)
    note = place / "pid"
    lock = filelock.FileLock(place / ".lock", timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        owner = note.read_text() if note.is_file() else "unknown"
        raise StoreUnavailable(
            f"This graph is served already (pid {owner}).", hint="Use that server, or end it first."
        ) from error
    try:
        note.write_text(str(os.getpid()))
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def kept_password(path: Path) -> str:
    """Return the password in a file that only its owner can read; a new random one where there is none."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w") as out:
            out.write(secrets.token_urlsafe(18) + "\n")
    path.chmod(0o600)
    return path.read_text(encoding="utf-8").strip()


def _command(port: int, password: str, command: str) -> None:
    """Give the server's owner's command; the owner is known to this process alone."""
    credentials = base64.b64encode(f"root:{password}".encode()).decode()
    request = urllib.request.Request(
        f"http://{HOST}:{port}/api/v1/server",
        data=json.dumps({"command": command}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Basic {credentials}"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(request, timeout=30).close()
    except OSError as error:
        raise StoreUnavailable(f"The reading user could not be made: {error}.") from error


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])
