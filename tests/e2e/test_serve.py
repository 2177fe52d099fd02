"""`mindgraph serve`: the embedded graph on Bolt, asked with the official driver."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import neo4j
import neo4j.exceptions
import psutil
import pytest

from mindgraph.records import Triple
from tests.attempts import attempts
from tests.handon import small_tables, write_tables

#: They come through, and do nothing: a plan alone, and what says nothing about this machine.
IDLE = {
    "explain create",
    "profile create",
    "a procedure without parentheses",
    "the file of a csv",
    "terminate",
}


#: Six of everything, none of which fit.
RUNAWAY = "MATCH (a), (b), (c), (d), (e), (f) WHERE a.id + b.id + c.id + d.id + e.id = f.id + 'x' RETURN a"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder above a workspace with the small shop, loaded."""
    folder = tmp_path_factory.mktemp("above")
    write_tables(folder / "ws")
    run(folder, "load")
    return folder


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder above another such workspace, which nobody serves."""
    folder = tmp_path_factory.mktemp("apart")
    write_tables(folder / "ws")
    run(folder, "load")
    return folder


@pytest.fixture(scope="module")
def driver(folder: Path) -> Iterator[neo4j.Driver]:
    """A driver of a served graph."""
    with serving(folder) as told, _driver(told) as driver:
        yield driver


def test_the_graph_is_read_with_its_types(driver: neo4j.Driver) -> None:
    """Nodes, relationships and paths come as such, so that a Browser can draw them."""
    row = driver.execute_query(
        "MATCH p = (a:Product)-[r:BOUGHT_FOR]->(:Intention) RETURN a, r, p LIMIT 1"
    ).records[0]

    assert set(row["a"].labels) == {"Product"}
    assert row["r"].type == "BOUGHT_FOR"
    assert [type(node).__name__ for node in row["p"].nodes] == ["Node", "Node"]


def test_an_attempt_is_refused_or_does_nothing(driver: neo4j.Driver, tmp_path: Path) -> None:
    """Also where the session says that it will write; no file is read, and nothing changes."""
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("do not read me\n")
    os.utime(secret, (0, 0))
    before = _everything(driver)
    passed = set()
    for name, statement in attempts(str(secret), "http://127.0.0.1:9/x", str(out)):
        for mode in (neo4j.WRITE_ACCESS, neo4j.READ_ACCESS):
            with driver.session(default_access_mode=mode) as session:
                try:
                    said = str(list(session.run(statement)))
                except neo4j.exceptions.Neo4jError:
                    continue
            assert "do not read me" not in said
            passed.add(name)

    assert passed <= IDLE
    assert _everything(driver) == before
    assert secret.stat().st_atime == 0
    assert not out.exists()


def test_no_one_enters_without_the_password(driver: neo4j.Driver, folder: Path) -> None:
    """Neither with another password, nor with none, nor as the owner."""
    port = driver.get_server_info().address[1]
    for auth in (("reader", "wrong"), ("root", "playwithdata"), None):
        with (
            pytest.raises(neo4j.exceptions.Neo4jError),
            neo4j.GraphDatabase.driver(f"bolt://127.0.0.1:{port}", auth=auth) as other,
        ):
            other.verify_connectivity()


def test_the_password_is_kept_for_its_owner_alone(driver: neo4j.Driver, folder: Path) -> None:
    """Mode 0600, random, and long."""
    kept = folder / "ws" / "serve" / "password"

    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert len(kept.read_text().strip()) >= 20


def test_only_this_machine_is_served(driver: neo4j.Driver) -> None:
    """The port is not open on another address of the machine."""
    port = driver.get_server_info().address[1]
    other = socket.gethostbyname(socket.gethostname())
    if other.startswith("127."):
        other = "127.0.0.2"
    with socket.socket() as tried:
        tried.settimeout(2)
        assert tried.connect_ex((other, port)) != 0


def test_query_and_serve_do_not_lock_each_other_out(driver: neo4j.Driver, folder: Path) -> None:
    """The command line asks while the server runs."""
    assert run(folder, "query", "counts", "--format", "csv").returncode == 0


def test_a_second_server_of_a_workspace_is_refused_with_the_pid_of_the_first(
    driver: neo4j.Driver, folder: Path
) -> None:
    """One line, and what to do."""
    done = run(folder, "serve", "--port", "0")

    pid = (folder / "ws" / "serve" / "pid").read_text()
    assert done.returncode == 1
    assert done.stderr == (
        f"error: This graph is served already (pid {pid}).\nhint: Use that server, or end it first.\n"
    )


def test_a_load_takes_effect_while_it_is_served(tmp_path: Path) -> None:
    """The server changes over to the new graph, and keeps address and password."""
    tables = small_tables()
    write_tables(tmp_path / "ws", tables)
    run(tmp_path, "load")
    with serving(tmp_path) as told, _driver(told) as driver:
        before = _count(driver)
        kept = [triple for triple in tables[Triple] if triple.relation == "can"]
        write_tables(tmp_path / "ws", {**tables, Triple: kept})
        assert run(tmp_path, "load").returncode == 0
        end = time.monotonic() + 60
        while _count(driver) != len(kept):
            assert time.monotonic() < end
            time.sleep(0.2)
        assert before != len(kept)
    assert sorted(path.name for path in (tmp_path / "ws" / "serve").iterdir()) == [".lock", "password"]


def test_a_statement_that_runs_away_is_ended_and_the_server_answers_again(apart: Path) -> None:
    """Who waits is told why; the address stays, and so does the password."""
    with serving(apart, "--seconds", "2") as told, _driver(told) as driver:
        begun = time.monotonic()
        with pytest.raises(neo4j.exceptions.Neo4jError, match="longer than 2 seconds") as ended:
            driver.execute_query(RUNAWAY)
        assert time.monotonic() - begun < 20
        assert ended.value.code == "Neo.ClientError.Transaction.TransactionTimedOut"
        assert _count(driver) > 0


def test_a_client_that_asks_for_routes_comes_through_the_same_gate(
    driver: neo4j.Driver, folder: Path
) -> None:
    """By neo4j:// as by bolt://: there is no way past the time limit."""
    port = driver.get_server_info().address[1]
    password = (folder / "ws" / "serve" / "password").read_text().strip()
    with neo4j.GraphDatabase.driver(f"neo4j://127.0.0.1:{port}", auth=("reader", password)) as routed:
        summary = routed.execute_query("RETURN 1").summary

    assert summary.server.address == ("127.0.0.1", port)


