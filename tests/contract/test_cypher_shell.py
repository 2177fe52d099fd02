"""What a person types after an import, with the real cypher-shell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from mindgraph.stores.admin_import import write_import
from mindgraph.stores.bolt.health import ours
from tests.cypher_shell import write_cypher_shell
from tests.servers import Server
from tests.shops import shop, spooled


def schema(files: Path, server: Server, shell: Path, password: str) -> subprocess.CompletedProcess[str]:
    """Run `import.sh schema`; the login comes from the environment, as cypher-shell takes it."""
    login = {"NEO4J_ADDRESS": server.uri, "NEO4J_USERNAME": server.user, "NEO4J_PASSWORD": password}
    return subprocess.run(
        [str(files / "import.sh"), "schema"],
        env={**os.environ, **login, "CYPHER_SHELL": str(shell)},
        capture_output=True,
        text=True,
        cwd="/",
        check=False,
    )


def test_the_script_makes_constraints_and_indexes(neo4j_empty: Server, tmp_path: Path) -> None:
    """All of them, online, and twice is once."""
    files, shell = tmp_path / "files", write_cypher_shell(tmp_path / "cypher-shell")
    write_import(spooled(shop(tmp_path / "shop"), size=9), files, "csv")
    for _ in range(2):
        done = schema(files, neo4j_empty, shell, neo4j_empty.password)
        assert (done.returncode, done.stderr) == (0, "")

    with neo4j_empty.driver() as driver:
        indexes = driver.execute_query("SHOW INDEXES YIELD name, state RETURN name, state").records
        constraints = driver.execute_query("SHOW CONSTRAINTS YIELD name RETURN name").records
    online = {row["name"] for row in indexes if row["state"] == "ONLINE"}
    assert set(ours()["indexes"]) <= online
    assert set(ours()["constraints"]) <= {row["name"] for row in constraints}


def test_a_wrong_password_ends_the_script(neo4j_empty: Server, tmp_path: Path) -> None:
    """What cypher-shell says is passed on, and the exit code is not 0."""
    files, shell = tmp_path / "files", write_cypher_shell(tmp_path / "cypher-shell")
    write_import(spooled(shop(tmp_path / "shop"), size=9), files, "csv")
    done = schema(files, neo4j_empty, shell, "wrong")

    assert done.returncode != 0
    assert "authentication failure" in done.stderr
