"""The process that holds the embedded graph open and answers questions, one after the other.

Questions come as lines of JSON on standard input, answers go as lines of JSON to the pipe that was
standard output. A process of its own, because a running statement can only be ended by ending the
process, and because what the engine prints or how it dies must not reach who asks.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from mindgraph.errors import StoreError
from mindgraph.stores.embedded_engine import open_database, reworded
from mindgraph.stores.embedded_home import TIMED_OUT
from mindgraph.stores.embedded_values import readable

_PIECE = 500


def main() -> None:
    """Answer until standard input ends."""
    answers = _private_output()
    _end_with_parent()
    try:
        database = open_database(Path(sys.argv[1]))
    except StoreError as error:
        _send(answers, _told(error))
        return
    _send(answers, {"ready": True})
    kinds = _relationship_types(database)
    for line in sys.stdin.buffer:
        question = json.loads(line)
        limit = threading.Timer(question["seconds"], os._exit, [TIMED_OUT])
        limit.daemon = True
        limit.start()
        for reply in _answer(database, kinds, question):
            _send(answers, reply)
        limit.cancel()


def _answer(database: Any, kinds: frozenset[str], question: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the columns, the rows in pieces, and whether there are more; or an error."""
    try:
        with reworded("The statement", question["statement"]):
            answer = database.query("opencypher", question["statement"], question["parameters"])
            rows = (row.to_dict() for row in answer)
            left = question["limit"]
            while piece := list(islice(rows, _PIECE if left is None else min(_PIECE, left))):
                left = None if left is None else left - len(piece)
                yield {"rows": [_row(row, kinds, database) for row in piece]}
                if left == 0:
                    break
            yield {"done": True, "more": left == 0 and next(rows, None) is not None}
    except StoreError as error:
        yield _told(error)


def _row(row: dict[str, Any], kinds: frozenset[str], database: Any) -> dict[str, Any]:
    def lookup(number: str) -> dict[str, Any]:
        record = database.lookup_by_rid(number)
        return {"@type": record.get_type_name(), **record.to_dict()}

    return {name: readable(value, kinds, lookup) for name, value in row.items()}


def _relationship_types(database: Any) -> frozenset[str]:
    return frozenset(
        row["name"]
        for row in database.query("sql", "SELECT name FROM schema:types WHERE type = 'edge'").to_list()
    )


def _told(error: StoreError) -> dict[str, Any]:
    return {"error": str(error), "hint": error.hint, "kind": type(error).__name__}


def _send(answers: BinaryIO, reply: dict[str, Any]) -> None:
    answers.write(json.dumps(reply, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
    answers.flush()


def _private_output() -> BinaryIO:
    """Return the pipe to who asks, and let whatever prints on standard output print on nothing."""
    pipe = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
    return os.fdopen(pipe, "wb")


def _end_with_parent() -> None:
    """Ask the system to end this process when its parent ends, where it can."""
    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)


if __name__ == "__main__":
    main()
