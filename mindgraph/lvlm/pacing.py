"""How fast a server is asked: less when it is busy, more when it keeps up."""

from __future__ import annotations

import random
import threading
import time

#: Seconds that a server may ask to be left alone at most.
_LONGEST = 600.0
#: An answer that takes more than this share of the time allowed says that there are too many.
_SLOW = 0.5
#: How much of a minute's quota may be used at once after a pause.
_BURST = 0.1


class Pace:
    """Keep the number of requests in flight between one and what was allowed; many threads.

    One more for each round of good answers; half as many when the server is busy, a fifth fewer when
    answers take so long that they might be given up.
    """

    def __init__(self, allowed: int, *, timeout: float = float("inf")) -> None:
        self._allowed = max(1, allowed)
        self._slow = _SLOW * timeout
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

    def kept_up(self, seconds: float = 0.0) -> None:
        """Note a good answer, and how long it took."""
        if seconds > self._slow:
            self.slow_down(0.8)
            return
        with self._lock:
            self._limit = min(self._allowed, self._limit + 1.0 / self._limit)

    def busy(self, seconds: float) -> None:
        """Note that the server is busy, and leave it alone for so long."""
        self.slow_down(0.5, seconds)
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + min(seconds, _LONGEST))

    def slow_down(self, share: float, seconds: float = 1.0) -> None:
        """Keep only a share of what may be in flight; once a round, not once an answer."""
        now = time.monotonic()
        with self._lock:
            if now >= self._cut:
                self._limit = max(1.0, self._limit * share)
                self._cut = now + max(1.0, seconds)

    def close(self) -> None:
        """Wake whoever waits."""
        self._stop.set()


class Quota:
    """Keep to so many requests and tokens a minute; 0 is no limit; many threads."""

    def __init__(self, requests: int = 0, tokens: int = 0) -> None:
        self._requests = _Bucket(requests)
        self._tokens = _Bucket(tokens)
        self._usual = 0.0
        self._lock = threading.Lock()

    def wait(self, sleep: threading.Event | None = None) -> float:
        """Wait for room for one request, and return the tokens that were set aside for it."""
        with self._lock:
            guess = self._usual
            pause = max(self._requests.take(1.0), self._tokens.take(guess))
        if pause > 0:
            (sleep or threading.Event()).wait(pause)
        return guess

    def used(self, guess: float, tokens: int | None) -> None:
        """Put right what was set aside, once the server says how many tokens it was."""
        if tokens is None:
            return
        with self._lock:
            self._tokens.take(tokens - guess)
            self._usual = tokens if not self._usual else 0.9 * self._usual + 0.1 * tokens


class _Bucket:
    """Fill up evenly; may be overdrawn, and then says for how long to wait."""

    def __init__(self, a_minute: int) -> None:
        self._rate = a_minute / 60.0
        self._most = max(1.0, a_minute * _BURST)
        self._level = self._most
        self._filled = time.monotonic()

    def take(self, amount: float) -> float:
        if not self._rate:
            return 0.0
        now = time.monotonic()
        self._level = min(self._most, self._level + (now - self._filled) * self._rate) - amount
        self._filled = now
        return max(0.0, -self._level / self._rate)
