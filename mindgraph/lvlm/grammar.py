"""Keep what a model writes inside a JSON Schema, token by token, whatever it would rather write."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from llguidance import LLMatcher
from llguidance import torch as masks
from llguidance.hf import from_tokenizer
from transformers import LogitsProcessor

from mindgraph.errors import LVLMError

#: As JSON is usually written: a model that may put spaces anywhere may do so without end.
_SPACES = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


class Grammars:
    """Make grammars for one tokenizer; each schema is read once."""

    def __init__(self, tokenizer: Any, vocabulary: int, ends: Sequence[int]) -> None:
        self._tokenizer = from_tokenizer(tokenizer, n_vocab=vocabulary, eos_token=list(ends))
        self._vocabulary = vocabulary
        self._end = ends[0]
        self._known: dict[str, LLMatcher] = {}

    def guide(self, schemas: Sequence[str]) -> Guide:
        """Return what keeps each row inside its schema; an empty one leaves its row free."""
        matchers = [self._matcher(schema) if schema else None for schema in schemas]
        return Guide(matchers, self._vocabulary, self._end)

    def _matcher(self, schema: str) -> LLMatcher:
        if schema not in self._known:
            grammar = LLMatcher.grammar_from_json_schema(schema, defaults=_SPACES)
            matcher = LLMatcher(self._tokenizer, grammar)
            if matcher.is_error():
                raise LVLMError(f"The schema of the answer cannot be enforced: {matcher.get_error()}")
            self._known[schema] = matcher
        return self._known[schema].deep_copy()


class Guide(LogitsProcessor):  # type: ignore[misc]
    """Mask every token that would leave a row's schema."""

    def __init__(self, matchers: list[LLMatcher | None], vocabulary: int, end: int) -> None:
        self._matchers = matchers
        self._only_end = _bits(vocabulary, end)
        self._mask = masks.allocate_token_bitmask(len(matchers), vocabulary)
        self._begun = False

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Take the token that was written last, and mask what may not follow."""
        last = input_ids[:, -1].tolist() if self._begun else [None] * len(self._matchers)
        self._begun = True
        for row, (matcher, token) in enumerate(zip(self._matchers, last, strict=True)):
            self._fill(row, matcher, token)
        masks.apply_token_bitmask_inplace(scores, self._mask.to(scores.device))
        return scores

    def _fill(self, row: int, matcher: LLMatcher | None, token: int | None) -> None:
        if matcher is not None and token is not None and not matcher.is_stopped():
            matcher.consume_token(token)
        if matcher is None:
            self._mask[row].fill_(-1)  # every bit: every token
        elif matcher.is_stopped():
            self._mask[row] = self._only_end
        else:
            masks.fill_next_token_bitmask(matcher, self._mask, row)


class First(LogitsProcessor):  # type: ignore[misc]
    """Keep the scores of the first token, before anything changes them."""

    def __init__(self) -> None:
        self.scores: torch.Tensor | None = None

    def __call__(self, input_ids: torch.LongTensor, scores: torch.FloatTensor) -> torch.FloatTensor:
        """Keep the first scores and change none."""
        if self.scores is None:
            self.scores = scores.detach().float().clone()
        return scores


def _bits(vocabulary: int, token: int) -> torch.Tensor:
    """Return a mask in which one token is allowed."""
    bits = masks.allocate_token_bitmask(1, vocabulary)[0].fill_(0)
    place = token % 32
    bits[token // 32] = (1 << place) if place < 31 else -(1 << 31)
    return bits
