"""What is said to a model and what comes back: the nouns of the door to models.

There are millions of them and none refers back to itself, so the collector of cycles need not look at them.
"""

from __future__ import annotations

from typing import Any

import msgspec


class Picture(msgspec.Struct, frozen=True, gc=False):
    """Name a stored picture; `id` hashes the source bytes and the resize rule."""

    id: str
    path: str


class Decoding(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Say how an answer is decoded; part of every key of the ledger."""

    temperature: float = 0.0
    max_tokens: int = 512
    seed: int | None = None


class Prompt(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Be one question: system text first, then parts in the order in which the model reads them."""

    #: "feature", "intentions" or "verdict".
    kind: str
    #: Id of the product, the co-buy or the candidate that is asked about.
    item: str
    #: The relations asked for, in order; empty where none is.
    relations: tuple[str, ...] = ()
    sample: int = 0
    #: 0 first; the next one after an answer that could not be read.
    attempt: int = 0
    #: Hash of the templates that made the words.
    version: str = ""
    system: str = ""
    content: tuple[str | Picture, ...] = ()
    #: JSON Schema of the answer, where it is an object.
    schema: dict[str, Any] | None = None
    decoding: Decoding = Decoding()


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Count what one answer took; tokens as the server reports them, None where it does not."""

    prompt_tokens: int | None = None
    cached_tokens: int | None = None
    completion_tokens: int | None = None
    seconds: float = 0.0

    @property
    def tokens(self) -> int | None:
        """Return all tokens, read and written; None where the server does not say."""
        if self.prompt_tokens is None and self.completion_tokens is None:
            return None
        return (self.prompt_tokens or 0) + (self.completion_tokens or 0)


class Reply(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Be one answer; `error` says why there is none."""

    prompt: Prompt
    text: str = ""
    finish_reason: str = "stop"
    #: The ledger's key of this answer; empty before it is stored.
    key: str = ""
    usage: Usage = Usage()
    error: str | None = None
    #: Whether the stage could read it, where it has said so before.
    ok: bool | None = None


class Decision(Reply, frozen=True, kw_only=True, gc=False):
    """Be one answer to a yes-or-no question; `p_yes` is None where no probabilities are given."""

    p_yes: float | None = None
