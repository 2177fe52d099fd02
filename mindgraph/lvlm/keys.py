"""The key of an answer: a hash of everything that shapes it, and of nothing else.

Hashed are model and revision, decoding, sample, attempt, how it is asked, the words, the schema and
the ids of the pictures. Not hashed are who asks (kind, item, relations), the version of the
templates, and whatever reads the answer: a better reader reads old answers for free.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Literal

import msgspec

from mindgraph.messages import Decoding, Picture, Prompt

How = Literal["ask", "decide"]

#: Length of a key in bytes; as text it is twice as many hex digits.
SIZE = 16

_canonical = msgspec.json.Encoder(order="deterministic").encode
#: Schemas by identity; holding them keeps the identity theirs.
_known: dict[int, tuple[dict[str, Any], str]] = {}


def key_maker(name: str, how: How) -> Callable[[Prompt], bytes]:
    """Return the function from prompts to keys for one model and one way of asking it."""

    def key(prompt: Prompt) -> bytes:
        shared = _shared(name, how, prompt.system, prompt.decoding, schema_text(prompt.schema))
        own = [prompt.sample, prompt.attempt, *map(_part, prompt.content)]
        return hashlib.blake2b(shared + _canonical(own), digest_size=SIZE).digest()

    return key


def schema_text(schema: dict[str, Any] | None) -> str:
    """Return the canonical JSON of a schema; empty where there is none.

    A schema object is read once and remembered: the same few serve millions of prompts.
    """
    if schema is None:
        return ""
    known = _known.get(id(schema))
    if known is None or known[0] is not schema:
        if len(_known) > 1024:
            _known.clear()
        known = _known[id(schema)] = (schema, _canonical(schema).decode())
    return known[1]


def _part(part: str | Picture) -> str | dict[str, str]:
    return {"picture": part.id} if isinstance(part, Picture) else part


@lru_cache(maxsize=1024)
def _shared(name: str, how: How, system: str, decoding: Decoding, schema: str) -> bytes:
    whole = [name, how, system, msgspec.to_builtins(decoding), schema]
    return hashlib.blake2b(_canonical(whole), digest_size=SIZE).digest()
