"""`mindgraph demo` as a newcomer runs it: a process of its own, in an empty folder."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

Done = subprocess.CompletedProcess[str]


def mindgraph(*words: str, cwd: Path) -> Done:
    command = [sys.executable, "-m", "mindgraph", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("somewhere else")


@pytest.fixture(scope="module")
def first(home: Path) -> tuple[Done, float]:
    """The first run, and how many seconds it took."""
    begun = time.perf_counter()
    return mindgraph("demo", cwd=home), time.perf_counter() - begun


def test_it_ends_well_within_half_a_minute_and_says_who_wrote_the_answers(first: tuple[Done, float]):
    """Exit 0, in under 30 seconds, and both first and last lines say that no model was asked."""
    done, seconds = first
    assert (done.returncode, done.stderr) == (0, "")
    assert seconds < 30
    assert "written by hand" in done.stdout.splitlines()[0]
    assert "no model was asked" in done.stdout.splitlines()[-1]


def test_the_funnel_is_printed(first: tuple[Done, float]):
    """Co-buys, questions, candidates, rules, shopper, triples: each with its number."""
    _, funnel = first[0].stdout.split("From co-buys to triples\n")
    numbers = [int(line.split()[-1].replace(",", "")) for line in funnel.splitlines()[:6]]
    assert numbers == [70, 320, 425, 403, 302, 302]


def test_three_answers_are_shown_with_their_commands(first: tuple[Done, float], home: Path):
    """Each question stands above a command, and the command gives rows that were shown."""
    shown = first[0].stdout
    commands = re.findall(r"^  \$ mindgraph (.+)$", shown, flags=re.MULTILINE)
    assert len(commands) == 3
    for command in commands:
        again = mindgraph(*shlex.split(command), "--limit", "5", cwd=home)
        assert again.returncode == 0, again.stderr
    for told in ("making coffee outdoors", "keeping devices charged on the road", "head-torch"):
        assert told in shown


def test_what_it_says_to_try_next_works(first: tuple[Done, float], home: Path):
    """The commands under "Go on from here" run, but for the one with the reader's own files."""
    lines = first[0].stdout.split("Go on from here\n")[1].splitlines()
    commands = [line for line in lines if line.startswith("  mindgraph ") and "PRODUCTS" not in line]
    assert len(commands) >= 4
    for line in commands:
        words = shlex.split(re.split(r"\s{4,}", line.strip())[0])[1:]
        done = mindgraph(*words, cwd=home)
        assert (done.returncode, bool(done.stdout.strip())) == (0, True), (line, done.stderr)


def test_again_shows_the_same(first: tuple[Done, float], home: Path):
    """A second run does nothing anew and tells the same, but for the seconds."""
    again = mindgraph("demo", cwd=home)
    assert again.returncode == 0, again.stderr
    assert re.sub(r"[\d.]+ s$", "", again.stdout, flags=re.M) == re.sub(
        r"[\d.]+ s$", "", first[0].stdout, flags=re.M
    )


def test_the_shop_can_be_taken_through_the_stages_by_hand(first: tuple[Done, float], home: Path):
    """The commands in the note beside the shop's files run, in the shop's folder."""
    assert first[0].returncode == 0
    shop = home / "mindgraph-demo" / "shop"
    note = (shop / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^    mindgraph (.+)$", note, flags=re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        done = mindgraph(*shlex.split(command), cwd=shop)
        assert done.returncode == 0, (command, done.stderr)


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path):
    """A folder that holds other things is refused in one line, and nothing is written into it."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear reader")
    done = mindgraph("demo", "--into", "mine", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == "error: mine holds something else already."
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_a_workspace_of_another_shop_is_left_alone(tmp_path: Path):
    """A workspace with another data set is refused, and stays as it is."""
    (tmp_path / "mine").mkdir()
    settings = tmp_path / "mine" / "mindgraph.toml"
    settings.write_text('format = 1\ndataset = "my-shop"\n')
    done = mindgraph("demo", "--into", "mine", cwd=tmp_path)
    assert (done.returncode, settings.read_text()) == (1, 'format = 1\ndataset = "my-shop"\n')