def test_a_statement_whose_client_has_gone_is_ended_too(apart: Path) -> None:
    """Nobody is there to be told; the process that works for nobody is replaced."""
    code = "import neo4j, sys; uri, password, statement = sys.argv[1:]; "
    code += "neo4j.GraphDatabase.driver(uri, auth=('reader', password)).execute_query(statement)"
    with serving(apart, "--seconds", "3") as told:
        first = _workers(apart)
        asking = [sys.executable, "-c", code, told["uri"].strip(), told["password"].strip(), RUNAWAY]
        with pytest.raises(subprocess.TimeoutExpired):
            subprocess.run(asking, timeout=2, check=False)
        end = time.monotonic() + 30
        while _workers(apart) == first:
            assert time.monotonic() < end
            time.sleep(0.2)
        with _driver(told) as driver:
            assert _count(driver) > 0


def test_many_short_statements_are_no_long_one(apart: Path) -> None:
    """Together they take longer than a statement may."""
    with serving(apart, "--seconds", "1") as told, _driver(told) as driver:
        end = time.monotonic() + 3
        while time.monotonic() < end:
            assert _count(driver) > 0


def test_without_a_graph_nothing_is_served(tmp_path: Path) -> None:
    """The hint says what to do first."""
    done = run(tmp_path, "serve")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: No graph has been loaded yet.\nhint: Run `mindgraph load` first.\n"


def test_a_port_that_is_taken_is_named(folder: Path, tmp_path: Path) -> None:
    """The hint says how to have another."""
    write_tables(tmp_path / "ws", {})
    run(tmp_path, "load")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run(tmp_path, "serve", "--port", str(port))

    assert done.returncode == 1
    assert done.stderr.startswith(f"error: Port {port} cannot be had: ")
    assert "--port" in done.stderr


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mindgraph", "-w", "ws", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[dict[str, str]]:
    """Serve a workspace on any port, and give what it printed about itself."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mindgraph", "-w", "ws", "serve", "--port", "0", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield dict(process.stdout.readline().split(maxsplit=1) for _ in range(4))
    finally:
        process.send_signal(signal.SIGTERM)
        rest, said = process.communicate(timeout=60)
    assert (process.returncode, rest) == (0, ""), said


def _driver(told: dict[str, str]) -> neo4j.Driver:
    return neo4j.GraphDatabase.driver(
        told["uri"].strip(), auth=(told["user"].strip(), told["password"].strip())
    )


def _count(driver: neo4j.Driver) -> int:
    try:
        return driver.execute_query("MATCH ()-[r:HAS_INTENTION]->() RETURN count(r) AS n").records[0]["n"]
    except neo4j.exceptions.DriverError:
        return -1


def _workers(folder: Path) -> set[int]:
    """Return the processes that serve a workspace's copy of the graph."""
    root = str(folder / "ws" / "serve" / "copy")
    found = psutil.process_iter(["pid", "cmdline"])
    return {process.pid for process in found if root in (process.info["cmdline"] or [])}


def _everything(driver: neo4j.Driver) -> list[object]:
    nodes = driver.execute_query("MATCH (n) RETURN labels(n) AS l, properties(n) AS p").records
    edges = driver.execute_query("MATCH ()-[r]->() RETURN type(r) AS t, properties(r) AS p").records
    return sorted(str(record.data()) for record in [*nodes, *edges])
