"""The JSON Schema of each input, derived from the records and from the names that are read.

`python -m mindgraph.catalog.schemas` writes them into the folder `schemas`.
"""

from __future__ import annotations

import json
from typing import Any

from mindgraph.catalog.columns import COBUYS, FIELDS, INTENTIONS, ORDERS, PRODUCTS, REQUIRED
from mindgraph.records import Candidate, CoBuy, Product, Record, Verdict, column_types
from mindgraph.resources import folder

#: Which records the lines of a file become.
_RECORDS: dict[str, tuple[type[Record], ...]] = {
    PRODUCTS: (Product,),
    COBUYS: (CoBuy,),
    ORDERS: (),
    INTENTIONS: (CoBuy, Candidate, Verdict),
}
_PATHS: dict[str, Any] = {
    "type": "array",
    "items": {"type": ["string", "array"], "items": {"type": "string"}},
}


def input_schemas() -> dict[str, dict[str, Any]]:
    """Return for each role of an input the JSON Schema of one line."""
    return {role: _schema(role) for role in FIELDS}


def written(schema: dict[str, Any]) -> str:
    """Return a schema as its file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _schema(role: str) -> dict[str, Any]:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"One line of {role}",
        "type": "object",
        "required": list(REQUIRED[role]),
        "properties": {name: _field(role, name) for name in FIELDS[role]},
    }


def _field(role: str, name: str) -> dict[str, Any]:
    known = {field: plain for record in _RECORDS[role] for field, (plain, _) in column_types(record).items()}
    types = ["number", "string"] if known.get(name) is float else ["string", "number"]
    if name not in REQUIRED[role]:
        types.append("null")
    others = FIELDS[role][name]
    also = {"description": f"Also read under the names {', '.join(others)}."} if others else {}
    if known.get(name) == list[str]:
        return {**also, "anyOf": [{"type": types}, _PATHS]}
    return {**also, "type": types}


if __name__ == "__main__":
    for role, schema in input_schemas().items():
        (folder("schemas") / f"{role}.schema.json").write_text(written(schema), encoding="utf-8")
