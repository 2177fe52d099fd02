"""Ask a model of `transformers` in this process: a hub id or a folder, any architecture that takes pictures.

Consecutive prompts that begin alike (the questions about one co-buy) are read together, their beginning
once; others are put into batches. Where memory runs out the batches are halved.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, TypeVar

import torch
from PIL import Image, UnidentifiedImageError

from mindgraph.errors import LVLMError, SettingsError
from mindgraph.lvlm.bunches import bunches, head
from mindgraph.lvlm.keys import schema_text
from mindgraph.lvlm.local_model import Model, Order, Written, agree
from mindgraph.messages import Decision, Picture, Prompt, Reply, Usage
from mindgraph.settings import Settings

_log = logging.getLogger(__name__)

T = TypeVar("T")

#: Up to so many tokens a decision is one pass and one word; above it is written out.
_ONE_WORD = 8


@dataclass(frozen=True)
class Row:
    """Be one prompt as the model reads it."""

    prompt: Prompt
    conversation: list[dict[str, Any]]


@dataclass(frozen=True)
class Said:
    """Be what became of one row: what was written, or why nothing was."""

    prompt: Prompt
    written: Written | None = None
    error: str = ""
    #: Tokens that were read, and those of them that another row had read before.
    read: int = 0
    kept: int = 0


class Local:
    """Ask one model in this process."""

    def __init__(self, model: Model, name: str, *, batch: int = 16, shared: bool = True) -> None:
        self.name = name
        self.batch = batch
        #: How questions that begin alike are read: "padded", "equal" (those of one length) or "apart".
        self.way = "padded" if shared else "apart"
        self._model = model
        self._checked = not shared
        self._yes, self._no = (_spellings(model.tokenizer, word) for word in ("yes", "no"))

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Answer each prompt, those that begin alike together."""
        for said, seconds in self._said(prompts, one_word=False):
            yield Reply(**self._common(said, seconds))

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Answer each yes-or-no prompt from the scores of one pass."""
        for said, seconds in self._said(prompts, one_word=True):
            yield Decision(**self._common(said, seconds), p_yes=self._p_yes(said.written))

    def close(self) -> None:
        """Give the model's memory back."""
        del self._model
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _said(self, prompts: Iterable[Prompt], *, one_word: bool) -> Iterator[tuple[Said, float]]:
        for bunch in bunches(prompts, self.batch):
            begun = time.perf_counter()
            said = list(self._write(bunch, one_word=one_word))
            seconds = round((time.perf_counter() - begun) / len(said), 4)
            yield from ((one, seconds) for one in said)

    def _write(self, bunch: Sequence[Prompt], *, one_word: bool) -> Iterator[Said]:
        rows = []
        for prompt in bunch:
            try:
                rows.append(Row(prompt, _conversation(prompt, self._model.special)))
            except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
                yield Said(prompt, error=f"a picture cannot be read: {error}")
        if not rows:
            return
        alike = len(rows) > 1 and head(rows[0].prompt) == head(rows[-1].prompt)
        begun = self._beginning(rows) if alike and self.way != "apart" else None
        if begun is not None:
            yield from self._write_alike(rows, *begun, one_word)
        else:
            yield from self._halving(rows, lambda some: self._write_apart(some, one_word))

    # read apart

    def _write_apart(self, rows: Sequence[Row], one_word: bool) -> list[Said]:
        encoded = self._model.encode([row.conversation for row in rows])
        lengths = encoded["attention_mask"].sum(dim=1).tolist()
        long = [self._too_long(row, length) for row, length in zip(rows, lengths, strict=True)]
        fitting = [row for row, error in zip(rows, long, strict=True) if not error]
        if len(fitting) < len(rows):
            refused = [Said(row.prompt, error=e) for row, e in zip(rows, long, strict=True) if e]
            return refused + (self._write_apart(fitting, one_word) if fitting else [])
        written = self._model.write(encoded, _order(rows, one_word))
        return [
            Said(row.prompt, one, read=length)
            for row, one, length in zip(rows, written, lengths, strict=True)
        ]

    # read together

    def _write_alike(
        self, rows: list[Row], head: dict[str, torch.Tensor], ends: list[list[int]], one_word: bool
    ) -> Iterator[Said]:
        length = head["input_ids"].shape[1]
        paired = [
            (row, tail) for row, tail in zip(rows, ends, strict=True)
            if not self._too_long(row, length + len(tail))
        ]  # fmt: skip
        for row, tail in zip(rows, ends, strict=True):
            if error := self._too_long(row, length + len(tail)):
                yield Said(row.prompt, error=error)
        if paired and not self._checked:
            self._check(head, paired)
        for part in self._parts(paired):
            yield from self._halving(part, lambda some: self._together(head, some, one_word))

    def _together(
        self, head: dict[str, torch.Tensor], paired: Sequence[tuple[Row, list[int]]], one_word: bool
    ) -> list[Said]:
        rows, ends = [row for row, _ in paired], [end for _, end in paired]
        length = head["input_ids"].shape[1]
        written = self._model.write_shared(head, ends, _order(rows, one_word))
        return [
            Said(row.prompt, one, read=length + len(end), kept=length if place else 0)
            for place, (row, one, end) in enumerate(zip(rows, written, ends, strict=True))
        ]

    def _parts(self, paired: list[tuple[Row, list[int]]]) -> Iterator[list[tuple[Row, list[int]]]]:
        if self.way == "padded":
            yield paired
            return
        for _, part in groupby(sorted(paired, key=lambda one: len(one[1])), key=lambda one: len(one[1])):
            yield list(part)

    def _beginning(self, rows: Sequence[Row]) -> tuple[dict[str, torch.Tensor], list[list[int]]] | None:
        """Return the tensors of what all rows begin with and what is left of each, or None.

        What follows the last picture is cut into tokens by itself, so that pictures are read once; where
        the whole is cut in another way there, there is no such beginning.
        """
        tails = self._tails(rows)
        encoded = self._model.encode([rows[0].conversation])
        width = encoded["input_ids"].shape[1]
        if not tails or encoded["input_ids"][0, width - len(tails[0]) :].tolist() != tails[0]:
            return None
        same = _common_length(tails)
        cut = width - len(tails[0]) + same
        head = {name: v[:, :cut] if v.shape[:2] == (1, width) else v for name, v in encoded.items()}
        return head, [tail[same:] for tail in tails]

    def _tails(self, rows: Sequence[Row]) -> list[list[int]]:
        """Return the tokens after the last picture of each row; none where what is before differs."""
        mark = self._model.image_token or "\0"
        parts = [self._model.render(row.conversation).rpartition(mark) for row in rows]
        if len({head for head, _, _ in parts}) > 1:
            return []
        return [self._model.tokenizer(tail, add_special_tokens=False)["input_ids"] for _, _, tail in parts]

    def _check(self, head: dict[str, torch.Tensor], paired: Sequence[tuple[Row, list[int]]]) -> None:
        """Compare the scores of questions read together and apart, and take the way that agrees."""
        by_length = sorted(paired, key=lambda one: len(one[1]))
        two = [by_length[0], by_length[-1]]
        apart = [self._model.write(self._model.encode([row.conversation]), _free(1))[0] for row, _ in two]
        for way in ("padded", "equal"):
            groups = [two] if way == "padded" else [[one] for one in two]
            together = [
                one
                for group in groups
                for one in self._model.write_shared(head, [end for _, end in group], _free(len(group)))
            ]
            if all(agree(one.first, other.first) for one, other in zip(together, apart, strict=True)):
                self.way, self._checked = way, True
                break
        else:
            self.way, self._checked = "apart", True
        if self.way != "padded":
            _log.warning("Questions about one co-buy are read %s: this architecture wants it so.", self.way)

    # what both share

    def _halving(self, rows: Sequence[T], run: Callable[[Sequence[T]], list[Said]]) -> Iterator[Said]:
        """Run rows in batches, halving them where memory runs out."""
        waiting = list(rows)
        while waiting:
            some, waiting = waiting[: self.batch], waiting[self.batch :]
            try:
                yield from run(some)
            except (torch.OutOfMemoryError, RuntimeError, MemoryError) as error:
                if not _out_of_memory(error):
                    raise
                if torch.cuda.is_available():
                    torch.cuda.empty_cache()
                if len(some) == 1:
                    yield Said(_prompt_of(some[0]), error="there is not enough memory for this prompt alone")
                    continue
                self.batch = max(1, len(some) // 2)
                _log.warning("Memory ran out: %d prompts at once from here on.", self.batch)
                waiting = some + waiting

    def _too_long(self, row: Row, length: int) -> str:
        context, room = self._model.context, row.prompt.decoding.max_tokens
        if context is None or length + room <= context:
            return ""
        return f"the prompt has {length} tokens and leaves no room for {room} more in {context}"

    def _common(self, said: Said, seconds: float) -> dict[str, Any]:
        if said.written is None:
            return {"prompt": said.prompt, "finish_reason": "error", "error": said.error}
        tokens = said.written.tokens
        return {
            "prompt": said.prompt,
            "text": self._model.tokenizer.decode(tokens, skip_special_tokens=True).strip(),
            "finish_reason": "stop" if said.written.ended else "length",
            "usage": Usage(
                prompt_tokens=said.read,
                cached_tokens=said.kept,
                completion_tokens=len(tokens),
                seconds=seconds,
            ),
        }

    def _p_yes(self, written: Written | None) -> float | None:
        if written is None:
            return None
        chances = torch.softmax(written.first, dim=-1)
        yes, no = float(chances[self._yes].sum()), float(chances[self._no].sum())
        return yes / (yes + no) if yes + no > 0 else None


def open_local(settings: Settings) -> Local:
    """Load the model that the settings name: a folder, or the id of a model on the hub."""
    if not settings.model:
        raise SettingsError("The engine `transformers` needs a model.", hint="--model FOLDER or a hub id")
    revision = settings.revision or None
    try:
        model = Model(settings.model, revision=revision, device=settings.device, dtype=settings.dtype)
    except (OSError, ValueError, RuntimeError) as error:
        said = str(error).strip().splitlines()[0]
        raise LVLMError(
            f"{settings.model} cannot be loaded: {said}",
            hint="A folder with config.json, weights and processor, or the id of such a model on the hub.",
        ) from error
    found = revision or _revision(settings.model, model)
    return Local(model, f"{Path(settings.model).name}@{found}", batch=settings.concurrency)


def _revision(where: str, model: Model) -> str:
    """Return the hub's commit, or a hash of what lies in the folder."""
    folder = Path(where)
    if not folder.is_dir():
        return str(getattr(model.model.config, "_commit_hash", None) or "main")
    hashed = hashlib.blake2b(digest_size=6)
    for path in sorted(folder.glob("*")):
        if path.suffix in (".json", ".jinja"):
            hashed.update(path.read_bytes())
        elif path.is_file():
            hashed.update(f"{path.name} {path.stat().st_size}".encode())
    return hashed.hexdigest()


def _conversation(prompt: Prompt, special: Sequence[str]) -> list[dict[str, Any]]:
    content = [_part(part, special) for part in prompt.content]
    user = {"role": "user", "content": content}
    if not prompt.system:
        return [user]
    return [{"role": "system", "content": [{"type": "text", "text": prompt.system}]}, user]


def _part(part: str | Picture, special: Sequence[str]) -> dict[str, Any]:
    if isinstance(part, Picture):
        with Image.open(part.path) as image:
            return {"type": "image", "image": image.convert("RGB")}
    return {"type": "text", "text": plain(part, special)}


def plain(text: str, special: Sequence[str]) -> str:
    """Return a text in which no mark of the model's own is left: `<image>` becomes `< image>`."""
    for mark in special:
        if len(mark) > 1 and mark in text:
            text = text.replace(mark, f"{mark[0]} {mark[1:]}")
    return text


def _order(rows: Sequence[Row], one_word: bool) -> Order:
    decoding = rows[0].prompt.decoding
    short = one_word and decoding.max_tokens <= _ONE_WORD
    return Order(
        temperature=decoding.temperature,
        max_tokens=1 if short else decoding.max_tokens,
        seed=decoding.seed,
        schemas=["" if one_word else schema_text(row.prompt.schema) for row in rows],
    )


def _free(rows: int) -> Order:
    """Order one token a row, whatever is likeliest."""
    return Order(temperature=0.0, max_tokens=1, seed=None, schemas=[""] * rows)


def _common_length(tails: Sequence[Sequence[int]]) -> int:
    """Return how many tokens all tails begin with, leaving at least one to each."""
    same = 0
    for tokens in zip(*tails, strict=False):
        if len(set(tokens)) > 1:
            break
        same += 1
    return min(same, min(map(len, tails)) - 1)


def _prompt_of(row: Any) -> Prompt:
    alone: Row = row if isinstance(row, Row) else row[0]
    return alone.prompt


def _out_of_memory(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "not enough memory" in str(error)


def _spellings(tokenizer: Any, word: str) -> list[int]:
    """Return the tokens that are a word, whatever its case and the space before it."""
    tokens = range(len(tokenizer))
    return [token for token in tokens if tokenizer.decode([token]).strip().lower() == word]
