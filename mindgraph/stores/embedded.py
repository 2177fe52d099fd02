"""The embedded graph, asked: each question goes to a process of its own that can be ended.

Nothing heavy is imported here, so that a question costs little more than starting the engine.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mindgraph.errors import StoreError, StoreUnavailable
from mindgraph.stores import Rows
from mindgraph.stores.child import end, pipe, raise_told, spawn
from mindgraph.stores.embedded_home import TIMED_OUT, Home
from mindgraph.stores.guard import bound, read_only

#: Seconds that the engine may take to open the graph.
_OPENING = 60.0
#: Seconds that the process gets to end itself before it is ended.
_GRACE = 1.0


class EmbeddedStore:
    """Answer questions about the embedded graph in `home`, each within `seconds`."""

    name = "the embedded graph"

    def __init__(self, home: Path, *, seconds: float = 60.0) -> None:
        self.home = Home(home)
        self.seconds = seconds
        self._process: _Process | None = None

    def __enter__(self) -> EmbeddedStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def query(
        self, statement: str, parameters: Mapping[str, Any] | None = None, *, limit: int | None = None
    ) -> Rows:
        """Answer one statement; raise StoreError where it is refused, wrong or takes too long.

        With a limit at most that many rows come, and `Rows.more` says whether there are others.
        """
        question = read_only(statement)
        values = bound(question, parameters or {})
        process = self._opened()
        rows: list[dict[str, Any]] = []
        more = False
        try:
            for reply in process.ask(question.statement, values, limit, self.seconds):
                rows += reply.get("rows", ())
                more = reply.get("more", False)
        except StoreError:
            raise
        except BaseException:
            self.close()
            raise
        return Rows(tuple(rows[0]) if rows else (), rows, more)

    def close(self) -> None:
        """End the process that holds the graph open."""
        if self._process is not None:
            self._process.end()
            self._process = None

    def _opened(self) -> _Process:
        """Return a process that holds the graph of this moment open; a load may have swapped it."""
        for _ in range(5):
            folder = self.home.folder()
            if self._process is not None and self._process.folder == folder and self._process.alive():
                return self._process
            self.close()
            self._process = _Process(folder)
            failure = self._process.wait_until_open()
            if failure is None and self.home.folder() == folder:
                return self._process
            self.close()
            if failure is not None and self.home.folder() == folder:
                raise failure
        raise StoreUnavailable("The graph is replaced again and again.", hint="Wait until loading is over.")


class _Process:
    """Be one process that holds one folder open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._child = spawn("mindgraph.stores.embedded_worker", str(folder.resolve()))

    def alive(self) -> bool:
        """Say whether it still runs."""
        return self._child.poll() is None

    def wait_until_open(self) -> StoreError | None:
        """Wait until it holds the graph open, and return None; or what it said instead."""
        try:
            for _ in self._replies(_OPENING):
                return None
        except StoreError as error:
            return error
        return StoreUnavailable("The graph cannot be opened.", hint="Run `mindgraph load` again.")

    def ask(
        self, statement: str, parameters: Mapping[str, Any], limit: int | None, seconds: float
    ) -> Iterator[dict[str, Any]]:
        """Yield what it answers to one statement, in pieces."""
        question = {"statement": statement, "parameters": parameters, "limit": limit, "seconds": seconds}
        line = json.dumps(question).encode() + b"\n"
        try:
            pipe(self._child.stdin).write(line)
            pipe(self._child.stdin).flush()
        except BrokenPipeError as error:
            raise StoreUnavailable("The graph's process has ended.", hint="Ask again.") from error
        yield from self._replies(seconds)

    def end(self) -> None:
        """End it at once."""
        end(self._child)

    def _replies(self, seconds: float) -> Iterator[dict[str, Any]]:
        """Yield replies until the last one; end the process where they take longer than `seconds`."""
        overdue = threading.Event()
        limit = threading.Timer(seconds + _GRACE, self._give_up, [overdue])
        limit.daemon = True
        limit.start()
        try:
            for line in pipe(self._child.stdout):
                reply = json.loads(line)
                raise_told(reply)
                yield reply
                if "rows" not in reply:
                    return
        finally:
            limit.cancel()
        raise self._ended(seconds, overdue)

    def _give_up(self, overdue: threading.Event) -> None:
        overdue.set()
        self._child.kill()

    def _ended(self, seconds: float, overdue: threading.Event) -> StoreError:
        code = self._child.wait()
        if overdue.is_set() or code == TIMED_OUT:
            return StoreError(
                f"The statement was ended after {seconds:g} seconds.",
                hint="Ask for less (a LIMIT, a narrower MATCH), or allow more time with --timeout.",
            )
        return StoreUnavailable(f"The graph's process has ended (code {code}).", hint="Ask for less.")
