"""How fast a server is asked: less when it is busy, more when it keeps up; and when to give up."""

from __future__ import annotations

import random
import threading
import time

from mindgraph.errors import LVLMError, LVLMUnavailable

#: Seconds that a server may ask to be left alone at most.
_LONGEST = 600.0
#: Requests that are all refused before the run is stopped: it is not the items' fault.
_HOPELESS = 20


class Pace:
    """Keep the number of requests in flight between one and what was allowed; many threads."""

    def __init__(self, allowed: int) -> None:
        self._allowed = max(1, allowed)
        self._limit = float(self._allowed)
        self._not_before = 0.0
        self._cut = 0.0
        self._lock = threading.Lock()
        self._stop = threading.Event()

    def limit(self) -> int:
        """Return how many requests may be in flight now."""
        return int(self._limit)

    def wait(self) -> None:
        """Return when a server that was busy may be asked again."""
        while (seconds := self._not_before - time.monotonic()) > 0 and not self._stop.is_set():
            self._stop.wait(seconds)

    def sleep(self, seconds: float) -> None:
        """Wait about so long, somewhere between half and all of it, so that not all come back at once."""
        self._stop.wait(seconds * random.uniform(0.5, 1.0))

    def kept_up(self) -> None:
        """Note a good answer: one more in flight for each round of them."""
        with self._lock:
            self._limit = min(self._allowed, self._limit + 1.0 / self._limit)

    def busy(self, seconds: float) -> None:
        """Note that the server is busy: halve, once a round, and leave it alone for so long."""
        now = time.monotonic()
        with self._lock:
            if now >= self._cut:
                self._limit = max(1.0, self._limit / 2)
                self._cut = now + max(1.0, seconds)
            self._not_before = max(self._not_before, now + min(seconds, _LONGEST))

    def close(self) -> None:
        """Wake whoever waits."""
        self._stop.set()


class Health:
    """Decide whether a server is gone for good; many threads."""

    def __init__(self, where: str, *, patience: float = 60.0, first: float = 2.0) -> None:
        self._where = where
        self._patience = patience
        self._first = first
        self._answered = False
        self._lost_since: float | None = None
        self._refused = 0
        self._lock = threading.Lock()

    def answered(self) -> None:
        """Note that an answer came."""
        self._answered, self._lost_since = True, None

    def lost(self, why: str) -> None:
        """Note that there was no connection; raise LVLMUnavailable where that has lasted too long."""
        now = time.monotonic()
        with self._lock:
            self._lost_since = self._lost_since or now
            lasted = now - self._lost_since
        if lasted > (self._patience if self._answered else self._first):
            raise LVLMUnavailable(f"{self._where} does not answer: {why}.", hint=self._advice())

    def refused(self, why: str) -> None:
        """Note that a request was refused; raise LVLMError where every one is."""
        with self._lock:
            self._refused += 1
        if self._refused >= _HOPELESS and not self._answered:
            raise LVLMError(
                f"{self._where}: the first {self._refused} requests were all refused: {why}",
                hint="Does this model take pictures, and is its context long enough?",
            )

    def _advice(self) -> str:
        if self._answered:
            return LVLMUnavailable.hint
        return "Is the server running, and is --base-url right? Nothing was asked."
