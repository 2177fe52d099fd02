"""How a server carries out the statements of a load: by the indexes, row by row, nothing held back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest

from mindgraph.resources import cypher, folder
from mindgraph.stores.bolt import Login, connect, synchronise
from tests.servers import Server, wipe
from tests.shops import shop, spooled

STATEMENTS = sorted(
    str(path.relative_to(folder("cypher")).with_suffix(""))
    for place in ("load", "check")
    for path in (folder("cypher") / place).rglob("*.cypher")
)

#: Statements that find their rows one by one, by a key or a range of keys.
BY_INDEX = {"create", "find", "read", "remove", "update", "write", "lock", "last", "begin", "finish", "ready"}

#: What is removed, a batch at most, must be found before anything of it goes; the lock is one row.
WAITING = {"remove", "lock"}


@pytest.fixture(scope="module")
def loaded(neo4j_server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[neo4j.Driver]:
    """A server that holds a shop."""
    with neo4j_server.driver() as driver:
        wipe(driver)
        with connect(neo4j_server.uri, Login(*neo4j_server.auth)) as bolt:
            synchronise(bolt, spooled(shop(tmp_path_factory.mktemp("shop"))))
        yield driver
        wipe(driver)


def operators(plan: dict[str, Any]) -> Iterator[str]:
    """Yield the names of all steps of a plan."""
    yield plan["operatorType"].partition("@")[0]
    for child in plan.get("children", ()):
        yield from operators(child)


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_of_the_load_has_a_good_plan(loaded: neo4j.Driver, name: str):
    """No cartesian product, no step that waits for all rows, no walk over all nodes; keys by their index."""
    plan = loaded.execute_query(f"EXPLAIN {cypher(name)}").summary.plan
    assert plan is not None
    steps = set(operators(plan))
    assert not steps & {"CartesianProduct", "AllNodesScan", "UndirectedAllRelationshipsScan"}
    action = Path(name).name
    assert "Eager" not in steps or action in WAITING
    if action in BY_INDEX:
        assert any("IndexSeek" in step or step == "MergeUniqueNode" for step in steps), steps
        assert "NodeByLabelScan" not in steps
