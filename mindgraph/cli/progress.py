"""How far asking is: bars on a terminal, a line now and then elsewhere, with what it takes and yields."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from mindgraph.cli.base import Context

if TYPE_CHECKING:
    from mindgraph.tally import News, Tell

#: Seconds between two lines where there is no terminal.
EVERY = 60.0


@contextmanager
def progress(context: Context) -> Iterator[Tell]:
    """Show a bar for each kind of question on a terminal; elsewhere say a line each minute."""
    if context.quiet:
        yield lambda what, total: None
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield bars
    else:
        yield Lines(context.say)


def figures(news: News) -> str:
    """Return what asking takes and yields, in one line."""
    parts = [f"{news.rate:,.1f} answers/s"]
    if news.tokens_per_second:
        parts.append(f"{news.tokens_per_second:,.0f} tokens/s")
    if news.usd:
        parts.append(f"{news.usd:,.2f} USD")
    return " · ".join([*parts, f"{news.rejected:.1%} rejected"])


class Lines:
    """Say a line now and then: how many are done, what it takes, how long it will be."""

    def __init__(self, say: Callable[[str], None], *, every: float = EVERY) -> None:
        self._say = say
        self._every = every
        self._done: dict[str, int] = {}
        self._begun: dict[str, float] = {}
        self._said = time.monotonic()
        self._last: tuple[str, int] = ("", 0)

    def __call__(self, what: str, total: int) -> None:
        """Count one more."""
        self._begun.setdefault(what, time.monotonic())
        self._done[what] = self._done.get(what, 0) + 1
        self._last = (what, total)

    def news(self, news: News) -> None:
        """Say a line, where the last one is long enough ago."""
        now = time.monotonic()
        if now - self._said < self._every:
            return
        self._said = now
        what, total = self._last
        done = self._done[what]
        left = (now - self._begun[what]) / done * max(0, total - done)
        self._say(f"{what}: {done:,} of {total:,}, {figures(news)}, {_clock(left)} left")


class _Bars:
    """Move a bar for each kind of question, and show the figures beside the last one."""

    def __init__(self, shown: Any) -> None:
        self._shown = shown
        self._tasks: dict[str, Any] = {}
        self._last: Any = None

    def __call__(self, what: str, total: int) -> None:
        if what not in self._tasks:
            if self._last is not None:
                self._shown.update(self._last, news="")
            self._tasks[what] = self._shown.add_task(what, total=total, news="")
        self._last = self._tasks[what]
        self._shown.advance(self._last)

    def news(self, news: News) -> None:
        self._shown.update(self._last, news=figures(news))


@contextmanager
def _bars() -> Iterator[_Bars]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[news]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        yield _Bars(shown)


def _clock(seconds: float) -> str:
    """Return a time to wait as hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
