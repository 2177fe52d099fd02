"""Measure whole processes beside their peers, and print one table.

A bench is a function that takes a `Bench` and returns rows; `@bench("name")` makes it known. It stands
in a module `benchmarks/bench_*.py`. What is timed is a process of its own, so start, imports and reading
are part of it, and its memory is its own. A bar is judged at scale 1; at smaller scales the figures show
that the benchmark works.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

import benchmarks
from benchmarks import launch
from mindgraph.workspace import Workspace

GB = 1e9


class LeftOut(Exception):
    """Say why a bench cannot run here."""


@dataclass(frozen=True)
class Run:
    """Hold what one child process took, and what it printed on standard output."""

    seconds: float
    #: User and system time of the process and of those it waited for.
    cpu: float
    #: The most memory it held at once, in bytes.
    memory: int
    output: str


@dataclass(frozen=True)
class Row:
    """Be one line of the table; `met` is None where there is no bar."""

    work: str
    ours: str
    peer: str = ""
    ratio: float | None = None
    bar: str = ""
    met: bool | None = None
    cpu: float | None = None
    memory: int | None = None
    size: str = ""


@dataclass
class Bench:
    """Give a bench its input, its scratch folder and a way to run children."""

    scale: float
    workspace: Workspace
    scratch: Path
    copies: int = field(default=0)

    def copy(self, *tables: str) -> Path:
        """Return a workspace of its own with these tables (all: none named); files are linked.

        A table is replaced as a whole when it is written, so the original stays as it is.
        """
        self.copies += 1
        folder = self.scratch / f"copy-{self.copies}"
        folder.mkdir()
        shutil.copy(self.workspace.path / "mindgraph.toml", folder)
        for path in sorted(self.workspace.path.glob("*.parquet")):
            if not tables or path.stem in tables:
                _link(path, folder / path.name)
        return folder

    def run(self, *arguments: str | Path, environment: Mapping[str, str] | None = None) -> Run:
        """Run Python with these arguments as a child, and measure it; raise where it fails."""
        return measure([sys.executable, *map(str, arguments)], environment)

    def mindgraph(self, folder: Path, *arguments: str | Path) -> Run:
        """Run the command line on a workspace, and measure it."""
        return self.run("-m", "mindgraph", "-w", folder, *arguments)


BENCHES: dict[str, Callable[[Bench], Iterable[Row]]] = {}


def bench(
    name: str,
) -> Callable[[Callable[[Bench], Iterable[Row]]], Callable[[Bench], Iterable[Row]]]:
    """Make a bench known by its name."""

    def register(function: Callable[[Bench], Iterable[Row]]) -> Callable[[Bench], Iterable[Row]]:
        BENCHES[name] = function
        return function

    return register


def find_benches() -> dict[str, Callable[[Bench], Iterable[Row]]]:
    """Import every `benchmarks/bench_*.py` and return the benches by name."""
    for module in sorted(found.name for found in pkgutil.iter_modules(benchmarks.__path__)):
        if module.startswith("bench_"):
            importlib.import_module(f"benchmarks.{module}")
    return BENCHES


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Run:
    """Run a command to its end and return what it took; raise RuntimeError where it fails."""
    with tempfile.NamedTemporaryFile() as took:
        done = subprocess.run(
            [sys.executable, "-I", str(Path(launch.__file__)), took.name, *command],
            capture_output=True,
            env={**os.environ, **(environment or {})},
        )
        if done.returncode:
            said = done.stderr.decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} failed ({done.returncode}):\n{said}")
        figures = json.loads(Path(took.name).read_bytes())
    return Run(**figures, output=done.stdout.decode(errors="replace"))


def versus(
    work: str, ours: Run, peer: Run, *, faster: float, memory: float | None = None, size: str = ""
) -> Row:
    """Return a row that holds ours against its peer: so many times faster, in so many bytes."""
    ratio = peer.seconds / ours.seconds
    bars = [f"≥ {faster:g}×"] + ([f"≤ {memory / GB:g} GB"] if memory else [])
    met = ratio >= faster and (memory is None or ours.memory <= memory)
    return Row(
        work=work,
        ours=f"{ours.seconds:.2f} s",
        peer=f"{peer.seconds:.2f} s",
        ratio=ratio,
        bar=", ".join(bars),
        met=met,
        cpu=ours.cpu,
        memory=ours.memory,
        size=size,
    )


def within(work: str, ours: Run, *, seconds: float, memory: float | None = None, size: str = "") -> Row:
    """Return a row that holds a process against so many seconds and bytes."""
    bars = [f"≤ {seconds:g} s"] + ([f"≤ {memory / GB:g} GB"] if memory else [])
    met = ours.seconds <= seconds and (memory is None or ours.memory <= memory)
    return Row(
        work=work,
        ours=f"{ours.seconds:.2f} s",
        bar=", ".join(bars),
        met=met,
        cpu=ours.cpu,
        memory=ours.memory,
        size=size,
    )


def run_all(
    names: Sequence[str], *, scale: float, seed: int, out: Path, workspace: Path | None = None
) -> list[Row]:
    """Run the benches named (all: none named) over one synthetic workspace and return their rows.

    The rows are said as they come and written to `out` as JSON. A bench that cannot run here has a
    row that says why.
    """
    chosen = {name: function for name, function in find_benches().items() if not names or name in names}
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        source = Workspace(workspace) if workspace else _made(Path(scratch) / "synthetic", scale, seed)
        rows: dict[str, list[Row]] = {}
        for name, function in chosen.items():
            folder = Path(scratch) / name
            folder.mkdir()
            rows[name] = _rows(function, Bench(scale, source, folder))
            shutil.rmtree(folder)
    (out / "results.json").write_text(_as_json(rows, scale, seed), encoding="utf-8")
    return [row for found in rows.values() for row in found]


def print_rows(rows: Sequence[Row], scale: float) -> None:
    """Print the table."""
    heads = ["work", "ours", "peer", "ratio", "bar", "met", "CPU", "memory", "size"]
    cells = [heads, *(_cells(row, judged=scale >= 1) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(heads))]
    print(f"scale {scale:g}" + ("" if scale >= 1 else ": figures only, bars are judged at scale 1"))
    for line in cells:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _rows(function: Callable[[Bench], Iterable[Row]], given: Bench) -> list[Row]:
    rows: list[Row] = []
    try:
        for row in function(given):
            rows.append(row)
            print(*filter(None, _cells(row, judged=given.scale >= 1)), sep="  ", file=sys.stderr, flush=True)
    except LeftOut as why:
        rows.append(Row(work=f"left out: {why}", ours=""))
    return rows


def _made(folder: Path, scale: float, seed: int) -> Workspace:
    """Make the workspace in a child, so that its memory is not held while others are measured."""
    measure(
        [
            sys.executable,
            "-m",
            "benchmarks.synthetic",
            str(folder),
            "--scale",
            str(scale),
            "--seed",
            str(seed),
        ]
    )
    return Workspace(folder)


def _cells(row: Row, *, judged: bool) -> list[str]:
    met = "" if row.met is None or not judged else "yes" if row.met else "NO"
    ratio = "" if row.ratio is None else f"{row.ratio:.{1 if row.ratio >= 1 else 2}f}×"
    cpu = "" if row.cpu is None else f"{row.cpu:.1f} s"
    memory = "" if row.memory is None else f"{row.memory / GB:.2f} GB"
    return [row.work, row.ours, row.peer, ratio, row.bar, met, cpu, memory, row.size]


def _as_json(rows: Mapping[str, Sequence[Row]], scale: float, seed: int) -> str:
    libraries = ("mindgraph-kg", "polars", "pyarrow", "arcadedb", "neo4j")
    about = {
        "scale": scale,
        "seed": seed,
        "python": platform.python_version(),
        "machine": platform.machine(),
        "processors": os.cpu_count(),
        "libraries": {name: metadata.version(name) for name in libraries},
        "rows": {name: [asdict(row) for row in found] for name, found in rows.items()},
    }
    return json.dumps(about, ensure_ascii=False, indent=2) + "\n"


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy(source, target)
