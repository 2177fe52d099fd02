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
from typing import Any

from mindgraph.errors import StoreError
from mindgraph.stores.child import begin, send, told
from mindgraph.stores.embedded_engine import open_database, reworded
from mindgraph.stores.embedded_home import TIMED_OUT
from mindgraph.stores.embedded_values import readable

_PIECE = 500


def main() -> None:
    """Answer until standard input ends."""
    answers = begin()
    try:
        database = open_database(Path(sys.argv[1]))
    except StoreError as error:
        send(answers, told(error))
        return
    send(answers, {"ready": True})
    kinds = _relationship_types(database)
    for line in sys.stdin.buffer:
        question = json.loads(line)
        limit = threading.Timer(question["seconds"], os._exit, [TIMED_OUT])
        limit.daemon = True
        limit.start()
        for reply in _answer(database, kinds, question):
            send(answers, reply)
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
        yield told(error)


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


if __name__ == "__main__":
    main()
