"""Text that others wrote, on its way into a prompt: cut to length, and fenced so that it stays data.

It goes in as JSON strings between marks. Quotes and line ends are escaped by JSON; `<`, `>` and
marks such as `[INST]` are escaped on top, so that no text can close its fence, begin a turn of the
chat or pose as a picture.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

#: The longest that goes into a prompt, in characters.
LIMITS = {"title": 300, "brand": 80, "category": 160, "description": 1200, "notes": 2000}
#: Paths of categories at most.
CATEGORIES = 3

_CHAT_MARK = re.compile(r"\[(?=/?[A-Z_]{2,}\])")


class Shown(msgspec.Struct, frozen=True):
    """Hold what is shown of one product: its data as fenced JSON, and which fields were cut."""

    data: str
    cut: tuple[str, ...] = ()


def show(
    title: str,
    *,
    brand: str | None = None,
    categories: list[str] | None = None,
    price: float | None = None,
    description: str | None = None,
) -> Shown:
    """Return the data of one product as it stands in a prompt.

    >>> show("Lamp <b>5 W</b>", price=12.5).data
    '{"title":"Lamp \\\\u003cb\\\\u003e5 W\\\\u003c/b\\\\u003e","price":12.5}'
    """
    paths = (categories or [])[:CATEGORIES]
    data: dict[str, Any] = {
        "title": cut(title, LIMITS["title"]),
        "brand": cut(brand or "", LIMITS["brand"]),
        "categories": [cut(path, LIMITS["category"]) for path in paths],
        "price": price,
        "description": cut(description or "", LIMITS["description"]),
    }
    lost = [n for n, text in (("title", title), ("description", description)) if _is_cut(text, data[n])]
    return Shown(fenced({name: value for name, value in data.items() if value}), tuple(lost))


def fenced(value: Any) -> str:
    """Return a value as one line of JSON that cannot be mistaken for anything but data."""
    text = msgspec.json.encode(value).decode()
    if "<" in text or ">" in text:
        text = text.replace("<", "\\u003c").replace(">", "\\u003e")
    return _CHAT_MARK.sub(r"\\u005b", text) if "[" in text else text


def cut(text: str, limit: int) -> str:
    """Return text of at most `limit` characters, white space folded, cut at a word and marked by `…`."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    at_word = head.rpartition(" ")[0]
    return (at_word if len(at_word) > limit // 2 else head).rstrip(" ,;:-") + "…"


def _is_cut(text: str | None, kept: str) -> bool:
    return text is not None and len(kept) < len(text) and kept != " ".join(text.split())
