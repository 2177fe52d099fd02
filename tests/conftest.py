"""Fixtures that many tests share."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import need, shared_folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; skipped with one line where it is absent."""
    folder = shared_folder()
    need("shared", folder.is_dir(), "no real data: set MINDGRAPH_SHARED to the folder that holds data/")
    return folder


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the settings of whoever runs the tests out of them."""
    kept = ("MINDGRAPH_REQUIRE", "MINDGRAPH_SHARED", "MINDGRAPH_CACHE")
    for name in os.environ:
        if name.startswith("MINDGRAPH_") and name not in kept:
            monkeypatch.delenv(name)
    yield
