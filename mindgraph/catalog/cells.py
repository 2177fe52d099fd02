"""What stands in one cell: text without markup, prices, category paths."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterable
from typing import Any

import polars as pl

from mindgraph.tables import map_distinct
from mindgraph.texts import clean

#: Separates the paths of one product while they travel in one text cell; no cleaned text has it.
PATHS = "\n"

_LONG_TAGS = (
    "abbr|article|aside|body|br|button|center|code|div|em|font|footer|form|h[1-6]|head|header|hr|html|iframe|img"
    "|input|label|li|link|main|meta|nav|ol|option|pre|script|section|select|small|span|strong|style|sub|sup|svg"
    "|table|tbody|td|th|thead|tr|ul"
)
_BLOCKS = re.compile(r"(?is)<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1\s*>|$)")
_TAGS = re.compile(rf"(?is)</?(?:(?:{_LONG_TAGS})\b[^<>]*(?:>|$)|(?:a|b|i|p|s|u)(?:\s[^<>]*)?/?>)")
_CURRENCIES = (
    "usd|eur|gbp|jpy|cny|rmb|inr|cad|aud|nzd|chf|sek|nok|dkk|pln|czk|krw|brl|mxn|zar|try|hkd|sgd|twd"
)
_NOTHING = frozenset({"nan", "null", "none", "n/a", "#n/a", "undefined"})


def plain(text: str) -> str:
    """Return one line of text without HTML tags, pieces of tags, and entities.

    >>> plain("AT&amp;T <b>90892</b> Headset")
    'AT&T 90892 Headset'
    >>> plain('<span class="a-size-medium a-color-secondary"')
    ''
    """
    if "<" in text or "&" in text:
        text = _untagged(html.unescape(_untagged(text)))
    return " ".join(clean(text).split())


def _untagged(text: str) -> str:
    return _TAGS.sub(" ", _BLOCKS.sub(" ", text)) if "<" in text else text


def title(text: str) -> str:
    """Return a usable title, or empty text: one that has a letter or digit and is no filler."""
    found = plain(text)
    usable = any(character.isalnum() for character in found) and found.lower() not in _NOTHING
    return found if usable else ""


def prose(text: str) -> str:
    """Return a description as one line; a JSON list of paragraphs is joined."""
    return plain(" ".join(joined(text)))


def joined(text: str) -> list[str]:
    """Return the texts of a JSON list, or the text itself as the only one."""
    if not text.startswith("["):
        return [text]
    try:
        parts = json.loads(text)
    except ValueError:
        return [text]
    return [part for part in parts if isinstance(part, str)] if isinstance(parts, list) else [text]


def mapped(column: pl.Expr | pl.Series, function: Any) -> pl.Series:
    """Apply a text function to each distinct value; what comes back empty is null."""
    assert isinstance(column, pl.Series)
    done = map_distinct(column, function)
    return done.set(done == "", None)


# ----------------------------------------------------------------------------------------- prices


def prices(column: pl.Series) -> pl.Series:
    """Return prices as numbers: "$1,234.50", "52", "12,50 €", "1.234,50"; null where unreadable.

    Negative and non-finite prices are unreadable; zero is a price.
    """
    bare = column.str.replace(rf"(?i)^\s*(?:(?:{_CURRENCIES})\b|(?:{_CURRENCIES}|[a-z]{{0,2}})\p{{Sc}})", "")
    bare = bare.str.replace(rf"(?i)(?:\p{{Sc}}|(?:{_CURRENCIES}))\s*$", "")
    bare = bare.str.replace_all(r"[\s\u{a0}\u{202f}']", "")
    name = column.name
    expression = (
        pl.when(pl.col(name).str.contains(r"^\d{1,3}(?:,\d{3})+(?:\.\d*)?$"))
        .then(pl.col(name).str.replace_all(",", ""))
        .when(pl.col(name).str.contains(r"^\d{1,3}(?:\.\d{3})+,\d{1,2}$|^\d+,\d{1,2}$"))
        .then(pl.col(name).str.replace_all(r"\.", "").str.replace(",", "."))
        .when(pl.col(name).str.contains(r"^\+?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?$"))
        .then(pl.col(name).str.strip_chars_start("+"))
    )
    numbers = bare.alias(name).to_frame().select(expression.cast(pl.Float64, strict=False).alias(name))
    found = numbers.to_series()
    return found.set(~found.is_finite(), None)


# ------------------------------------------------------------------------------------- categories


def categories(column: pl.Series) -> pl.Series:
    """Return the paths of each cell, levels joined by " > ", paths by `PATHS`; null where none.

    Read are lists (JSON or Python, also with bare inner texts: `[[A,B],[C]]`) whose inner lists are
    paths, and text: levels apart by ">" or, where no cell of the column has one, by "/"; several
    paths apart by "|" or ";". A list of plain texts holds one path each.
    """
    slashes = not column.str.contains(r">|&gt;|›").any()
    return mapped(column, lambda cell: PATHS.join(_paths(cell, slashes)))


def _paths(cell: str, slashes: bool) -> list[str]:
    parts = _list_of(cell)
    if parts is None:
        texts = [part for part in re.split(r"[|;]", html.unescape(cell)) if part.strip()]
        found = [_levels(text, slashes) for text in texts]
    else:
        found = [part if isinstance(part, list) else _levels(str(part), slashes) for part in parts]
    return _distinct(" > ".join(_levels_cleaned(levels)) for levels in found)


def _levels(text: str, slashes: bool) -> list[str]:
    return re.split(r"/" if slashes else r"\s*[>›]+\s*", html.unescape(text))


def _levels_cleaned(levels: Iterable[Any]) -> list[str]:
    return [level for level in (plain(str(level)) for level in levels) if level]


def _list_of(cell: str) -> list[Any] | None:
    if not (cell.startswith("[") and cell.endswith("]")):
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, list):
            return found
    return _bare_lists(cell)


def _bare_lists(cell: str) -> list[Any]:
    """Read `[[A,B],[C]]`; a comma that is followed by a space belongs to the text."""
    inner = cell[1:-1]
    if not inner.startswith("["):
        return [part for part in re.split(r",(?! )", inner) if part]
    return [re.split(r",(?! )", part) for part in inner.strip("[]").split("],[")]


def _distinct(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
