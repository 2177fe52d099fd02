"""One stage's time with a model: opened behind ledger and meter, closed, and told in numbers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from mindgraph.errors import LVLMError, SettingsError
from mindgraph.lvlm import open_lvlm
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.prices import prices_of
from mindgraph.prompts import Asker
from mindgraph.records import Generator
from mindgraph.settings import Settings
from mindgraph.tables import frame_of
from mindgraph.tally import Board, Budget, Meter, News, Tally, Tell
from mindgraph.workspace import Stage, Workspace, file_digest

#: Seconds between two reports of how it goes.
_NEWS = 0.5


class Session:
    """Hold a model that remembers, and count what it is asked."""

    def __init__(self, workspace: Workspace, settings: Settings, verb: str, budget: Budget | None) -> None:
        prices = prices_of(settings)
        self.meter = Meter(open_lvlm(settings), budget, prices)
        run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{verb}"
        self.lvlm = Ledgered(self.meter, workspace.ledger, run=run, price=prices.of_usage)

    def telling(self, tell: Tell) -> Tell:
        """Return what tells as told, and how it goes, too, where that is wanted."""
        if not isinstance(tell, Board):
            return tell
        board, begun, last = tell, time.monotonic(), 0.0

        def both(what: str, total: int) -> None:
            nonlocal last
            board(what, total)
            if (now := time.monotonic()) - last >= _NEWS:
                last = now
                board.news(self._news(now - begun))

        return both

    def _news(self, seconds: float) -> News:
        counts, seen = self.meter.counts, max(1, self.lvlm.found + self.lvlm.asked)
        tokens = counts["prompt_tokens"] + counts["completion_tokens"]
        seconds = max(seconds, 1e-6)
        return News(
            rate=(self.lvlm.found + self.lvlm.asked) / seconds,
            tokens_per_second=tokens / seconds,
            usd=self.meter.usd,
            rejected=self.lvlm.unread / seen,
        )

    def counts(self, tally: Tally) -> dict[str, Any]:
        """Return what was asked, found in the ledger, read and not, and the tokens it took."""
        meter = self.meter
        return {
            "asked": meter.counts["asked"],
            "from the ledger": self.lvlm.found,
            "read": tally.read,
            "unreadable": tally.unreadable,
            "unanswered": tally.unanswered,
            "prompt_tokens": meter.counts["prompt_tokens"],
            "cached_tokens": meter.counts["cached_tokens"],
            "completion_tokens": meter.counts["completion_tokens"],
            **({"usd": round(meter.usd, 4)} if meter.usd else {}),
        }


@contextmanager
def session(
    workspace: Workspace, settings: Settings, verb: str, budget: Budget | None = None
) -> Iterator[Session]:
    """Open the model that the settings name, and give it back at the end."""
    opened = Session(workspace, settings, verb, budget)
    try:
        yield opened
    finally:
        opened.lvlm.close()


def shaping(settings: Settings, asker: Asker, *steps: str, **more: Any) -> dict[str, Any]:
    """Return the settings that shape what a model says in some steps, for the manifest."""
    named = f"{settings.model}@{settings.revision}" if settings.revision else settings.model
    generator = asker.generator(named, *steps)
    return {
        "engine": settings.engine,
        "model": named,
        "parameters": generator.parameters,
        "prompt_version": generator.prompt_version,
        **more,
    }


def cassette_digest(settings: Settings) -> dict[str, str]:
    """Return the digest of the recorded answers, where these are what answers."""
    if settings.engine != "recorded" or not settings.cassette:
        return {}
    path = Path(settings.cassette)
    if not path.is_file():
        raise SettingsError(f"{path}: there is no such file of recorded answers.", hint="--cassette FILE")
    return {"cassette": file_digest(path)}


def goes_on(stage: Stage, settings: Settings) -> bool:
    """Say whether the last run left questions that a server did not answer: they are asked again."""
    previous = stage.previous
    return settings.engine != "recorded" and bool(previous and previous.counts.get("unanswered"))


def add_generator(workspace: Workspace, generator: Generator) -> None:
    """Add a generator to the workspace's table, once."""
    known = workspace.read(Generator)
    if generator.id not in known["id"]:
        workspace.write(Generator, pl.concat([known, frame_of(Generator, [generator])]))


def raise_where_nothing_was_read(tally: Tally) -> None:
    """Raise LVLMError where questions were asked and not one answer could be read."""
    if tally.failed > tally.waiting and not tally.read:
        first = tally.rejects[0].reason if tally.rejects else "what came was neither yes nor no"
        raise LVLMError(
            f"Not one of {tally.failed:,} answers could be read; the first: {first}.",
            hint="`mindgraph status` shows the rejects; is it the right model?",
        )
