"""`mindgraph load`, `query` and `queries` on the command line."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mindgraph.records import Triple
from mindgraph.resources import cypher
from tests.handon import small_tables, write_tables


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder above a workspace with the small shop, loaded."""
    folder = tmp_path_factory.mktemp("above")
    write_tables(folder / "ws")
    done = mindgraph(folder, "load")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return folder


def mindgraph(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mindgraph", "-w", "ws", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_load_says_what_it_loaded_and_leaves_nothing_about(tmp_path: Path) -> None:
    """Talk goes to standard error; no log appears where somebody happens to be."""
    write_tables(tmp_path / "ws")
    done = mindgraph(tmp_path, "load")

    assert (done.returncode, done.stdout) == (0, "")
    assert [line.split("(")[0] for line in done.stderr.splitlines()] == [
        "load: 31 nodes ",
        "load: 163 relationships ",
        "load: read back, and the same as the tables. Next: mindgraph queries",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["ws"]


def test_a_second_load_has_nothing_to_do(loaded: Path) -> None:
    """It says so, and is quick."""
    begun = time.monotonic()
    done = mindgraph(loaded, "load")

    assert done.stderr == "load: nothing has changed, the graph stays as it is.\n"
    assert time.monotonic() - begun < 10


def test_a_load_follows_the_tables(tmp_path: Path) -> None:
    """What a table no longer holds is no longer in the graph."""
    tables = small_tables()
    write_tables(tmp_path / "ws", tables)
    mindgraph(tmp_path, "load")
    kept = [triple for triple in tables[Triple] if triple.relation == "can"]
    write_tables(tmp_path / "ws", {**tables, Triple: kept})
    assert "nodes" in mindgraph(tmp_path, "load").stderr

    done = mindgraph(tmp_path, "query", "counts", "--format", "jsonl")
    counts = {row["name"]: row["count"] for row in map(json.loads, done.stdout.splitlines())}
    assert counts["HAS_INTENTION"] == len(kept)


def test_four_formats_say_the_same(loaded: Path) -> None:
    """Table for people; json, jsonl and csv for programs."""
    question = ("query", "-c", "UNWIND [1, 2] AS n RETURN n, 'a,' + n AS t, [n, null] AS l ORDER BY n")
    rows = [{"n": 1, "t": "a,1", "l": [1, None]}, {"n": 2, "t": "a,2", "l": [2, None]}]
    said = {f: mindgraph(loaded, *question, "--format", f).stdout for f in ("json", "jsonl", "csv", "table")}

    assert json.loads(said["json"]) == rows
    assert [json.loads(line) for line in said["jsonl"].splitlines()] == rows
    assert list(csv.reader(io.StringIO(said["csv"]))) == [
        ["n", "t", "l"],
        ["1", "a,1", "[1, null]"],
        ["2", "a,2", "[2, null]"],
    ]
    assert "a,2" in said["table"]


def test_a_node_is_readable_in_every_format(loaded: Path) -> None:
    """Labels and properties, and none of the engine's own numbers."""
    for form in ("json", "jsonl", "csv", "table"):
        said = mindgraph(loaded, "query", "-c", "MATCH (g:Generator {id: 'g1'}) RETURN g", "--format", form)
        assert "Generator" in said.stdout
        assert "g1" in said.stdout
        assert "@" not in said.stdout


def test_no_rows_still_have_columns(loaded: Path) -> None:
    """A named question's csv has its header."""
    done = mindgraph(loaded, "query", "bought_for", "-p", "product=nothing", "--format", "csv")

    assert done.stdout == "relation,intention,cobuys,support,acceptance,intention_id\n"


def test_parameters_are_json_else_text(loaded: Path) -> None:
    """7 is a number, seven is a text; a named question's text stays a text."""
    given = ("-p", "a=7", "-p", "b=seven", "-p", 'c=["x", null]', "-p", "d=1=2", "-p", 'e="7"')
    done = mindgraph(
        loaded,
        "query",
        "-c",
        "RETURN $a AS a, $b AS b, $c AS c, $d AS d, $e AS e",
        *given,
        "--format",
        "jsonl",
    )

    assert json.loads(done.stdout) == {"a": 7, "b": "seven", "c": ["x", None], "d": "1=2", "e": "7"}
    assert mindgraph(loaded, "query", "bought_for", "-p", "product=7").returncode == 0


def test_a_limit_is_told(loaded: Path) -> None:
    """Standard error says that there is more, and how to have it."""
    done = mindgraph(
        loaded, "query", "-c", "UNWIND [1, 2] AS n RETURN n", "--limit", "1", "--format", "jsonl"
    )

    assert done.stdout == '{"n": 1}\n'
    assert done.stderr == "There are more rows than 1: --limit 0 shows all.\n"


def test_time_is_up(loaded: Path) -> None:
    """The command ends, and nothing of it goes on."""
    statement = (
        "UNWIND range(1, 5000000) AS a UNWIND range(1, 5000000) AS b WITH a, b WHERE a = -b RETURN count(*)"
    )
    done = mindgraph(loaded, "query", "-c", statement, "--timeout", "0.5")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: The statement was ended after 0.5 seconds.\nhint: ")
    assert _workers_of(loaded) == []


def test_who_is_killed_takes_the_question_along(loaded: Path) -> None:
    """`kill -9` of the command leaves no process that goes on computing."""
    statement = "UNWIND range(1, 5000000) AS a UNWIND range(1, 5000000) AS b WITH a, b WHERE a = -b RETURN 1"
    command = subprocess.Popen(
        [sys.executable, "-m", "mindgraph", "-w", "ws", "query", "-c", statement], cwd=loaded
    )
    _wait_until(lambda: _workers_of(loaded) != [])
    command.kill()
    command.wait()

    _wait_until(lambda: _workers_of(loaded) == [])


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("query", "bougt_for"),
            1,
            "error: No query is named 'bougt_for'.\nhint: Did you mean bought_for?\n",
        ),
        (
            ("query", "bought_for"),
            1,
            "error: bought_for needs product (a product, by the shop's id or by its full key).\n"
            "hint: mindgraph query bought_for -p product=…\n",
        ),
        (
            ("query", "-c", "MATCH (p:Product) RETRUN p"),
            1,
            "error: The statement was refused: Unexpected input 'RETRUN': line 1, column 19\n"
            "  MATCH (p:Product) RETRUN p\n"
            "                    ^\n"
            "hint: Look at the mark.\n",
        ),
        (
            ("query", "-c", "RETURN $who AS who"),
            1,
            "error: The statement needs $who.\nhint: Give it a value: -p who=VALUE\n",
        ),
        (("query", "find_intention", "-p", "words=!"), 1, "words is to be of type words, not '!'"),
        (
            ("query", "-c", "CREATE (n)"),
            1,
            "error: Refused, a question does not begin with CREATE: line 1, column 1",
        ),
        (("query",), 2, "Give the name of a question, or your own with -c."),
        (("query", "counts", "-c", "RETURN 1"), 2, "Give the name of a question, or your own with -c."),
        (("query", "counts", "-p", "x"), 2, "-p x is no NAME=VALUE."),
        (("queries", "count"), 1, "hint: Did you mean counts?"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(
    loaded: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    """One error, its place, a hint, nothing on standard output, and the exit code."""
    done = mindgraph(loaded, *arguments)

    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_graph_or_a_workspace_the_hint_says_what_to_do(tmp_path: Path) -> None:
    """`query` before `load`, `load` before `ingest`."""
    asked, load = mindgraph(tmp_path, "query", "counts"), mindgraph(tmp_path, "load")

    assert asked.stderr == "error: No graph has been loaded yet.\nhint: Run `mindgraph load` first.\n"
    assert load.returncode == 1
    assert load.stderr.startswith("error: ") and "hint: " in load.stderr


def test_questions_are_listed_and_shown(loaded: Path) -> None:
    """By name, with what they answer; one alone as it stands in its file."""
    listed = json.loads(mindgraph(loaded, "queries", "--format", "json").stdout)

    assert {"name": "counts", "answers": "How many of everything are there?", "parameters": []} in listed
    assert mindgraph(loaded, "queries", "bought_for").stdout == cypher("query/bought_for")


def test_a_workspace_may_lie_where_paths_are_odd(tmp_path: Path) -> None:
    """Spaces, quotes and other alphabets in the path."""
    folder = tmp_path / "my 'shop' — 店"
    folder.mkdir()
    write_tables(folder / "ws")

    assert mindgraph(folder, "load").returncode == 0
    assert mindgraph(folder, "query", "counts").returncode == 0


def test_asking_needs_neither_tables_nor_models(loaded: Path) -> None:
    """What takes long to import is not imported."""
    program = (
        "import sys; sys.argv = ['mindgraph', '-w', 'ws', 'query', 'counts', '--format', 'csv']\n"
        "from mindgraph.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'polars', 'pyarrow', 'numpy', 'torch', 'arcadedb', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=loaded, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "set()"


def test_a_graph_can_be_asked_where_nothing_may_be_written(loaded: Path, tmp_path: Path) -> None:
    """A workspace on a read-only disk, or somebody else's."""
    shutil.copytree(loaded / "ws", tmp_path / "ws")
    for path in [tmp_path / "ws", *(tmp_path / "ws").rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    before = _listing(tmp_path)
    done = mindgraph(tmp_path, "query", "counts", "--format", "csv")
    for path in [tmp_path / "ws", *(tmp_path / "ws").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)

    assert done.returncode == 0, done.stderr
    assert _listing(tmp_path) == before


def _listing(folder: Path) -> list[tuple[str, int, int]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in files]


def _workers_of(folder: Path) -> list[int]:
    """Return the processes that hold a graph of this folder open."""
    psutil = pytest.importorskip("psutil")
    wanted = str((folder / "ws" / "graph").resolve())
    return [
        process.info["pid"]
        for process in psutil.process_iter(["pid", "cmdline", "status"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
        and any(part.startswith(wanted) for part in process.info["cmdline"] or ())
    ]


def _wait_until(true, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
