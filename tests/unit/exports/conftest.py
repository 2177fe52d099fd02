"""The workspaces that are exported."""

from __future__ import annotations

import pytest

from mindgraph.graph import Graph, graph_of
from mindgraph.workspace import Workspace
from tests.exports import shop
from tests.handon import write_tables


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return write_tables(tmp_path_factory.mktemp("exports") / "ws", shop())


@pytest.fixture(scope="module")
def graph(workspace: Workspace) -> Graph:
    return graph_of(workspace.read, "shop")


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small shop, whose texts break careless writers."""
    return write_tables(tmp_path_factory.mktemp("nasty") / "ws")
