"""Ask until the answer can be read: at most so many times, then the last answer is a failure.

What could not be read is asked again as the next attempt, among the prompts that follow, so that
no one waits for it and memory stays flat.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.protocol import LVLM
from mindgraph.messages import Decision, Prompt, Reply

V = TypeVar("V")

ATTEMPTS = 3
#: An answer that is decoded without chance would only say the same again.
_WARMER = 0.3


class Outcome(msgspec.Struct, Generic[V], frozen=True, kw_only=True, gc=False):
    """Be what became of one prompt: a value, or the reason why there is none.

    `prompt` is the last attempt, `reply` its answer with the raw text.
    """

    prompt: Prompt
    reply: Reply
    value: V | None = None
    reason: str | None = None

    @property
    def failed(self) -> bool:
        """Say whether no attempt gave an answer that could be read."""
        return self.reason is not None


def ask_until_read(
    lvlm: LVLM,
    prompts: Iterable[Prompt],
    read: Callable[[Reply], V],
    *,
    attempts: int = ATTEMPTS,
    decide: bool = False,
) -> Iterator[Outcome[V]]:
    """Ask each prompt until `read` takes the answer; yield one outcome a prompt, in any order.

    `read` raises ValueError for what it cannot read. An answer that was cut off counts as
    unreadable, but a decision does not: its first word is all it needs. One that never came
    (`reply.error`) is not asked again here, for the adapter has tried. Behind a ledger each answer is
    marked with what was found.
    """
    again: deque[Prompt] = deque()
    put = lvlm.decide if decide else lvlm.ask
    replies: Iterator[Reply] = put(_with_again(prompts, again))
    while True:
        for reply in replies:
            outcome = _outcome(reply, read)
            _mark(lvlm, reply, outcome)
            if outcome.failed and reply.error is None and reply.prompt.attempt + 1 < attempts:
                again.append(next_attempt(reply.prompt))
            else:
                yield outcome
        if not again:
            return
        replies = put(_with_again((), again))


def next_attempt(prompt: Prompt) -> Prompt:
    """Return the prompt of the next attempt: the same words, decoded with some chance."""
    decoding = prompt.decoding
    return msgspec.structs.replace(
        prompt,
        attempt=prompt.attempt + 1,
        decoding=msgspec.structs.replace(
            decoding,
            temperature=max(decoding.temperature, _WARMER),
            seed=None if decoding.seed is None else decoding.seed + 1_000_003 * (prompt.attempt + 1),
        ),
    )


def _with_again(prompts: Iterable[Prompt], again: deque[Prompt]) -> Iterator[Prompt]:
    for prompt in prompts:
        yield prompt
        while again:
            yield again.popleft()
    while again:
        yield again.popleft()


def _outcome(reply: Reply, read: Callable[[Reply], V]) -> Outcome[V]:
    if reply.error is not None:
        return Outcome(prompt=reply.prompt, reply=reply, reason=reply.error)
    if reply.finish_reason == "length" and not isinstance(reply, Decision):
        reason = f"the answer was cut off after {reply.prompt.decoding.max_tokens} tokens"
        return Outcome(prompt=reply.prompt, reply=reply, reason=reason)
    try:
        return Outcome(prompt=reply.prompt, reply=reply, value=read(reply))
    except ValueError as error:
        return Outcome(prompt=reply.prompt, reply=reply, reason=str(error))


def _mark(lvlm: LVLM, reply: Reply, outcome: Outcome[V]) -> None:
    if isinstance(lvlm, Ledgered) and reply.error is None:
        lvlm.mark(reply, not outcome.failed)
