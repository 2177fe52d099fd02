"""What docs/models.md shows is what happens: its lines run, in order, in an empty folder."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engines import answered_by
from tests.needs import ROOT, need_module
from tests.stub_server import StubServer

#: Where the guide's server is; a stub stands in for it.
ADDRESS = "http://localhost:8000/v1"


def blocks(kind: str) -> list[str]:
    """The blocks of one kind in the guide."""
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```", text, flags=re.DOTALL | re.MULTILINE)


def lines() -> list[str]:
    """The lines of the guide that are run."""
    return [line for block in blocks("sh") for line in block.splitlines() if line.strip()]


def run(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    said = re.sub(r"^mindgraph ", f"{sys.executable} -m mindgraph ", line)
    return subprocess.run(said, shell=True, cwd=folder, capture_output=True, text=True)


@pytest.mark.slow
def test_the_guide_runs_with_a_server_files_and_a_cassette(tmp_path: Path) -> None:
    """All lines but those that need torch or Ray run from top to bottom; a stub is the server."""
    (tmp_path / "prices.toml").write_text(blocks("toml")[0])
    done = []
    with StubServer() as server:
        for line in lines():
            if "--engine transformers" in line or "ray" in line:
                continue
            if line.startswith("vllm run-batch"):
                given, wanted = re.findall(r"-[io] (\S+)", line)
                _answer(server, tmp_path / given, tmp_path / wanted)
                continue
            ended = run(line.replace(ADDRESS, server.base_url), tmp_path)
            assert ended.returncode == 0, (line, ended.stderr[-500:])
            done.append((line, ended))
    assert len(done) >= 18
    plans = [ended.stderr + ended.stdout for line, ended in done if " plan" in line]
    assert "Prices of 2026-11-01 (where you read them)" in plans[0]
    assert "Nothing is left" not in done[-1][1].stderr  # the verdicts were written


def _answer(server: StubServer, given: Path, wanted: Path) -> None:
    """Answer one file of requests, as `vllm run-batch` would."""
    alone = given.parent / f"one-{given.stem}"
    alone.mkdir()
    (alone / given.name).write_bytes(given.read_bytes())
    answered_by(server, alone).rename(wanted)


@pytest.mark.slow
@pytest.mark.xdist_group("torch")
def test_the_guide_runs_in_this_process(tmp_path: Path) -> None:
    """The lines for `transformers` run with a tiny model, whose random words nobody can read."""
    need_module("transformers", "torch")
    need_module("transformers", "llguidance")
    from tests.tiny_models import build_llava

    model = build_llava(tmp_path / "llava")
    _shop(tmp_path)
    plan, pilot = (line for line in lines() if "--engine transformers" in line)
    planned = run(plan.replace("MODEL_FOLDER", str(model)), tmp_path)
    assert planned.returncode == 0, planned.stderr[-500:]
    assert "counted by the model" in planned.stdout
    asked = run(pilot.replace("MODEL_FOLDER", str(model)), tmp_path)
    assert asked.returncode == 0, asked.stderr[-500:]


@pytest.mark.slow
@pytest.mark.xdist_group("ray")
def test_the_guide_runs_on_ray(tmp_path: Path) -> None:
    """The line for Ray runs with two actors that ask a stub."""
    need_module("ray", "ray")
    _shop(tmp_path)
    (line,) = (line for line in lines() if "--engine ray" in line)
    with StubServer() as server:
        ended = run(line.replace("shop-ray", "shop").replace(ADDRESS, server.base_url), tmp_path)
        assert ended.returncode == 0, ended.stderr[-500:]
        assert server.chats()


def _shop(folder: Path) -> None:
    for line in lines()[:2]:
        ended = run(line, folder)
        assert ended.returncode == 0, ended.stderr[-500:]
