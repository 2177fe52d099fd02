"""What is wrong with a Neo4j server is found by looking, on both generations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest
from click.testing import CliRunner

from mindgraph.cli import cli
from mindgraph.findings import Finding
from mindgraph.stores.bolt import Login, connect, synchronise
from mindgraph.stores.bolt.health import clock, memory, server_findings
from tests.servers import Server, free_port
from tests.shops import shop, spooled

GIB = 2**30


@pytest.fixture
def loaded(neo4j_empty: Server, tmp_path: Path) -> Server:
    """A server that holds a small shop."""
    with connect(neo4j_empty.uri, Login(*neo4j_empty.auth)) as bolt:
        synchronise(bolt, spooled(shop(tmp_path), size=9))
    return neo4j_empty


@pytest.fixture
def driver(loaded: Server) -> Iterator[neo4j.Driver]:
    """Somebody else's connection to it."""
    with loaded.driver() as opened:
        yield opened


def found(server: Server) -> dict[str, Finding]:
    """Return what is found by what it is about."""
    return {f.about: f for f in server_findings(server.uri, Login(*server.auth))}


def test_an_empty_server_is_ready_to_be_loaded(neo4j_empty: Server) -> None:
    """Nothing is bad before the first load, and looking leaves nothing behind."""
    findings = found(neo4j_empty)

    assert {f.level for f in findings.values()} <= {"ok", "warn"}
    assert findings["server loads"].found == "nothing was loaded yet"
    assert findings["server indexes"].found.startswith("0 of ")
    with neo4j_empty.driver() as driver:
        assert driver.execute_query("MATCH (n) RETURN count(n)").records[0][0] == 0


def test_a_loaded_server_is_told_with_release_edition_and_schema(loaded: Server) -> None:
    """Version, edition, database, user, what may be written, clock, memory, disk, loads, schema."""
    findings = found(loaded)

    assert {f.about: f for f in findings.values() if f.level == "bad"} == {}
    assert "community edition" in findings["server release"].found
    assert findings["server database"].found == "neo4j: online, read-write"
    assert findings["server user"].found == "neo4j (no roles: everything is allowed)"
    assert findings["server write"].found == "this user may write (tried, and taken back)"
    assert findings["server clock"].level == "ok"
    assert findings["server memory"].found.startswith("heap ")
    assert findings["server loads"].found == "data sets: shop"
    assert findings["server constraints"].found.endswith("of ours, all online")
    assert findings["server indexes"].found.endswith("of ours, all online")


def test_a_missing_index_and_a_missing_constraint_are_named(loaded: Server, driver: neo4j.Driver) -> None:
    """With the command that makes them anew."""
    driver.execute_query("DROP INDEX product_title")
    driver.execute_query("DROP CONSTRAINT cluster_key")

    findings = found(loaded)
    for about, name in (("server indexes", "product_title"), ("server constraints", "cluster_key")):
        assert (findings[about].level, findings[about].found) == ("bad", f"missing: {name}")
        assert f"mindgraph load {loaded.uri}" in findings[about].advice


def test_where_vectors_were_loaded_their_indexes_are_looked_for(loaded: Server, driver: neo4j.Driver) -> None:
    """Elsewhere they are not missed."""
    driver.execute_query("MATCH (i:Intention) SET i.vector = [0.6, 0.8]")

    assert found(loaded)["server indexes"].found == "missing: intention_vector, purpose_vector"


def test_an_index_that_failed_is_named_with_the_server_s_reason(loaded: Server, driver: neo4j.Driver) -> None:
    """Here a value that is too long for it."""
    driver.execute_query("DROP INDEX product_id")
    driver.execute_query("CREATE (:Product {id: $id})", id="x" * 40_000)
    driver.execute_query("CREATE INDEX product_id FOR (n:Product) ON (n.id)")
    with pytest.raises(neo4j.exceptions.Neo4jError):
        driver.execute_query("CALL db.awaitIndexes(60)")

    finding = found(loaded)["server indexes"]
    assert finding.level == "bad"
    assert finding.found.startswith("failed: product_id: ")
    assert finding.advice.startswith("DROP it")


def test_a_load_that_was_interrupted_is_told(loaded: Server, driver: neo4j.Driver) -> None:
    """The same command finishes it."""
    driver.execute_query("MATCH (l:MindgraphLoad {dataset: 'shop'}) REMOVE l.loaded")

    assert found(loaded)["server loads"] == Finding(
        "server loads",
        "warn",
        "a load is running or was interrupted: shop",
        "The same `mindgraph load` finishes it.",
    )


def test_a_wrong_password_is_one_bad_finding(loaded: Server, tmp_path: Path) -> None:
    """Machine and workspace are told all the same, and the exit code is 1."""
    (tmp_path / "password").write_text("wrong\n")
    arguments = ["doctor", loaded.uri, "--password-file", str(tmp_path / "password"), "--format", "csv"]
    done = CliRunner().invoke(cli, ["-w", str(tmp_path / "ws"), *arguments])

    assert done.exit_code == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith("server")]
    assert len(lines) == 1
    assert "the login of neo4j is refused" in lines[0]
    assert "--password-file" in lines[0]
    assert "python,ok," in done.stdout


def test_an_absent_server_is_one_bad_finding(tmp_path: Path) -> None:
    """The hint says how to start one."""
    uri = f"bolt://127.0.0.1:{free_port()}"
    (finding,) = server_findings(uri, Login())

    assert (finding.about, finding.level) == ("server", "bad")
    assert "refuses port" in finding.found
    assert "docker compose up -d" in finding.advice


def test_clocks_that_differ_are_told() -> None:
    """By how much, and which is ahead."""
    assert clock(0.2).level == "ok"
    assert clock(90.0).found == "90.0 s ahead of this machine's"
    assert (clock(-90.0).level, clock(-90.0).found) == ("warn", "90.0 s behind this machine's")


def test_a_server_s_memory_is_judged_beside_its_machine() -> None:
    """A small heap, and more than there is, are worth a word."""
    assert memory(2 * GIB, 2 * GIB, 8 * GIB).level == "ok"
    assert "heap.max_size" in memory(GIB // 2, None, 8 * GIB).advice
    assert memory(6 * GIB, 4 * GIB, 8 * GIB).level == "warn"
