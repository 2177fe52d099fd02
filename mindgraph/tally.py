"""What asking counts, whichever step asks: answers, failures, tokens, and why it stopped."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

import msgspec

from mindgraph.errors import BudgetReached, LVLMUnavailable
from mindgraph.lvlm.asking import Outcome
from mindgraph.lvlm.protocol import LVLM
from mindgraph.messages import Decision, Prompt, Reply, Usage
from mindgraph.prices import Prices
from mindgraph.records import Reject

R = TypeVar("R", bound=Reply)

#: Is told what is asked about ("products", "co-buys", …), and how many questions there are in all, each
#: time one more is done.
Tell = Callable[[str, int], None]


class News(msgspec.Struct, frozen=True):
    """Say how asking goes: answers and tokens a second, money so far, share that could not be read."""

    rate: float
    tokens_per_second: float
    usd: float
    rejected: float


@runtime_checkable
class Board(Protocol):
    """Be told not only that one more is done, but now and then how it goes."""

    def __call__(self, what: str, total: int, /) -> None:
        """Take note of one more."""
        ...

    def news(self, news: News, /) -> None:
        """Take note of how it goes."""
        ...


#: What ends a run before its end, and leaves what was said until then.
Stop = BudgetReached | LVLMUnavailable

#: Characters of an answer that a reject keeps; the ledger has all of it.
RAW = 20_000


def silent(what: str, total: int) -> None:
    """Tell nobody."""


@dataclass
class Stopped:
    """Say why a run stopped before its end, where it did."""

    why: Stop | None = None


@contextmanager
def stops() -> Iterator[Stopped]:
    """Let a model that stops answering, or a budget that is reached, end the block quietly."""
    stopped = Stopped()
    try:
        yield stopped
    except (BudgetReached, LVLMUnavailable) as error:
        stopped.why = error


@dataclass
class Tally:
    """Count outcomes, and keep those that failed as rejects."""

    stage: str
    #: Questions with an answer that was read; that could not be read; that never came.
    read: int = 0
    unreadable: int = 0
    unanswered: int = 0
    #: Those of the unanswered whose answers are on their way in a batch.
    waiting: int = 0
    rejects: list[Reject] = field(default_factory=list)
    #: Tokens and milliseconds of the answers, those of the ledger among them.
    used: Counter[str] = field(default_factory=Counter)

    def weigh(self, usage: Usage) -> None:
        """Add what one answer took, whether it was asked for now or before."""
        self.used["prompt"] += usage.prompt_tokens or 0
        self.used["cached"] += usage.cached_tokens or 0
        self.used["completion"] += usage.completion_tokens or 0
        self.used["milliseconds"] += round(usage.seconds * 1000)

    def take(self, outcome: Outcome[Any]) -> bool:
        """Count one outcome and return whether it has a value."""
        self.weigh(outcome.reply.usage)
        if not outcome.failed:
            self.read += 1
            return True
        if outcome.reply.finish_reason in ("waiting", "skipped"):
            self.unanswered += 1
            self.waiting += 1
            return False
        if outcome.reply.error is None:
            self.unreadable += 1
        else:
            self.unanswered += 1
        self.rejects.append(_reject(self.stage, outcome))
        return False

    @property
    def failed(self) -> int:
        """The number of questions without an answer that could be read."""
        return self.unreadable + self.unanswered


class Budget(msgspec.Struct, frozen=True):
    """Say how much may be asked, spent and waited for; None is no limit."""

    calls: int | None = None
    usd: float | None = None
    hours: float | None = None


class Meter:
    """Be a model that counts what it is asked and stops at a budget: an `LVLM` around another one.

    Where the budget is used up nothing more is put; what is in flight is still taken, and then
    BudgetReached is raised.
    """

    def __init__(self, lvlm: LVLM, budget: Budget | None = None, prices: Prices | None = None) -> None:
        self.name = lvlm.name
        #: Whether what is on its way in a batch is not asked again.
        self.waits = bool(getattr(lvlm, "waits", False))
        self.counts: Counter[str] = Counter()
        self._lvlm = lvlm
        self._budget = budget or Budget()
        self._prices = prices or Prices()
        self._put = 0
        self._held_back = False
        self._begun = time.monotonic()

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Pass the prompts on and count the replies."""
        yield from map(self._counted, self._lvlm.ask(self._within(prompts)))
        self._stop_where_used_up()

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Pass the prompts on and count the replies."""
        yield from map(self._counted, self._lvlm.decide(self._within(prompts)))
        self._stop_where_used_up()

    @property
    def usd(self) -> float:
        """What was spent so far."""
        counts = self.counts
        return self._prices.of(counts["prompt_tokens"], counts["cached_tokens"], counts["completion_tokens"])

    def close(self) -> None:
        """Close the model."""
        self._lvlm.close()

    def _within(self, prompts: Iterable[Prompt]) -> Iterator[Prompt]:
        self._held_back = False
        for prompt in prompts:
            if self._used_up():
                self._held_back = True
                return
            self._put += 1
            yield prompt

    def _used_up(self) -> str:
        """Return what is used up, in words; empty where there is more."""
        budget = self._budget
        if budget.calls is not None and self._put >= budget.calls:
            return f"{budget.calls:,} calls were made"
        if budget.usd is not None and self.usd >= budget.usd:
            return f"{self.usd:.2f} USD were spent"
        if budget.hours is not None and time.monotonic() - self._begun >= budget.hours * 3600:
            return f"{budget.hours:g} hours are over"
        return ""

    def _stop_where_used_up(self) -> None:
        if self._held_back:
            raise BudgetReached(f"Stopped as told: {self._used_up()}.")

    def _counted(self, reply: R) -> R:
        usage = reply.usage
        self.counts["asked"] += 1
        self.counts["prompt_tokens"] += usage.prompt_tokens or 0
        self.counts["cached_tokens"] += usage.cached_tokens or 0
        self.counts["completion_tokens"] += usage.completion_tokens or 0
        return reply


def _reject(stage: str, outcome: Outcome[Any]) -> Reject:
    prompt = outcome.prompt
    asked = f"{prompt.kind} ({', '.join(prompt.relations)})" if prompt.relations else prompt.kind
    return Reject(
        stage=stage,
        key=prompt.item,
        reason=f"{asked}: {outcome.reason}",
        raw=outcome.reply.text[:RAW],
    )
