"""One model of `transformers` in this process: rows of tokens in, written tokens out.

Questions about one co-buy begin with the same system text, pictures and titles. That beginning is read
once (one prefill), its cache is repeated for each question, and only what differs is read for each.
Whether an architecture bears this is not assumed: the first time, the scores of a question read both
ways are compared, and where they differ the questions are read apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor, LogitsProcessorList

from mindgraph.lvlm.grammar import First, Grammars

#: How far two ways of reading the same question may differ, in shares of the scores' spread.
_TOLERANCE = 0.05


@dataclass(frozen=True)
class Written:
    """Be what a model wrote for one row."""

    tokens: list[int]
    #: Scores of the first token, over the whole vocabulary.
    first: torch.Tensor
    ended: bool


@dataclass(frozen=True)
class Order:
    """Say how rows are written: one decoding for all of them, a schema for each."""

    temperature: float
    max_tokens: int
    seed: int | None
    schemas: Sequence[str]


class Model:
    """Hold processor and model, and write."""

    def __init__(self, where: str, *, revision: str | None, device: str, dtype: str) -> None:
        self.processor: Any = AutoProcessor.from_pretrained(where, revision=revision)
        self.tokenizer: Any = getattr(self.processor, "tokenizer", self.processor)
        self.tokenizer.padding_side = "left"
        self.device = device or _best_device()
        model: Any = AutoModelForImageTextToText.from_pretrained(
            where, revision=revision, dtype=dtype or ("float32" if self.device == "cpu" else "auto")
        )
        self.model: Any = model.to(self.device).eval()
        text = self.model.config.get_text_config()
        self.context: int | None = getattr(text, "max_position_embeddings", None)
        self.pad = _first_of(self.tokenizer.pad_token_id, self.tokenizer.eos_token_id, 0)
        self.ends = _ends(self.model, self.tokenizer)
        self.image_token: str | None = getattr(self.processor, "image_token", None)
        self.special: tuple[str, ...] = _special_tokens(self.tokenizer, self.image_token)
        self._grammars = Grammars(self.tokenizer, int(text.vocab_size), sorted(self.ends))

    def encode(self, conversations: list[Any]) -> dict[str, torch.Tensor]:
        """Return the tensors of whole conversations, pictures in them, padded on the left."""
        encoded = self.processor.apply_chat_template(
            conversations,
            tokenize=True,
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
            processor_kwargs={"padding": True},
        )
        return {name: value.to(self.device) for name, value in encoded.items()}

    def render(self, conversation: Any) -> str:
        """Return the text of a conversation with a mark for each picture."""
        text: str = self.processor.apply_chat_template(
            conversation, tokenize=False, add_generation_prompt=True
        )
        return text

    def write(self, encoded: dict[str, torch.Tensor], order: Order) -> list[Written]:
        """Write on from whole conversations."""
        return self._written(encoded, order, encoded["input_ids"].shape[1])

    def write_shared(
        self, head: dict[str, torch.Tensor], tails: Sequence[Sequence[int]], order: Order
    ) -> list[Written]:
        """Write on from one beginning with several ends, reading the beginning once.

        `head` is a whole conversation without the tokens of its tail, pictures in it.
        """
        with torch.inference_mode():
            begun = self.model(**head, use_cache=True, logits_to_keep=1)
        cache = begun.past_key_values
        cache.batch_repeat_interleave(len(tails))
        longest = max(map(len, tails))
        pads = [longest - len(tail) for tail in tails]
        beginning = head["input_ids"].repeat(len(tails), 1)
        rows = [[self.pad] * pad + list(tail) for pad, tail in zip(pads, tails, strict=True)]
        masks = [[0] * pad + [1] * (longest - pad) for pad in pads]
        ids = torch.cat([beginning, self._tensor(rows)], dim=1)
        mask = torch.cat([torch.ones_like(beginning), self._tensor(masks)], dim=1)
        encoded = {"input_ids": ids, "attention_mask": mask, "past_key_values": cache}
        return self._written(encoded, order, ids.shape[1])

    def _written(self, encoded: dict[str, Any], order: Order, length: int) -> list[Written]:
        first = First()
        processors = LogitsProcessorList([first])
        if any(order.schemas):
            processors.append(self._grammars.guide(order.schemas))
        if order.seed is not None:
            torch.manual_seed(order.seed)
        with torch.inference_mode():
            out = self.model.generate(
                **encoded,
                max_new_tokens=order.max_tokens,
                pad_token_id=self.pad,
                logits_processor=processors,
                **_sampling(order.temperature),
            )
        assert first.scores is not None
        rows = out[:, length:].tolist()
        return [self._until_end(row, scores) for row, scores in zip(rows, first.scores, strict=True)]

    def _until_end(self, tokens: list[int], scores: torch.Tensor) -> Written:
        for place, token in enumerate(tokens):
            if token in self.ends:
                return Written(tokens[:place], scores, ended=True)
        return Written(tokens, scores, ended=False)

    def _tensor(self, rows: list[list[int]]) -> torch.Tensor:
        return torch.tensor(rows, dtype=torch.long, device=self.device)


def agree(one: torch.Tensor, other: torch.Tensor) -> bool:
    """Say whether two rows of scores are those of the same question."""
    spread = float((other.max() - other.mean()).clamp(min=1e-6))
    return float((one - other).abs().max()) <= _TOLERANCE * spread


def _sampling(temperature: float) -> dict[str, Any]:
    if temperature <= 0:
        return {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
    return {"do_sample": True, "temperature": temperature, "top_p": 1.0, "top_k": 0}


def _best_device() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """Return the tokens that end an answer."""
    named = model.generation_config.eos_token_id
    several = named if isinstance(named, list) else [named, tokenizer.eos_token_id]
    return frozenset(token for token in several if token is not None)


def _special_tokens(tokenizer: Any, image_token: str | None) -> tuple[str, ...]:
    """Return what must not come from a shop's text: it would not be read as text."""
    added = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    named = {*added, *tokenizer.all_special_tokens, *([image_token] if image_token else [])}
    return tuple(sorted((token for token in named if token), key=lambda token: (-len(token), token)))


def _first_of(*values: int | None) -> int:
    return next(value for value in values if value is not None)
