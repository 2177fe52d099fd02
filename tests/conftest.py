"""Fixtures that many tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from mindgraph.workspace import Workspace
from tests import shop
from tests.needs import need, shared_folder
from tests.servers import GENERATIONS, NoServer, Server, open_server, wipe

#: How long an example takes says more about the machine than about the code.
settings.register_profile("mindgraph", deadline=None)
settings.load_profile("mindgraph")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; skipped with one line where it is absent."""
    folder = shared_folder()
    need("shared", folder.is_dir(), "no real data: set MINDGRAPH_SHARED to the folder that holds data/")
    return folder


@pytest.fixture(scope="session")
def sample_shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The sample shop, taken through every stage; for reading alone."""
    return shop.made(tmp_path_factory.mktemp("sample") / "sample-shop")


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the settings of whoever runs the tests out of them."""
    kept = ("MINDGRAPH_REQUIRE", "MINDGRAPH_SHARED", "MINDGRAPH_CACHE", "MINDGRAPH_SCREENSHOTS")
    for name in os.environ:
        if name.startswith("MINDGRAPH_") and name not in kept:
            monkeypatch.delenv(name)
    yield


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(name, marks=pytest.mark.xdist_group(f"neo4j-{name}"), id=f"neo4j-{name}")
        for name in GENERATIONS
    ],
)
def neo4j_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running Neo4j of each generation, with a password; skipped with one line where none is to be had."""
    server: Server | None = None
    try:
        server = open_server(GENERATIONS[request.param])
    except NoServer as lack:
        need("neo4j", False, str(lack))
    assert server is not None
    yield server
    server.close()


@pytest.fixture
def neo4j_empty(neo4j_server: Server) -> Server:
    """A running Neo4j whose database holds nothing."""
    with neo4j_server.driver() as driver:
        wipe(driver)
    return neo4j_server
