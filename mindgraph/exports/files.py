"""Files of an export: written beside and renamed, so that a stopped export leaves what was there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import polars as pl

from mindgraph.errors import WorkspaceError


@contextmanager
def fresh(path: Path) -> Iterator[BinaryIO]:
    """Open a file for writing beside, and give it its name when all is written."""
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}", hint="OUT is a folder: name another one."
        ) from error
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> Path:
    """Write a small text."""
    with fresh(path) as file:
        file.write(text.encode())
    return path


def write_tsv(path: Path, frame: pl.DataFrame, *, header: bool = True) -> Path:
    """Write a table with tabs between and nothing quoted: its texts hold no tab and no line break."""
    with fresh(path) as file:
        frame.write_csv(file, separator="\t", include_header=header, quote_style="never", null_value="")
    return path


def write_jsonl(path: Path, frame: pl.DataFrame) -> Path:
    """Write a table as one JSON object a line."""
    with fresh(path) as file:
        frame.write_ndjson(file)
    return path


def one_line(column: str) -> pl.Expr:
    """Return a text without tabs, line breaks and other control characters: spaces stand for them."""
    return pl.col(column).str.replace_all(r"[\x00-\x1f\x7f\u{85}\u{2028}\u{2029}]+", " ")
