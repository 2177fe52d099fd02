"""The named questions: files of `cypher/query`, each with a comment that says what it is.

The comment is read by people and by this module. Its first line is what the question answers; then
follow, indented, what it needs and what it gives::

    // What is this product bought for?
    //
    // Parameters:
    //   product (text): a product, by the shop's id or by its full key
    //   limit (integer, default 20): rows at most
    // Columns:
    //   intention: what the product is bought for

Types are text, integer, number, list and words; a list is typed as JSON, or with commas between its parts;
words are searched for, all of them, and need no syntax. A default is written as JSON; a parameter
without one must be given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mindgraph.errors import NotFound, StoreError
from mindgraph.resources import cypher, names
from mindgraph.stores import Rows, Store

_PARAMETER = re.compile(r"(\w+) \((text|integer|number|list|words)(?:, default (.+?))?\): (.+)")
_COLUMN = re.compile(r"(\w+): (.+)")


@dataclass(frozen=True)
class Parameter:
    """Describe what a question needs; `default` is JSON, None where a value must be given."""

    name: str
    type: str
    default: str | None
    meaning: str

    def __str__(self) -> str:
        return self.name if self.default is None else f"{self.name}={self.default}"

    def value(self, given: Any) -> Any:
        """Return a given value with the parameter's type; raise StoreError where it has another."""
        if given is None:
            return given
        try:
            return _CONVERSIONS[self.type](given)
        except (TypeError, ValueError) as error:
            raise StoreError(
                f"Parameter {self.name} is to be of type {self.type}, not {given!r}.", hint=self.meaning
            ) from error


@dataclass(frozen=True)
class Named:
    """Be a named question: what it answers, what it needs, what its columns mean, and its text."""

    name: str
    answers: str
    parameters: tuple[Parameter, ...]
    columns: Mapping[str, str]
    statement: str

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return a value for every parameter, given or by default; raise StoreError for what is missing."""
        unknown = [name for name in given if name not in {p.name for p in self.parameters}]
        if unknown:
            known = ", ".join(p.name for p in self.parameters) or "none"
            raise StoreError(f"{self.name} has no parameter {unknown[0]}.", hint=f"It has: {known}.")
        missing = [p for p in self.parameters if p.name not in given and p.default is None]
        if missing:
            example = " ".join(f"-p {p.name}=…" for p in self.parameters if p.default is None)
            needs = ", ".join(f"{p.name} ({p.meaning})" for p in missing)
            raise StoreError(f"{self.name} needs {needs}.", hint=f"mindgraph query {self.name} {example}")
        return {
            p.name: p.value(given[p.name] if p.name in given else json.loads(p.default or "null"))
            for p in self.parameters
        }


def named(name: str) -> Named:
    """Return a named question; raise NotFound, which suggests the nearest, where there is none."""
    if name not in names("query"):
        raise _unknown(name)
    return read(name, cypher(f"query/{name}"))


def all_named() -> list[Named]:
    """Return all named questions, by name."""
    return [read(name, cypher(f"query/{name}")) for name in names("query")]


def ask(store: Store, question: str, given: Mapping[str, Any], *, limit: int | None = None) -> Rows:
    """Answer a question that is named, or written in Cypher; the names have no white space in them."""
    if any(mark.isspace() for mark in question.strip()):
        return store.query(question, given, limit=limit)
    return ask_named(store, question, given, limit=limit)


def ask_named(store: Store, name: str, given: Mapping[str, Any], *, limit: int | None = None) -> Rows:
    """Answer a named question; its columns are named even where there is no row."""
    known = named(name)
    answer = store.query(known.statement, known.values(given), limit=limit)
    return Rows(tuple(known.columns), answer.rows, answer.more)


def read(name: str, text: str) -> Named:
    """Return the question that a file's text is; raise StoreError where its comment is not well formed."""
    lines = text.splitlines()
    end = next((at for at, line in enumerate(lines) if not line.startswith("//")), len(lines))
    comment = [line.removeprefix("//").removeprefix(" ") for line in lines[:end]]
    parameters = [_parameter(name, line) for line in _part(comment, "Parameters:")]
    columns = dict(_column(name, line) for line in _part(comment, "Columns:"))
    answers = comment[0] if comment else ""
    return Named(name, answers, tuple(parameters), columns, "\n".join(lines[end:]).strip())


def all_words(text: str) -> str:
    """Return a search for all words of a text, whatever marks stand in it; raise ValueError without words.

    >>> all_words('phone (USB) charg*')
    '"phone" AND "(USB)" AND charg*'
    """
    words = [word for word in str(text).split() if any(mark.isalnum() for mark in word)]
    if not words:
        raise ValueError("no words")
    return " AND ".join(_word(word) for word in words)


def as_list(given: Any) -> list[Any]:
    """Return a list as it is; of a text the JSON array that it is, or its parts between commas.

    >>> as_list('lamp, tent')
    ['lamp', 'tent']
    """
    if not isinstance(given, str):
        return list(given)
    if given.lstrip().startswith("["):
        found = json.loads(given)
        return found if isinstance(found, list) else [found]
    return [part.strip() for part in given.split(",") if part.strip()]


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "text": str,
    "integer": int,
    "number": float,
    "words": all_words,
    "list": as_list,
}


def _word(word: str) -> str:
    if word.endswith("*") and word[:-1].isalnum():
        return word.lower()
    plain = word.replace("\\", " ").replace('"', " ")
    return f'"{plain}"'


def _part(comment: list[str], title: str) -> list[str]:
    """Return the indented lines that follow a title."""
    if title not in comment:
        return []
    found: list[str] = []
    for line in comment[comment.index(title) + 1 :]:
        if not line.startswith("  "):
            break
        found.append(line.strip())
    return found


def _parameter(name: str, line: str) -> Parameter:
    found = _PARAMETER.fullmatch(line)
    if found is None:
        raise StoreError(f"cypher/query/{name}.cypher: this is no parameter: {line}")
    return Parameter(*found.groups())


def _column(name: str, line: str) -> tuple[str, str]:
    found = _COLUMN.fullmatch(line)
    if found is None:
        raise StoreError(f"cypher/query/{name}.cypher: this is no column: {line}")
    return found[1], found[2]


def _unknown(name: str) -> NotFound:
    import difflib

    near = difflib.get_close_matches(name.lower().replace("-", "_"), names("query"), n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]}?" if near else "`mindgraph queries` lists them."
    return NotFound(f"No query is named {name!r}.", hint=hint)
