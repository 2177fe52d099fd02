"""What the embedded engine answers, made readable: nodes, relationships and paths as plain dicts.

A node becomes {"labels": […], "properties": {…}}, a relationship {"type": …, "properties": {…}}, a
path {"nodes": […], "relationships": […]}; record numbers are left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

#: A path comes as text: "(#1:0)-[#7:0]->(#4:0)<-[#7:9]-(#1:3)".
_PATH = re.compile(r"\(#\d+:\d+\)(?:<?-\[#\d+:\d+\]->?\(#\d+:\d+\))*")
#: JSON has no such numbers; they are told as Cypher writes them.
_NO_NUMBERS = {math.inf: "Infinity", -math.inf: "-Infinity"}
_RECORD = re.compile(r"#\d+:\d+")

#: How a record is had by its number: its type and its properties.
Lookup = Callable[[str], Mapping[str, Any]]


def readable(value: Any, relationship_types: frozenset[str], lookup: Lookup) -> Any:
    """Return a value of an answer without anything that only the engine understands."""
    if isinstance(value, dict):
        if "@type" in value:
            return _record(value, relationship_types)
        return {name: readable(part, relationship_types, lookup) for name, part in value.items()}
    if isinstance(value, list | tuple | set):
        return [readable(part, relationship_types, lookup) for part in value]
    if isinstance(value, str):
        return _path(value, relationship_types, lookup) if _PATH.fullmatch(value) else value
    if isinstance(value, float) and not math.isfinite(value):
        return _NO_NUMBERS.get(value, "NaN")
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _record(value: Mapping[str, Any], relationship_types: frozenset[str]) -> dict[str, Any]:
    properties = {name: value[name] for name in sorted(value) if not name.startswith("@")}
    if value["@type"] in relationship_types:
        return {"type": value["@type"], "properties": properties}
    return {"labels": [value["@type"]], "properties": properties}


def _path(text: str, relationship_types: frozenset[str], lookup: Lookup) -> dict[str, Any]:
    records = [_record(lookup(number), relationship_types) for number in _RECORD.findall(text)]
    return {"nodes": records[::2], "relationships": records[1::2]}
