"""What a test needs that a machine may lack: skipped with one line, or a failure where required.

`MINDGRAPH_REQUIRE=shared,neo4j,chromium` (or `all`) names what must be there; CI sets it.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def need(name: str, present: object, why: str) -> None:
    """Go on where `present` is true; else skip with one line, or fail where `name` is required."""
    if present:
        return
    required = {part.strip() for part in os.environ.get("MINDGRAPH_REQUIRE", "").split(",")}
    if name in required or "all" in required:
        pytest.fail(f"{name} is required here (MINDGRAPH_REQUIRE): {why}", pytrace=False)
    pytest.skip(f"{name}: {why}")


def need_module(name: str, module: str) -> None:
    """Go on where a Python module can be imported."""
    need(name, importlib.util.find_spec(module), f"the Python module {module} is not installed")


def shared_folder() -> Path:
    """Return the folder of real data that lies beside the checkout, whether it exists or not."""
    return Path(os.environ.get("MINDGRAPH_SHARED", ROOT.parent / "shared")) / "data"
