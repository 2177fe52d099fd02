"""The shapes of a model's answers, and their JSON Schemas.

::

    feature      {"features": "…", "design": "…", "quality": "…", "distinction": "…", "uses": "…"}
    intentions   {"usedFor": {"phrase": "…", "detail": "…"}, "can": null, …}     the relations of one call
    because      {"answer": "yes", "reason": "…"}                                a verdict with its reason
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

import msgspec


class FeatureAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """Describe one product in five short texts."""

    features: str
    design: str
    quality: str
    distinction: str
    uses: str


class IntentionAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """Complete the beginning of one relation."""

    phrase: str
    detail: str


class BecauseAnswer(msgspec.Struct, forbid_unknown_fields=True):
    """Accept an intention or not, and say why."""

    answer: Literal["yes", "no"]
    reason: str


@lru_cache(maxsize=1)
def feature_schema() -> dict[str, Any]:
    """Return the JSON Schema of the answer on a product."""
    return _schema(FeatureAnswer)


@lru_cache(maxsize=1)
def because_schema() -> dict[str, Any]:
    """Return the JSON Schema of a verdict with its reason."""
    return _schema(BecauseAnswer)


@lru_cache(maxsize=256)
def intentions_schema(relations: tuple[str, ...]) -> dict[str, Any]:
    """Return the JSON Schema of the answer on a co-buy: an intention or null for each relation."""
    fields: Sequence[tuple[str, Any]] = [(name, IntentionAnswer | None) for name in relations]
    return _schema(msgspec.defstruct("IntentionsAnswer", fields, forbid_unknown_fields=True))


def _schema(shape: Any) -> dict[str, Any]:
    """Return a schema whose root is an object and that refers to nothing: servers read that best."""
    root = msgspec.json.schema(shape)
    inlined: dict[str, Any] = _inline(root, root.get("$defs", {}))
    return inlined


def _inline(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inline(part, definitions) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inline(definitions[node["$ref"].rpartition("/")[2]], definitions)
    dropped = ("$defs", "title", "description")
    return {key: _inline(value, definitions) for key, value in node.items() if key not in dropped}
