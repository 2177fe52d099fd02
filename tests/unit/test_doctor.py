"""What is wrong with a machine or a workspace is found, told in one line, with what to do."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree

import pytest
from click.testing import CliRunner, Result

from mindgraph.cli import cli
from mindgraph.doctor import examine
from mindgraph.doctor.machine import DISK, MEMORY, disk, installed, machine_findings, memory, space
from mindgraph.findings import Finding
from mindgraph.records import Product, Triple
from mindgraph.workspace import Workspace
from tests.handon import write_tables


@pytest.fixture
def whole(sample_shop: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the sample shop that may be spoilt."""
    copytree(sample_shop.path, tmp_path / "shop")
    return Workspace(tmp_path / "shop")


def found(workspace: Workspace) -> dict[str, Finding]:
    """Return what is found by what it is about; the gravest of several."""
    gravity = ["ok", "warn", "bad"]
    findings = sorted(examine(workspace), key=lambda finding: gravity.index(finding.level))
    return {finding.about: finding for finding in findings}


def doctor(workspace: Path, *arguments: str) -> Result:
    """Run the verb."""
    return CliRunner().invoke(cli, ["-w", str(workspace), "doctor", *arguments])


def test_a_whole_workspace_has_nothing_bad(whole: Workspace) -> None:
    """Every finding is ok, and each part of machine and workspace was looked at."""
    findings = found(whole)

    assert {f.about: f.found for f in findings.values() if f.level == "bad"} == {}
    assert findings.keys() == {
        *("mindgraph", "python", "libraries", "extras", "memory", "disk", "java", "docker", "gpu"),
        *("settings", "write permission", "lock", "tables", "pictures", "runs", "ledger", "stages", "graph"),
    }
    assert all(findings[name].level == "ok" for name in ("tables", "ledger", "stages", "graph", "lock"))


def test_the_verb_prints_rows_and_exits_with_0(whole: Workspace) -> None:
    """JSON is one array of objects; the summary goes to standard error."""
    done = doctor(whole.path, "--format", "json")

    rows = json.loads(done.stdout)
    assert done.exit_code == 0
    assert all(row.keys() == {"about", "level", "found", "advice"} for row in rows)
    assert "doctor: 0 bad" in done.stderr


def test_a_folder_without_a_workspace_is_not_bad(tmp_path: Path) -> None:
    """Who begins is told how; nothing is written."""
    done = doctor(tmp_path / "new", "--format", "csv")

    assert done.exit_code == 0
    assert "is no workspace yet,`mindgraph ingest` makes one" in done.stdout
    assert not (tmp_path / "new").exists()


def test_a_damaged_table_is_named_and_the_rest_still_looked_at(whole: Workspace) -> None:
    """Bytes in the middle are spoilt, as a bad disk does: the exit code is 1."""
    spoil(whole.file(Triple))
    done = doctor(whole.path, "--format", "json")

    bad = {row["about"]: row for row in json.loads(done.stdout) if row["level"] == "bad"}
    assert done.exit_code == 1
    assert "triples.parquet" in bad["tables"]["found"]
    assert "build" in bad["tables"]["advice"] or "triples" in bad["tables"]["advice"]
    assert "ledger" not in bad


def test_a_table_that_is_gone_names_the_stage_that_writes_it(whole: Workspace) -> None:
    """Though nothing else is damaged."""
    whole.file(Triple).unlink()

    finding = found(whole)["tables"]
    assert (finding.level, finding.advice) == ("bad", "Run `mindgraph build` again.")
    assert finding.found.endswith("triples.parquet is gone")


def test_a_table_that_somebody_changed_is_pointed_out(whole: Workspace) -> None:
    """It can be read, and is another file than the one its stage wrote; what follows from it is stale."""
    whole.write(Product, whole.read(Product).head(39))

    findings = found(whole)
    assert findings["tables"].level == "warn"
    assert "is not the file that `mindgraph ingest` wrote" in findings["tables"].found
    assert findings["stages"].level == "warn"
    assert "products" in findings["graph"].found


def test_a_picture_that_is_gone_is_named(whole: Workspace) -> None:
    """The first of those that are missing, and how many."""
    gone = sorted(path for path in whole.images.rglob("*") if path.is_file())[0]
    gone.unlink()

    assert found(whole)["pictures"].found == f"1 of 40 pictures are gone, the first {gone.stem}"


