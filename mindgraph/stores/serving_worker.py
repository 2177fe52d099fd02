"""The process that is the Bolt server: it serves one folder until its standard input ends."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from mindgraph.errors import StoreError
from mindgraph.stores.child import begin, send, told
from mindgraph.stores.embedded_engine import open_server


def main() -> None:
    """Serve; the first line of standard input is the owner's password."""
    answers = begin()
    root, host, bolt, http, database = sys.argv[1:]
    owner = sys.stdin.readline().strip()
    try:
        server = open_server(Path(root), owner, host=host, bolt_port=int(bolt), http_port=int(http))
        # Opened now: who names no database is given one that is open.
        server.get_database(database)
        send(answers, {"ready": True})
    except StoreError as error:
        send(answers, told(error))
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
