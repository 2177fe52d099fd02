"""`mindgraph load` with a watch on its parts; prints their seconds as JSON.

python -m benchmarks.timed_load WORKSPACE
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from mindgraph.pipeline import Pipeline
from mindgraph.stores import embedded_load
from mindgraph.stores.embedded import EmbeddedStore
from mindgraph.workspace import Workspace

SECONDS: dict[str, float] = {}


def timed(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function with its seconds noted under a name."""

    def call(*arguments: Any, **named: Any) -> Any:
        begun = time.perf_counter()
        try:
            return function(*arguments, **named)
        finally:
            SECONDS[name] = SECONDS.get(name, 0.0) + time.perf_counter() - begun

    return call


def main() -> None:
    """Load a workspace's tables, and open the graph again."""
    workspace = Workspace(sys.argv[1])
    embedded_load.verify = timed("read back", embedded_load.verify)
    load = timed("load", Pipeline(workspace, workspace.settings()).load)
    counts = load().counts
    with EmbeddedStore(workspace.graph) as store:
        opened = timed("open", store.query)
        opened("MATCH (g:Generator) RETURN count(g) AS generators")
    json.dump({"seconds": SECONDS, "counts": counts}, sys.stdout)


if __name__ == "__main__":
    main()
