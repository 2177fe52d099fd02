"""What is shipped works by itself: the wheel, in an empty environment, outside the checkout."""

from __future__ import annotations

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.needs import ROOT, need_module


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout."""
    need_module("build", "build")
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--wheel", "--outdir", str(out), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.mark.slow
def test_the_wheel_holds_statements_and_schemas_and_no_stray_module(wheel: Path):
    """Cypher and schemas travel inside the package, and nothing lands beside it."""
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    kinds = {suffix: any(n.endswith(suffix) for n in names) for suffix in (".cypher", ".schema.json", ".ttl")}
    assert (tops, kinds) == (
        {"mindgraph", *(t for t in tops if t.endswith(".dist-info"))},
        {".cypher": True, ".schema.json": True, ".ttl": True},
    )


@pytest.mark.slow
def test_the_demo_runs_from_the_wheel_in_an_empty_environment(wheel: Path, tmp_path: Path):
    """An empty environment, the wheel and its dependencies, a folder elsewhere: the demo works."""
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel]
    subprocess.run([str(part) for part in install], check=True, cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [str(tmp_path / "env" / "bin" / "mindgraph"), "demo"],
        cwd=elsewhere,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "written by hand" in done.stdout + done.stderr
