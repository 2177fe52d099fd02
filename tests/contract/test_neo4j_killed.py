"""Whoever is killed in the middle of a load, the same command finishes the work."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks.synthetic import make_workspace
from mindgraph.resources import statements
from mindgraph.spool import Spool
from mindgraph.stores.bolt import Login, connect, verify
from mindgraph.stores.bolt.ground import make_schema
from mindgraph.workspace import Workspace
from tests.needs import need
from tests.servers import GENERATIONS, NoServer, Server, prepare
from tests.shops import spooled

#: What is worked on in the course of a load, in this order.
MOMENTS = ("Product", "Intention", "CoBuy", "OF", "HAS_INTENTION", "BOUGHT_FOR", "IN_CLUSTER", "SERVES")

KILLS = 5


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A synthetic shop of some thousands of relationships."""
    return make_workspace(tmp_path_factory.mktemp("shop") / "shop", scale=0.003, seed=1)


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"neo4j-{name}")) for name in GENERATIONS],
)
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that may be killed; without a password."""
    try:
        server = prepare(GENERATIONS[request.param]).start()
    except NoServer as lack:
        need("neo4j", False, str(lack))
    yield server
    server.close()


@pytest.fixture
def server(own_server: Server) -> Server:
    """The same, with nothing in it."""
    with own_server.driver() as driver:
        driver.execute_query("MATCH (n) DETACH DELETE n")
    return own_server


def begin(server: Server, workspace: Workspace) -> subprocess.Popen[str]:
    """Start a load."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}
    return subprocess.Popen(
        [sys.executable, "-m", "mindgraph", "-w", str(workspace.path), "load", server.uri],
        env=environment,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )


def wait_for(load: subprocess.Popen[str], name: str) -> None:
    """Read what a load says until it works on a label or type, or on one that comes after it."""
    assert load.stderr is not None
    awaited = tuple(f"load: {later}," for later in MOMENTS[MOMENTS.index(name) :])
    for line in load.stderr:
        if line.startswith(awaited):
            return
    pytest.fail(f"the load ended before it came to {name}")


def finish(server: Server, workspace: Workspace) -> str:
    """Run the load to its end and return what it said."""
    load = begin(server, workspace)
    _, said = load.communicate(timeout=300)
    assert load.returncode == 0, said
    return said


def require_whole(server: Server, spool: Spool) -> None:
    """Raise where the server's checksum is not that of the workspace, or an unknown load is left."""
    with connect(server.uri, Login()) as bolt:
        held = {name: part.held.count for name, part in verify(bolt, spool).items()}
    assert held == spool.counts()


@pytest.mark.slow
def test_a_client_killed_at_random_moments_is_finished_by_the_same_command(
    server: Server, workspace: Workspace
):
    """Killed five times, each time elsewhere, then run to its end: the checksum is that of the workspace."""
    dice = random.Random(20260704)
    for name in sorted(dice.sample(MOMENTS, KILLS), key=MOMENTS.index):
        load = begin(server, workspace)
        wait_for(load, name)
        time.sleep(dice.uniform(0, 0.2))
        load.kill()
        load.communicate()
        assert load.returncode == -signal.SIGKILL
    assert "created 0" not in finish(server, workspace)
    require_whole(server, spooled(workspace))
    assert "created 0, updated 0, removed 0" in finish(server, workspace)


@pytest.mark.slow
def test_a_server_killed_in_a_load_and_started_again_is_loaded_to_the_end(
    server: Server, workspace: Workspace
):
    """The load waits for the server, or says in one line that it is gone; run again it finishes the work."""
    load = begin(server, workspace)
    wait_for(load, "HAS_INTENTION")
    server.kill()
    server.start(timeout=300)
    _, said = load.communicate(timeout=300)
    assert load.returncode in (0, 1)
    assert "Traceback" not in said
    if load.returncode:
        assert "Run the same command again" in said
    finish(server, workspace)
    require_whole(server, spooled(workspace))


@pytest.mark.slow
def test_two_loads_at_once_leave_one_whole_graph(server: Server, workspace: Workspace, tmp_path: Path):
    """One waits for the other, or says that another load is running; nothing is doubled."""
    shutil.copytree(workspace.path, tmp_path / "other")
    both = [begin(server, workspace), begin(server, Workspace(tmp_path / "other"))]
    told = [load.communicate(timeout=300)[1] for load in both]
    codes = [load.returncode for load in both]
    assert 0 in codes, told
    for code, said in zip(codes, told, strict=True):
        assert code == 0 or "another load of this database is running" in said
    require_whole(server, spooled(workspace))
    assert "created 0, updated 0, removed 0" in finish(server, workspace)


SHOW_CONSTRAINTS = "SHOW CONSTRAINTS YIELD name"
SHOW_INDEXES = "SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name"
CONSTRAINTS = [text for text in statements("schema.cypher") if "CREATE CONSTRAINT" in text]


def make(server: Server) -> None:
    """Make the schema, as a load does first."""
    with connect(server.uri, Login(server.user, server.password)) as bolt:
        make_schema(bolt)


def test_a_schema_that_several_make_at_once_is_made_once(server: Server):
    """Who comes second finds it made, or waits; nobody is told that it is there already."""
    with server.driver() as driver:
        for row in driver.execute_query(SHOW_CONSTRAINTS).records:
            driver.execute_query(f"DROP CONSTRAINT {row['name']}")
        for row in driver.execute_query(SHOW_INDEXES).records:
            driver.execute_query(f"DROP INDEX {row['name']}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: make(server), range(4)))

    with server.driver() as driver:
        assert len(driver.execute_query(SHOW_CONSTRAINTS).records) >= len(CONSTRAINTS)