def test_a_locked_workspace_names_who_writes(whole: Workspace) -> None:
    """Another process holds the lock; that is no fault, and readers need not wait."""
    code = "import sys\nfrom mindgraph.workspace import Workspace\n"
    code += "with Workspace(sys.argv[1]).locked():\n print('held', flush=True)\n sys.stdin.read()"
    writer = subprocess.Popen(
        [sys.executable, "-c", code, str(whole.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert writer.stdout is not None
    writer.stdout.readline()
    finding = found(whole)["lock"]
    writer.communicate()

    assert (finding.level, finding.found) == (
        "warn",
        f"{whole.path} is being written by another process (pid {writer.pid})",
    )
    assert found(whole)["lock"].level == "ok"


def test_a_ledger_with_a_spoilt_page_is_bad(whole: Workspace) -> None:
    """The whole file is looked at, not its first page alone."""
    spoil(whole.ledger)

    finding = found(whole)["ledger"]
    assert finding.level == "bad"
    assert "replies.sqlite" in finding.found


def test_a_ledger_with_a_row_that_refers_to_nothing_is_bad(whole: Workspace) -> None:
    """What a quick look at the pages does not find."""
    with sqlite3.connect(whole.ledger) as ledger:
        ledger.execute("INSERT INTO shared SELECT max(id) + 7, 'nobody' FROM replies")
    ledger.close()

    finding = found(whole)["ledger"]
    assert (finding.level, finding.found) == (
        "bad",
        f"{whole.ledger} is damaged: a row of shared refers to a row of replies that is not there",
    )


def test_a_manifest_that_cannot_be_read_is_counted(whole: Workspace) -> None:
    """Its stage runs again; nothing is lost."""
    sorted((whole.path / "runs").glob("*.json"))[0].write_text("{")

    assert found(whole)["runs"].found.startswith("1 of ")


def test_settings_that_are_no_toml_are_bad_and_the_rest_is_still_told(whole: Workspace) -> None:
    """One line with the place in the file."""
    (whole.path / "mindgraph.toml").write_text("dataset = \n")

    findings = found(whole)
    assert findings["settings"].level == "bad"
    assert "mindgraph.toml" in findings["settings"].found
    assert findings["ledger"].level == "ok"


def test_a_workspace_of_a_newer_version_is_bad(tmp_path: Path) -> None:
    """The hint says how to upgrade."""
    workspace = write_tables(tmp_path / "ws")
    text = (workspace.path / "mindgraph.toml").read_text()
    (workspace.path / "mindgraph.toml").write_text(text.replace("format = 1", "format = 99"))

    finding = found(workspace)["settings"]
    assert (finding.level, finding.advice) == ("bad", "Upgrade: pip install --upgrade mindgraph-kg")


def test_an_embedded_graph_whose_folder_is_gone_is_bad(whole: Workspace) -> None:
    """It cannot be asked, and the hint says what makes it anew."""
    held = json.loads((whole.graph / "current.json").read_text())["folder"]
    (whole.graph / held).rename(whole.graph / "elsewhere")

    finding = found(whole)["graph"]
    assert (finding.level, finding.advice) == ("bad", "Run `mindgraph load` first.")


def test_memory_and_disk_are_judged_by_what_a_load_takes(tmp_path: Path) -> None:
    """Little memory is a warning, no disk is bad, and a graph that has no room beside itself a warning."""
    assert memory(8 * MEMORY, MEMORY - 1).level == "warn"
    assert memory(8 * MEMORY, MEMORY).level == "ok"
    assert memory(None, None).level == "ok"
    assert space("disk", tmp_path, DISK - 1, 0).level == "bad"
    assert space("disk", tmp_path, DISK, DISK + 1).level == "warn"
    assert space("disk", tmp_path, DISK, DISK).level == "ok"
    assert disk(tmp_path / "not" / "yet").level == "ok"


def test_a_library_that_is_missing_or_too_old_is_named() -> None:
    """With the line that mends it."""
    finding = installed({"polars>=2.0": "1.40.2", "click>=8.2": "8.10", "neo4j>=6.0": None})

    assert (finding.level, finding.found) == ("bad", "missing: neo4j>=6.0; too old: polars>=2.0 (is 1.40.2)")
    assert finding.advice.startswith("pip install")
    assert installed({"click>=8.2": "8.10"}) == Finding("libraries", "ok", "click 8.10")


def test_java_docker_and_gpus_are_told_by_what_the_programs_say(programs: Path, tmp_path: Path) -> None:
    """A program that answers is quoted, one that fails counts as none."""
    told = {finding.about: finding for finding in machine_findings(tmp_path)}

    assert told["java"].found == 'openjdk version "25.0.1"'
    assert told["docker"].found == "the client is here, and no engine answers"
    assert told["gpu"].found == "NVIDIA H200, 143771 MiB; NVIDIA H200, 143771 MiB"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of programs, the only ones that are found."""
    answers = {
        "java": "echo 'openjdk version \"25.0.1\"' >&2",
        "docker": "exit 1",
        "nvidia-smi": "echo NVIDIA H200, 143771 MiB; echo NVIDIA H200, 143771 MiB",
    }
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, answer in answers.items():
        (folder / name).write_text(f"#!/bin/sh\n{answer}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    yield folder


def spoil(path: Path) -> None:
    """Overwrite a quarter of a file, in the middle."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
