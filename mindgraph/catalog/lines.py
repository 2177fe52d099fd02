"""The lines of an input file: opened, unpacked, and refused where they are no text at all."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Literal, cast

from isal import igzip_lib, igzip_threaded

from mindgraph.errors import CatalogError
from mindgraph.texts import clean

Format = Literal["csv", "jsonl", "parquet"]

_open_gzip: Callable[..., AbstractContextManager[BinaryIO]] = igzip_threaded.open
#: Isal's own stub says that its error is an instance.
_ISAL_ERROR = cast(type[Exception], igzip_lib.IsalError)
_DAMAGED = (EOFError, gzip.BadGzipFile, _ISAL_ERROR, zlib.error)
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_BINARY = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"PK\x03\x04": "a zip archive (or a spreadsheet)",
    b"\xd0\xcf\x11\xe0": "an old Office file",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
}
_HEAD = 65_536


def format_of(path: Path) -> Format:
    """Return the format of an input file, told by its name and checked by its first bytes.

    A name that tells nothing is decided by content. Raises CatalogError for a file that is empty,
    binary, packed otherwise than its name says, or not there.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes[-1:] == [".gz"]
    named = _SUFFIXES.get(suffixes[-2 if packed else -1]) if len(suffixes) > packed else None
    _check_packing(path, packed)
    with opened(path) as file:
        head = file.read(_HEAD)
    found = _by_content(path, head)
    if named is None or found == named:
        return found
    if "parquet" in (named, found):
        raise CatalogError(
            f"{path} is named as {_spoken(named)} but its content is {_spoken(found)}.",
            hint="Give the file the ending of its content, or export it again.",
        )
    return named


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open an input file for reading bytes, unpacked; what fails on the way is a CatalogError."""
    try:
        if path.suffix.lower() == ".gz":
            with _open_gzip(path, "rb") as file:
                yield file
        else:
            with path.open("rb") as file:
                yield file
    except _DAMAGED as error:
        raise CatalogError(
            f"{path} is cut short or damaged: {_lower(error)}.", hint="Copy or download the file again."
        ) from error
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror or error}.") from error


#: Control characters that no text is full of.
_CONTROLS = [bytes([code]) for code in range(1, 32) if code not in b"\t\n\r\x0c\x1b"]


def numbered(path: Path) -> Iterator[tuple[int, bytes]]:
    """Return the physical lines of a text file with their numbers from 1, line ends kept."""
    with opened(path) as file:
        for number, line in enumerate(file, start=1):
            yield number, line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line


def shown(line: bytes) -> str:
    """Return a line as text that can be kept; bytes that are no UTF-8 are shown as \\xNN."""
    return clean(line.decode("utf-8", "backslashreplace").rstrip("\r\n"))


def check_encoding(path: Path, undecodable: int, lines: int) -> None:
    """Refuse a file as a whole when most of its lines are no UTF-8."""
    if undecodable * 2 > lines:
        raise CatalogError(
            f"{path} is not UTF-8: {undecodable:,} of its {lines:,} lines cannot be decoded.",
            hint=f"Convert it: iconv -f LATIN1 -t UTF-8 {path.name} > utf8-{path.name}",
        )


def _check_packing(path: Path, packed: bool) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(2)
    except IsADirectoryError as error:
        raise CatalogError(f"{path} is a folder.", hint="Name the file inside it.") from error
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror or error}.") from error
    if not magic:
        raise CatalogError(f"{path} is empty.", hint="Export it again; was the disk full?")
    if packed != (magic == _GZIP):
        is_or_not = "not packed with gzip, though its name says so" if packed else "packed with gzip"
        raise CatalogError(
            f"{path} is {is_or_not}.",
            hint=f"Rename it to {path.stem if packed else path.name + '.gz'}.",
        )


def _by_content(path: Path, head: bytes) -> Format:
    if head.startswith(_PARQUET):
        return "parquet"
    for magic, name in _BINARY.items():
        if head.startswith(magic):
            raise CatalogError(f"{path} is {name}.", hint="Give CSV, JSONL or Parquet.")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head.count(b"\x00") * 20 > len(head):
        raise CatalogError(
            f"{path} is binary, or text in UTF-16.",
            hint=f"If it is text: iconv -f UTF-16 -t UTF-8 {path.name} > utf8-{path.name}",
        )
    if sum(map(head.count, _CONTROLS)) * 20 > len(head):
        raise CatalogError(f"{path} is binary, no text.", hint="Give CSV, JSONL or Parquet.")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise CatalogError(f"{path} is empty.", hint="Export it again; was the disk full?")
    if text.startswith(b"[") and path.name.lower().removesuffix(".gz").endswith("json"):
        raise CatalogError(
            f"{path} is one JSON array.",
            hint=f"Write one object a line: jq -c '.[]' {path.name} > {path.stem}.jsonl",
        )
    return "jsonl" if text.startswith(b"{") else "csv"


def _spoken(name: Format) -> str:
    return {"csv": "CSV", "jsonl": "JSONL", "parquet": "Parquet"}[name]


def _lower(error: BaseException) -> str:
    text = str(error).rstrip(".") or type(error).__name__
    return text[:1].lower() + text[1:]
