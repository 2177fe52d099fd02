"""`mindgraph ingest` on the command line: what it prints, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


def ingest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mindgraph", "-w", "ws", "ingest", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "p.csv").write_text("sku,name,price\na,Lamp,$5\nb,Tent,free\nc\n")
    (tmp_path / "c.csv").write_text("product_a,product_b,n\na,b,3\na,z,1\na,y,1\n")
    return tmp_path


def test_a_run_says_what_it_found_and_what_comes_next(folder: Path) -> None:
    """The summary is talk, on standard error: counts, rejects with a place each, the next verb."""
    done = ingest(folder, "p.csv", "c.csv", "--map", "weight=n")

    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "ingest: 2 products, 1 co-buys.",
        "Not usable, kept in ws/rejects.parquet: 4",
        "  2 × unknown product (first: c.csv:3)",
        "  1 × 1 fields where the header has 3 (first: p.csv:4)",
        "  1 × price is no amount (first: p.csv:3)",
        "Next: mindgraph distill --base-url URL --model NAME",
    ]


def test_the_same_command_again_says_that_nothing_changed(folder: Path) -> None:
    """A second run costs nothing."""
    ingest(folder, "p.csv", "c.csv")

    assert ingest(folder, "p.csv", "c.csv").stderr == "ingest: nothing has changed, nothing to do.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ((), 2, "Name a file of products"),
        (("none.csv",), 1, "error: none.csv cannot be read: No such file or directory"),
        (("p.csv", "c.csv", "--map", "weight=m"), 1, "no file has a column 'm'"),
        (("p.csv", "c.csv", "--map", "titel=name"), 1, "hint: Did you mean 'title'?"),
        (("p.csv", "p.csv"), 1, "error: p.csv has no column 'product_a' for the cobuys"),
        (("p.csv", "--from", "magic"), 2, "'magic' is not 'table'"),
        (("p.csv", "--images", "none"), 1, "error: none cannot be read as a folder of pictures"),
    ],
)
def test_what_cannot_be_done_is_told_without_a_traceback(
    folder: Path, arguments: tuple[str, ...], code: int, told: str
) -> None:
    """Errors of input end with 1, of usage with 2; the place is named."""
    done = ingest(folder, *arguments)

    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_rejects_everything_ends_with_one(folder: Path) -> None:
    """It names the file, an example, and where the rejects are."""
    (folder / "c.csv").write_text("product_a,product_b\nx,y\n")

    done = ingest(folder, "p.csv", "c.csv")

    assert done.returncode == 1
    assert "c.csv: none of its 1 lines could be used" in done.stderr
    assert "unknown product x" in done.stderr
    assert (folder / "ws" / "rejects.parquet").is_file()
