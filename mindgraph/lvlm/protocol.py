"""What every way to reach a model has in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

from mindgraph.messages import Decision, Prompt, Reply


@runtime_checkable
class LVLM(Protocol):
    """Answer questions about pictures."""

    #: The model, with its revision after an @ where it has one: part of every key of the ledger.
    name: str

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Answer each prompt, in any order; each reply names its prompt.

        One that cannot be answered has a reply with `error`; raises LVLMError where none can be.
        """
        ...

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Answer each yes-or-no prompt with the probability of yes, where there is one."""
        ...

    def close(self) -> None:
        """Give back connections, processes and memory."""
        ...
