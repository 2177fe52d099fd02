"""One server, or several that serve the same model: which is asked next, and which is set aside."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from mindgraph.errors import LVLMError, LVLMUnavailable
from mindgraph.lvlm import wire
from mindgraph.lvlm.pacing import Pace
from mindgraph.lvlm.transport import Refused, Transport
from mindgraph.messages import Prompt, Reply

_log = logging.getLogger(__name__)

#: Requests that are all refused before the run is stopped: it is not the items' fault.
_HOPELESS = 20
#: Answers without JSON after which a server counts as one that ignores the schema.
_IGNORED = 3
#: Failures in a row after which a server is set aside, where there are others.
_FAILURES = 5
#: Seconds until a server that was set aside is tried again.
_ASIDE = 30.0


class Endpoint:
    """Hold what is known of one server: its pace, its health, what it understands."""

    def __init__(self, transport: Transport, allowed: int) -> None:
        self.transport = transport
        self.pace = Pace(allowed, timeout=transport.timeout)
        self.manners = Manners()
        self.in_flight = 0
        self.answered = False
        self.refusals = 0
        self.dismissed: LVLMError | None = None
        self.lost_since: float | None = None
        self._failures = 0
        self._aside_until = 0.0

    @property
    def where(self) -> str:
        """The address, as messages name it."""
        return self.transport.base_url

    def well(self) -> None:
        """Note a good answer."""
        self.answered, self.lost_since, self._failures = True, None, 0

    def failed(self, why: str, *, alone: bool) -> None:
        """Note a failure; where there are other servers this one is set aside after a few."""
        self._failures += 1
        if self._failures >= _FAILURES and not alone:
            if time.monotonic() >= self._aside_until:
                _log.warning("%s is set aside for %d s: %s", self.where, _ASIDE, why)
            self._aside_until = time.monotonic() + _ASIDE
            self._failures = _FAILURES - 1

    def fit(self) -> bool:
        """Say whether it may be asked now."""
        return self.dismissed is None and time.monotonic() >= self._aside_until

    def room(self) -> int:
        """Return how many more requests it takes; none or less where it is full."""
        return self.pace.limit() - self.in_flight


class Fleet:
    """Choose among servers, and say when there is none left; many threads."""

    def __init__(self, endpoints: Sequence[Endpoint], *, patience: float, first: float) -> None:
        self.endpoints = list(endpoints)
        self._patience = patience
        self._first = first
        self._lock = threading.Lock()

    def limit(self) -> int:
        """Return how many requests may be in flight at all the servers together."""
        fit = [one for one in self.endpoints if one.fit()] or self.endpoints[:1]
        return sum(one.pace.limit() for one in fit)

    @contextmanager
    def chosen(self, prompt: Prompt) -> Iterator[Endpoint]:
        """Give the server for a prompt: the one that saw its co-buy before, unless it is full."""
        with self._lock:
            fit = [one for one in self.endpoints if one.fit()] or self._remaining()
            endpoint = fit[hash(prompt.content[:-1]) % len(fit)] if len(fit) > 1 else fit[0]
            if endpoint.room() <= 0:
                endpoint = max(fit, key=Endpoint.room)
            endpoint.in_flight += 1
        try:
            yield endpoint
        finally:
            with self._lock:
                endpoint.in_flight -= 1

    def failed(self, endpoint: Endpoint, why: str) -> None:
        """Note that an answer did not come whole."""
        with self._lock:
            endpoint.failed(why, alone=len(self.endpoints) == 1)

    def lost(self, endpoint: Endpoint, why: str) -> None:
        """Note that a server was not reached; raise LVLMUnavailable where none is any more."""
        now = time.monotonic()
        endpoint.lost_since = endpoint.lost_since or now
        self.failed(endpoint, why)
        if all(self._gone(one, now) for one in self._remaining()):
            where = ", ".join(one.where for one in self._remaining())
            raise LVLMUnavailable(f"{where} does not answer: {why}.", hint=self._advice())

    def refused(self, endpoint: Endpoint, why: str) -> None:
        """Note that a request was refused; raise LVLMError where every one is."""
        endpoint.refusals += 1
        if endpoint.refusals >= _HOPELESS and not endpoint.answered:
            raise LVLMError(
                f"{endpoint.where}: the first {endpoint.refusals} requests were all refused: {why}",
                hint="Does this model take pictures, and is its context long enough?",
            )

    def dismiss(self, endpoint: Endpoint, error: LVLMError) -> None:
        """Ask a server no more; raise its error where it was the last one."""
        with self._lock:
            first = endpoint.dismissed is None
            endpoint.dismissed = error
        if all(one.dismissed for one in self.endpoints):
            raise error
        if first:
            _log.warning("%s is asked no more: %s", endpoint.where, error)

    def close(self) -> None:
        """Close every connection, and wake whoever waits."""
        for one in self.endpoints:
            one.pace.close()
            one.transport.close()

    def _remaining(self) -> list[Endpoint]:
        remaining = [one for one in self.endpoints if one.dismissed is None]
        if not remaining:
            raise self.endpoints[-1].dismissed or LVLMError("There is no server left.")
        return remaining

    def _gone(self, endpoint: Endpoint, now: float) -> bool:
        patience = self._patience if self._answered() else self._first
        return endpoint.lost_since is not None and now - endpoint.lost_since > patience

    def _answered(self) -> bool:
        return any(one.answered for one in self.endpoints)

    def _advice(self) -> str:
        if self._answered():
            return LVLMUnavailable.hint
        return "Is the server running, and is --base-url right? Nothing was asked."


class Manners:
    """Hold what a server understands, and lower it when that turns out to be less."""

    def __init__(self) -> None:
        self.now = wire.Manner()
        self._lock = threading.Lock()
        self._without_json = 0
        self._json_seen = False

    def change(self, used: wire.Manner, *, why: str, **changes: Any) -> None:
        """Take another manner, unless another thread has just done so; say it once."""
        with self._lock:
            if self.now == used:
                self.now = msgspec.structs.replace(used, **changes)
                named = ", ".join(f"{name}={value}" for name, value in changes.items())
                _log.warning("The server is asked another way from here on (%s): %s.", named, why)

    def refused(self, used: wire.Manner, refused: Refused) -> bool:
        """Return whether another manner is worth a try after the server refused this one."""
        if used != self.now:
            return True
        changes = wire.other_manner(used, refused.said.lower())
        if changes:
            self.change(used, why=f"it said: {refused.said[:120]}", **changes)
        return bool(changes)

    def seen(self, prompt: Prompt, reply: Reply) -> None:
        """Find out whether the server ignores the schema: its first answers are no JSON at all."""
        used = self.now
        if self._json_seen or prompt.schema is None or used.schema == "plain":
            return
        if wire.is_object(reply.text):
            self._json_seen = True
        elif reply.finish_reason != "length" or not reply.text.lstrip().startswith("{"):
            self._without_json += 1
            if self._without_json >= _IGNORED:
                self.change(used, schema="plain", why="it ignores the schema of the answer")
