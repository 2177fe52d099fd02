"""Questions that the tests of the models' door put."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PIL import Image

from mindgraph.messages import Decoding, Picture, Prompt

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "usedFor": {
            "anyOf": [
                {
                    "type": "object",
                    "properties": {"phrase": {"type": "string", "maxLength": 40}},
                    "required": ["phrase"],
                    "additionalProperties": False,
                },
                {"type": "null"},
            ]
        }
    },
    "required": ["usedFor"],
    "additionalProperties": False,
}


def intention(number: int = 0, **changes: Any) -> Prompt:
    """A question about a co-buy whose answer has a schema."""
    given: dict[str, Any] = {
        "kind": "intentions",
        "item": f"cobuy-{number}",
        "relations": ("usedFor",),
        "system": "Say why two products were bought together, as JSON.",
        "content": (f"Product a: a lamp, number {number}.", "Product b: a tent. What are both used for?"),
        "schema": SCHEMA,
        "decoding": Decoding(temperature=0.0, max_tokens=60, seed=1),
    }
    return Prompt(**{**given, **changes})


def verdict(number: int = 0, **changes: Any) -> Prompt:
    """A yes-or-no question about an intention."""
    given: dict[str, Any] = {
        "kind": "verdict",
        "item": f"candidate-{number}",
        "relations": ("usedFor",),
        "system": "Answer Yes or No.",
        "content": (f"A lamp and a tent, number {number}.", "Are both used for camping? Answer Yes or No."),
        "decoding": Decoding(temperature=0.0, max_tokens=5),
    }
    return Prompt(**{**given, **changes})


def intentions(count: int, **changes: Any) -> Iterator[Prompt]:
    """So many different questions."""
    return (intention(number, **changes) for number in range(count))


def verdicts(count: int, **changes: Any) -> Iterator[Prompt]:
    """So many different yes-or-no questions."""
    return (verdict(number, **changes) for number in range(count))


def picture(folder: Path, name: str, colour: str = "red") -> Picture:
    """A small picture of one colour, stored in a folder."""
    out = io.BytesIO()
    Image.new("RGB", (16, 12), colour).save(out, "JPEG")
    path = folder / f"{name}.jpg"
    path.write_bytes(out.getvalue())
    return Picture(name, str(path))
