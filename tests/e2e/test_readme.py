"""What README shows is what happens: its commands run, in order, in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import ROOT


def commands(markdown: str) -> list[str]:
    """Return the lines of the ```sh blocks, continuation lines joined, comments off."""
    blocks = re.findall(r"^```sh\n(.*?)^```", markdown, flags=re.DOTALL | re.MULTILINE)
    joined = "\n".join(blocks).replace("\\\n", " ")
    lines = (re.sub(r"\s+#.*$", "", line).strip() for line in joined.splitlines())
    return [line for line in lines if line.startswith("mindgraph ")]


def programs(markdown: str) -> list[str]:
    """Return the ```python blocks."""
    return re.findall(r"^```python\n(.*?)^```", markdown, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.slow
def test_every_command_and_program_of_the_readme_runs(tmp_path: Path):
    """The ```sh blocks of README run from top to bottom, and then the Python one."""
    found = commands((ROOT / "README.md").read_text(encoding="utf-8"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    failed = []
    for line in found:
        done = subprocess.run(
            line,
            shell=True,
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        failed += [(line, done.stderr[-300:])] if done.returncode else []
    assert (len(found) >= 5, failed) == (True, [])
    (program,) = programs((ROOT / "README.md").read_text(encoding="utf-8"))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "keeping devices charged on the road"), done.stderr
