"""Where a server cannot be used, one line says which of host, TLS, login, version and database it was."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mindgraph.errors import StoreError, StoreUnavailable
from mindgraph.stores.bolt import Login, connect
from tests.bolt_stub import bolt_stub
from tests.servers import Server, free_port
from tests.shops import shop


def refused(uri: str, login: Login | None = None, database: str | None = None) -> StoreError:
    """Return the error with which a server is not reached."""
    with pytest.raises(StoreError) as error, connect(uri, login or Login(), database):
        pass
    assert "\n" not in str(error.value)
    return error.value


def command(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command line with just these variables about a server."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("NEO4J_")}
    return subprocess.run(
        [sys.executable, "-m", "mindgraph", *map(str, words)],
        env={**others, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )


def test_a_wrong_password_is_told_from_none(neo4j_server: Server):
    """The login is named, and where the password is looked for."""
    wrong = refused(neo4j_server.uri, Login("neo4j", "not this one"))
    assert "the login of neo4j is refused" in str(wrong)
    assert "MINDGRAPH_NEO4J_PASSWORD" in str(wrong.hint)
    assert "not this one" not in str(wrong) + str(wrong.hint)
    assert "asks for a password and none was given" in str(refused(neo4j_server.uri))


def test_an_unknown_database_is_named(neo4j_server: Server):
    """Whatever stands in the name, it is only a name that there is none of."""
    for name in ("nowhere", "neo4j`; MATCH (n) DETACH DELETE n; //"):
        found = refused(neo4j_server.uri, Login(*neo4j_server.auth), name)
        assert name.partition("`")[0] in str(found)
    assert "SHOW DATABASES" in str(refused(neo4j_server.uri, Login(*neo4j_server.auth), "nowhere").hint)


def test_a_server_below_the_floor_is_refused():
    """A server that says 4.4 is refused with the floor named; so is one that is no Neo4j."""
    with bolt_stub("4.4.30") as uri:
        found = refused(uri, Login("neo4j", "secret"))
    assert "is Neo4j 4.4.30: older than 5.26" in str(found)
    assert "5.26" in str(found.hint)
    with bolt_stub("5.25.1") as uri:
        assert "older than 5.26" in str(refused(uri))


def test_a_host_that_is_not_there_is_told_from_one_that_refuses():
    """A name that nobody has, a port that nobody listens on, a scheme that no server has."""
    assert "no host is named nowhere.invalid" in str(refused("bolt://nowhere.invalid"))
    closed = refused(f"bolt://127.0.0.1:{free_port()}")
    assert isinstance(closed, StoreUnavailable) and "refuses port" in str(closed)
    assert "no address of a Neo4j server" in str(refused("http://127.0.0.1:7474"))
    assert "holds a user or a password" in str(refused("bolt://neo4j:secret@127.0.0.1"))
    assert "is no address" in str(refused("bolt://127.0.0.1:seven"))


@pytest.mark.parametrize("scheme", ["bolt+s", "neo4j+ssc"])
def test_tls_where_the_server_speaks_none_is_named(neo4j_server: Server, scheme: str):
    """The line says TLS, and which address goes without."""
    found = refused(neo4j_server.uri.replace("bolt", scheme), Login(*neo4j_server.auth))
    assert "TLS" in str(found)
    assert f"{scheme.partition('+')[0]}://" in str(found.hint)


def test_the_command_line_says_it_in_one_line(neo4j_server: Server, tmp_path: Path):
    """Exit 1, one line and its hint; a password is no argument of any verb."""
    workspace = shop(tmp_path / "shop").path
    for words, said in (
        (("load", neo4j_server.uri), "asks for a password"),
        (("validate", neo4j_server.uri, "--database", "nowhere"), "asks for a password"),
        (("load", f"bolt://127.0.0.1:{free_port()}"), "refuses port"),
    ):
        done = command("-w", workspace, *words)
        assert done.returncode == 1
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    told = command("-w", workspace, "load", neo4j_server.uri, "--password", "secret")
    assert told.returncode == 2


def test_the_password_comes_from_a_file_or_the_environment(neo4j_empty: Server, tmp_path: Path):
    """Either way the load goes through, by bolt:// and by neo4j://."""
    workspace = shop(tmp_path / "shop").path
    file = tmp_path / "password"
    file.write_text(f"{neo4j_empty.password}\n")
    by_file = command("-w", workspace, "load", neo4j_empty.uri, "--password-file", file)
    assert (by_file.returncode, "created 0" in by_file.stderr) == (0, False), by_file.stderr
    routed = neo4j_empty.uri.replace("bolt://", "neo4j://")
    again = command("-w", workspace, "load", routed, MINDGRAPH_NEO4J_PASSWORD=neo4j_empty.password)
    assert "created 0, updated 0, removed 0" in again.stderr
    assert again.returncode == 0
