"""The embedded engine: opened quietly, with its memory bounded, and its errors in our words.

The engine is a native library in a wheel, and the only module that knows its name is this one. It
would keep a log and talk on the console; nothing of that may reach standard output or the folder
that somebody happens to be in.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mindgraph.errors import StoreError, StoreUnavailable
from mindgraph.stores.guard import pointed

#: Tells the engine to log nothing. It must be a real file for as long as the engine runs.
_SILENCE = Path(__file__).with_name("embedded_silence.properties")
#: The most memory that the engine may take for its objects; file pages and Python's come on top.
HEAP = "1g"

#: "at line 1, column 12" or "at line 1:11": columns count from 0 in both.
_PLACE = re.compile(r"\bat line (\d+)(?:, column |:)(\d+)(?: - )?")
_NAMED = re.compile(r"(?:Variable|function|parameter\(s\):) '?([\w.]+)'?")
_JAVA = re.compile(r"^(?:[\w ]+: )?(?:[a-z]\w*\.)+(\w+): ")


def open_database(folder: Path, *, create: bool = False) -> Any:
    """Return the database in a folder: read-only, or new.

    Raises StoreUnavailable where it cannot be opened.
    """
    with _quiet(), reworded(f"the graph in {folder}"):
        import arcadedb

        factory = arcadedb.DatabaseFactory(str(folder))
        return factory.create() if create else factory.open(read_only=True)


def open_server(root: Path, password: str, *, host: str, bolt_port: int, http_port: int) -> Any:
    """Return a server that speaks Bolt for the databases in a folder; `password` is its owner's."""
    with _quiet(), reworded(f"the server in {root}"):
        import arcadedb

        config = {
            "host": host,
            "http_port": http_port,
            "bolt_host": host,
            "bolt_port": bolt_port,
            "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
            "mode": "development",
        }
        server = arcadedb.create_server(str(root), root_password=password, config=config)
        server.start()
        return server


@contextmanager
def reworded(what: str, statement: str = "") -> Iterator[None]:
    """Raise the engine's errors again as StoreError, with the place in the statement where it is known."""
    from arcadedb import ArcadeDBError

    try:
        yield
    except ArcadeDBError as error:
        raise _ours(str(error), what, statement) from error


def _ours(message: str, what: str, statement: str) -> StoreError:
    said = _JAVA.sub("", message.strip()).split(" (caused by")[0].strip()
    if not statement:
        return StoreUnavailable(f"{what} cannot be opened: {_line(said)}", hint="Run `mindgraph load` again.")
    if "DatabaseIsReadOnly" in message or "NotIdempotent" in message:
        return StoreError(f"Refused, {what} would write.", hint="Questions only read.")
    if "OutOfMemory" in message or "heap budget exceeded" in message:
        return StoreError(f"{what} needs more memory than there is.", hint="Ask for less: add a LIMIT.")
    place = _place(said, statement)
    if place is None:
        return StoreError(f"{what} was refused: {_line(said)}", hint="Look at the statement.")
    plain = _line(_PLACE.sub("", said)) or "it cannot be read"
    return StoreError(f"{what} was refused: {plain}: {pointed(statement, place)}", hint="Look at the mark.")


def _place(said: str, statement: str) -> int | None:
    """Return the offset that a message points to, or where the name stands that it complains of."""
    found = _PLACE.search(said)
    if found:
        lines = statement.split("\n")[: int(found[1]) - 1]
        return min(sum(len(line) + 1 for line in lines) + int(found[2]), len(statement))
    named = _NAMED.search(said)
    where = re.search(rf"(?<!\w){re.escape(named[1])}(?!\w)", statement) if named else None
    return where.start() if where else None


def _line(text: str) -> str:
    """Return the first line of a text without what surrounds it."""
    return text.strip().splitlines()[0].strip().rstrip(".") if text.strip() else ""


@contextmanager
def _quiet() -> Iterator[None]:
    """Set what the engine reads when it is first opened; what the user has set stays."""
    with tempfile.TemporaryDirectory(prefix="mindgraph-") as log:
        # The engine cuts its arguments at white space.
        silence = os.devnull if any(mark.isspace() for mark in str(_SILENCE)) else _SILENCE
        wanted = {
            "ARCADEDB_LOG_CONSOLE": "0",
            "ARCADEDB_LOG_DIR": log,
            "ARCADEDB_NATIVE_ISOLATE_ARGS": f"-Xmx{HEAP} -Djava.util.logging.config.file={silence}",
        }
        missing = {name: value for name, value in wanted.items() if name not in os.environ}
        os.environ.update(missing)
        try:
            yield
        finally:
            for name in missing:
                del os.environ[name]
