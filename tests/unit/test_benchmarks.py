"""The benchmark harness measures whole processes, prints one table, and judges bars at full size only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.harness import GB, Bench, LeftOut, Row, Run, find_benches, print_rows, versus, within
from benchmarks.harness import run_all as run_benches
from benchmarks.synthetic import make_workspace
from mindgraph.records import Candidate
from mindgraph.workspace import Workspace
from tests.needs import ROOT

SCALE = 0.001


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_workspace(tmp_path_factory.mktemp("bench") / "small", SCALE)


def test_a_run_is_measured_as_a_process_of_its_own(workspace: Workspace, tmp_path: Path) -> None:
    """Seconds, processor time and memory are the child's, however much this process holds."""
    ballast = bytearray(500_000_000)
    run = Bench(SCALE, workspace, tmp_path).run("-c", "b = bytearray(50_000_000); print(len(b))")
    assert run.output == "50000000\n"
    assert 0 < run.cpu <= run.seconds * 4
    assert 50e6 < run.memory < 200e6
    del ballast


def test_a_child_that_fails_says_why(workspace: Workspace, tmp_path: Path) -> None:
    """A failed child stops the benchmark with its last words."""
    with pytest.raises(RuntimeError, match=r"(?s)failed \(3\).*the reason"):
        Bench(SCALE, workspace, tmp_path).run(
            "-c", "import sys; print('the reason', file=sys.stderr); sys.exit(3)"
        )


def test_a_copy_leaves_the_original_as_it_is(workspace: Workspace, tmp_path: Path) -> None:
    """What a bench writes into its copy does not reach the workspace that all share."""
    before = workspace.digest_of(Candidate)
    copy = Workspace(Bench(SCALE, workspace, tmp_path).copy("candidates"))
    copy.write(Candidate, copy.read(Candidate).head(1))
    assert copy.count(Candidate) == 1
    assert workspace.digest_of(Candidate) == before
    assert [path.name for path in copy.path.glob("*.parquet")] == ["candidates.parquet"]


def test_bars_hold_time_and_memory() -> None:
    """A row has met its bar where it is fast enough and small enough."""
    fast, slow = Run(1.0, 1.0, int(GB), ""), Run(5.0, 5.0, int(GB), "")
    assert versus("w", fast, slow, faster=5).met is True
    assert versus("w", fast, slow, faster=5.1).met is False
    assert versus("w", fast, slow, faster=5, memory=0.5 * GB).met is False
    assert within("w", slow, seconds=5).met is True
    assert within("w", slow, seconds=4).met is False


def test_the_table_is_printed_and_stored(
    workspace: Workspace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Build and its plain loop agree, and the figures stand in the table and in the JSON."""
    rows = run_benches(["build"], scale=SCALE, seed=0, out=tmp_path, workspace=workspace.path)
    print_rows(rows, SCALE)
    told = json.loads((tmp_path / "results.json").read_text())
    assert [row["work"] for row in told["rows"]["build"]] == [row.work for row in rows]
    head, columns, *lines = capsys.readouterr().out.splitlines()
    assert "judged at scale 1" in head
    assert columns.split() == ["work", "ours", "peer", "ratio", "bar", "met", "CPU", "memory", "size"]
    assert len(lines) == len(rows) == 2


def test_what_cannot_run_here_says_why(tmp_path: Path, workspace: Workspace) -> None:
    """A bench that lacks something leaves one row with the reason."""
    benches = find_benches()

    def lacking(given: Bench) -> list[Row]:
        raise LeftOut("no such server")

    benches["lacking"] = lacking
    try:
        rows = run_benches(["lacking"], scale=SCALE, seed=0, out=tmp_path, workspace=workspace.path)
    finally:
        del benches["lacking"]
    assert [row.work for row in rows] == ["left out: no such server"]


def test_an_unknown_bench_suggests_a_near_one() -> None:
    """A name that no bench has is a usage error that names the nearest."""
    command = [sys.executable, "-m", "benchmarks", "biuld"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "did you mean build?" in done.stderr
