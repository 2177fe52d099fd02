"""Replay answers from a cassette: tests, the sample shop, and runs of others without their model.

A cassette is JSONL (`.gz` where the name says so), one answer a line; the first line may be a header::

    {"cassette": 1, "model": "a-model@revision", "note": "who wrote these answers"}
    {"kind": "intentions", "item": "…", "relations": ["usedFor", "can"], "sample": 0, "attempt": 0,
     "text": "…", "p_yes": 0.9, "finish_reason": "stop", "usage": {"prompt_tokens": 812}}

Answers are found by kind, item, relations, sample and attempt, not by the words of the prompt: a
reworded prompt does not break a cassette. Only `kind`, `item` and `text` must be given.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, BinaryIO, TypeVar, cast

import msgspec

from mindgraph.errors import CatalogError, SettingsError
from mindgraph.messages import Decision, Prompt, Reply, Usage
from mindgraph.settings import Settings

T = TypeVar("T")

#: kind, item, relations, sample, attempt.
Place = tuple[str, str, tuple[str, ...], int, int]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Open a cassette: which model spoke, and who wrote it down."""

    cassette: int = 1
    model: str = "recorded"
    note: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Be one answer of a cassette."""

    kind: str
    item: str
    relations: tuple[str, ...] = ()
    sample: int = 0
    attempt: int = 0
    text: str
    p_yes: float | None = None
    finish_reason: str = "stop"
    usage: Usage = Usage()

    @property
    def place(self) -> Place:
        """Return what it is found by."""
        return (self.kind, self.item, self.relations, self.sample, self.attempt)


class Recorded:
    """Answer from recorded lines; what was not recorded is an answer with an error."""

    def __init__(self, header: Header, lines: Iterable[Line]) -> None:
        self.name = header.model
        self.note = header.note
        self._lines = {line.place: line for line in lines}

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Answer each prompt with the text that was recorded for it."""
        for prompt in prompts:
            line = self._find(prompt)
            yield Reply(**_answer(prompt, line))

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Answer each yes-or-no prompt with what was recorded for it."""
        for prompt in prompts:
            line = self._find(prompt)
            yield Decision(**_answer(prompt, line), p_yes=line.p_yes if line else None)

    def close(self) -> None:
        """Have nothing to give back."""

    def _find(self, prompt: Prompt) -> Line | None:
        """Return the answer of this attempt; one that was only ever asked once says the same again."""
        place = (prompt.kind, prompt.item, prompt.relations, prompt.sample)
        exact = self._lines.get((*place, prompt.attempt))
        if exact is not None or (*place, 1) in self._lines:
            return exact
        return self._lines.get((*place, 0))


def open_recorded(settings: Settings) -> Recorded:
    """Open the cassette that the settings name; the model is named in its header."""
    if not settings.cassette:
        raise SettingsError(
            "The engine `recorded` needs a file of answers.",
            hint="--cassette FILE; `mindgraph replies export` writes one.",
        )
    header, lines = read_cassette(Path(settings.cassette))
    return Recorded(header, lines)


def read_cassette(path: Path) -> tuple[Header, list[Line]]:
    """Return header and answers of a cassette; raises CatalogError with file and line."""
    header = Header()
    lines: list[Line] = []
    for number, raw in enumerate(_raw_lines(path), start=1):
        if not raw.strip():
            continue
        if number == 1 and b'"cassette"' in raw:
            header = _decoded(_HEADER, raw, path, number)
        else:
            lines.append(_decoded(_LINE, raw, path, number))
    return header, lines


def write_cassette(path: Path, header: Header, lines: Iterable[Line]) -> int:
    """Write a cassette, in the order of the lines, and return the number of answers.

    The same lines are the same bytes, gzipped or not.
    """
    count = 0
    beside = path.with_name(f".{path.name}.new")
    try:
        with beside.open("wb") as file, _packed(file, path) as out:
            out.write(msgspec.json.encode(header) + b"\n")
            for line in lines:
                out.write(msgspec.json.encode(line) + b"\n")
                count += 1
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise CatalogError(f"{path} cannot be written: {error.strerror or error}") from error
    return count


def _packed(file: BinaryIO, path: Path) -> IO[bytes]:
    if path.suffix != ".gz":
        return file
    return cast("IO[bytes]", gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0))


_HEADER: Callable[[bytes], Header] = msgspec.json.Decoder(Header).decode
_LINE: Callable[[bytes], Line] = msgspec.json.Decoder(Line).decode


def _raw_lines(path: Path) -> list[bytes]:
    try:
        whole = path.read_bytes()
        return (gzip.decompress(whole) if whole[:2] == b"\x1f\x8b" else whole).splitlines()
    except (OSError, EOFError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise CatalogError(f"{path}: the cassette cannot be read: {said}.") from error


def _decoded(decode: Callable[[bytes], T], raw: bytes, path: Path, number: int) -> T:
    try:
        return decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CatalogError(
            f"{path}:{number}: not an answer of a cassette: {error}.",
            hint='A line is {"kind", "item", "text"} and any of relations, sample, attempt, p_yes, …',
        ) from error


def _answer(prompt: Prompt, line: Line | None) -> Mapping[str, Any]:
    if line is None:
        asked = f"{prompt.kind} {prompt.item}"
        return {"prompt": prompt, "finish_reason": "error", "error": f"no recorded answer for {asked}"}
    return {
        "prompt": prompt,
        "text": line.text,
        "finish_reason": line.finish_reason,
        "usage": line.usage,
    }
