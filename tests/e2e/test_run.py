"""Every stage in one command, from two tables to a graph that answers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mindgraph.cli import cli
from tests.stub_server import StubServer
from tests.unit.test_distill import COBUYS, shop


def mindgraph(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-w", str(folder / "all"), *words], catch_exceptions=False)


@pytest.mark.slow
def test_run_goes_all_the_way_and_the_second_time_does_nothing(tmp_path: Path) -> None:
    """Ingest, distill, filter, build, cluster and load; then a named query finds the reasons."""
    shop(tmp_path)
    files = (str(tmp_path / "products.csv"), str(tmp_path / "cobuys.csv"))
    with StubServer() as server:
        first = mindgraph(
            tmp_path, "run", *files, "--base-url", server.base_url, "--relations", "can,usedFor"
        )
        asked = len(server.chats())
        again = mindgraph(tmp_path, "run", *files, "--relations", "can,usedFor")
        assert len(server.chats()) == asked
    stages = ("ingest", "distill", "filter", "cluster", "load")
    assert all(f"{stage}: " in first.stderr for stage in stages)
    assert again.stderr.count("unchanged, nothing was asked") == 2
    found = mindgraph(tmp_path, "query", "why_together", "-p", "a=p0", "-p", "b=p1", "--format", "json")
    assert len(json.loads(found.stdout)) == 2
    counted = mindgraph(tmp_path, "query", "counts", "--format", "json")
    assert str(len(COBUYS)) in counted.stdout
