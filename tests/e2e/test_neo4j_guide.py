"""The guide to Neo4j leads from an empty database to the graph: its lines run, in order, as they stand."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import neo4j
import pytest

from tests.e2e.test_readme import commands, programs
from tests.needs import ROOT
from tests.servers import Server

GUIDE = ROOT / "docs" / "neo4j.md"


@pytest.mark.slow
def test_every_line_of_the_guide_runs(neo4j_empty: Server, tmp_path: Path):
    """The commands, the statement and the program; the server is the test's own in place of localhost."""
    address = neo4j_empty.uri.replace("bolt://", "neo4j://")
    guide = GUIDE.read_text(encoding="utf-8").replace("neo4j://localhost", address)
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "MINDGRAPH_NEO4J_PASSWORD": neo4j_empty.password,
    }
    said = {}
    for line in commands(guide):
        done = subprocess.run(
            line, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        # What the doctor finds in a small test server is no matter of the guide.
        assert done.returncode == 0 or " doctor " in line, (line, done.stderr)
        said.setdefault(line, []).append(done.stderr)
    first, second = said[f"mindgraph -w mindgraph-demo load {address}"]
    assert "created 0" not in first and "created 0, updated 0, removed 0" in second
    shown = re.findall(r"^    (load: .*)$", guide, re.MULTILINE)
    assert [_uncounted(line) for line in shown] == [_uncounted(line) for line in first.splitlines()[-2:]]
    (statement,) = re.findall(r"^```cypher\n(.*?)^```", guide, re.DOTALL | re.MULTILINE)
    with neo4j_empty.driver() as driver:
        drawn = driver.execute_query(statement, result_transformer_=neo4j.Result.graph)
    assert drawn.relationships
    (program,) = programs(guide)
    asked = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    assert len(asked.stdout.splitlines()) == 3


def _uncounted(line: str) -> str:
    """Return a line without its first number, which grows with the sample shop."""
    return re.sub(r"\d[\d,]*", "N", line, count=1)
