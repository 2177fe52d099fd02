"""Wrap a model so that nothing is asked twice.

`Ledgered` looks every prompt up before it is asked, and commits every answer before anyone sees it:
a process that is killed loses what was in flight, and the same command goes on from there.
Prompts are taken a few hundred at a time, so memory stays flat however many there are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import cast

import msgspec

from mindgraph.lvlm.keys import How, key_maker
from mindgraph.lvlm.protocol import LVLM
from mindgraph.lvlm.replies import CHUNK, Replies
from mindgraph.lvlm.statements import WAITING
from mindgraph.messages import Decision, Prompt, Reply, Usage

#: How many answers may be found in a row before those in flight are waited for.
_STRETCH = 10 * CHUNK


class Ledgered:
    """Be a model that remembers: an `LVLM` around another one and a ledger."""

    def __init__(
        self,
        lvlm: LVLM,
        path: Path | str,
        *,
        run: str = "",
        price: Callable[[Usage], float | None] | None = None,
    ) -> None:
        self.name = lvlm.name
        self.replies = Replies(path)
        #: Questions that were put to the model, and those that the ledger answered.
        self.asked = 0
        self.found = 0
        #: Answers that could not be read, and those that never came.
        self.unread = 0
        self._lvlm = lvlm
        #: Whether what is on its way in a batch is not asked again.
        self.waits = bool(getattr(lvlm, "waits", False))
        self._run = run
        self._price = price or (lambda usage: None)

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Answer each prompt from the ledger, or from the model where it has no answer."""
        return _Asking(self, "ask", self._lvlm.ask).answers(prompts)

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Answer each yes-or-no prompt from the ledger, or from the model where it has no answer."""
        answers = _Asking(self, "decide", self._lvlm.decide).answers(prompts)
        return cast("Iterator[Decision]", answers)

    def mark(self, reply: Reply, ok: bool) -> None:
        """Note whether an answer could be read; it stays in the ledger either way."""
        self.unread += not ok
        if reply.key and reply.error is None and reply.ok != ok:
            self.replies.mark(bytes.fromhex(reply.key), ok)

    def close(self) -> None:
        """Close the ledger and the model."""
        self.replies.close()
        self._lvlm.close()

    def _store(self, key: bytes, reply: Reply, how: How) -> Reply:
        """Commit one answer and return it with its key; an answer that came first wins."""
        self.asked += 1
        self.unread += reply.finish_reason == "error"
        if reply.finish_reason == "skipped":
            return reply
        cost = self._price(reply.usage)
        late = self.replies.store([(key, reply)], how=how, name=self.name, run=self._run, costs=[cost])
        if late and reply.error is None:
            return self.replies.look_up(late)[key].reply(reply.prompt, how)
        return msgspec.structs.replace(reply, key=key.hex())


class _Asking:
    """Be one pass over prompts: what is found is given back, the rest is asked."""

    def __init__(
        self, ledgered: Ledgered, how: How, forward: Callable[[Iterable[Prompt]], Iterator[Reply]]
    ) -> None:
        self._ledgered = ledgered
        self._how = how
        self._forward = forward
        self._key = key_maker(ledgered.name, how)
        #: Key → prompts with the same words that came while it was in flight.
        self._waiting: dict[bytes, list[Prompt]] = {}

    def answers(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        chunks = _chunks(prompts)
        for chunk in chunks:
            found, missing = self._look_up(chunk)
            yield from found
            if missing:
                yield from self._ask(missing, chunks)

    def _ask(self, missing: list[Prompt], chunks: Iterator[list[Prompt]]) -> Iterator[Reply]:
        """Ask these and what is missing of the chunks that follow, until a long stretch is found."""
        found: deque[Reply] = deque()

        def source() -> Iterator[Prompt]:
            yield from missing
            for chunk in chunks:
                known, more = self._look_up(chunk)
                found.extend(known)
                yield from more
                if len(found) > _STRETCH:
                    return

        for reply in self._forward(source()):
            yield from self._settle(reply)
            while found:
                yield found.popleft()
        yield from found

    def _look_up(self, chunk: list[Prompt]) -> tuple[list[Reply], list[Prompt]]:
        keys = [self._key(prompt) for prompt in chunk]
        stored = self._ledgered.replies.look_up(keys)
        found: list[Reply] = []
        missing: list[Prompt] = []
        waiting = self._ledgered.replies.waiting(keys) if self._ledgered.waits else set()
        for key, prompt in zip(keys, chunk, strict=True):
            answer = stored.get(key)
            if key in waiting:
                found.append(_waits(prompt, self._how))
                continue
            if answer is not None:
                found.append(answer.reply(prompt, self._how))
                if answer.item != prompt.item:
                    self._ledgered.replies.share(key, prompt.item)
            elif key in self._waiting:
                self._waiting[key].append(prompt)
            else:
                self._waiting[key] = []
                missing.append(prompt)
        self._ledgered.found += len(found)
        return found, missing

    def _settle(self, reply: Reply) -> Iterator[Reply]:
        """Store an answer, and give it to everyone who waited for the same words."""
        key = self._key(reply.prompt)
        stored = self._ledgered._store(key, reply, self._how)
        yield stored
        for prompt in self._waiting.pop(key, ()):
            self._ledgered.found += 1
            self._ledgered.replies.share(key, prompt.item)
            yield msgspec.structs.replace(stored, prompt=prompt)


def _chunks(prompts: Iterable[Prompt]) -> Iterator[list[Prompt]]:
    remaining = iter(prompts)
    while chunk := list(islice(remaining, CHUNK)):
        yield chunk


def _waits(prompt: Prompt, how: How) -> Reply:
    kind = Decision if how == "decide" else Reply
    return kind(prompt=prompt, finish_reason="waiting", error=f"{WAITING}a batch")
