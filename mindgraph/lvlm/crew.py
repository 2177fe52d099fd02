"""Work on a stream of items in threads: so many in flight, results as they come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Crew(Generic[T, R]):
    """Keep threads that end with the process: one that hangs delays nobody's exit."""

    def __init__(self, work: Callable[[T], R]) -> None:
        self._work = work
        self._orders: SimpleQueue[tuple[T, SimpleQueue[R | BaseException]] | None] = SimpleQueue()
        self._threads = 0

    def run(self, items: Iterable[T], limit: Callable[[], int]) -> Iterator[R]:
        """Yield the results of the items in any order, with at most `limit()` in flight.

        Items are taken in the caller's thread, when there is room for them. After an exception no
        more are taken; what was in flight is yielded, then it is raised.
        """
        results: SimpleQueue[R | BaseException] = SimpleQueue()
        waiting = iter(items)
        in_flight = 0
        failure: BaseException | None = None
        while True:
            while failure is None and in_flight < limit():
                try:
                    item = next(waiting)
                except StopIteration:
                    break
                in_flight += 1
                self._order(item, results, in_flight)
            if not in_flight:
                break
            result = results.get()
            in_flight -= 1
            if isinstance(result, BaseException):
                failure = failure or result
            else:
                yield result
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Let the threads go once they have nothing to do."""
        for _ in range(self._threads):
            self._orders.put(None)
        self._threads = 0

    def _order(self, item: T, results: SimpleQueue[R | BaseException], needed: int) -> None:
        if needed > self._threads:
            self._threads += 1
            threading.Thread(target=self._serve, daemon=True, name="mindgraph-lvlm").start()
        self._orders.put((item, results))

    def _serve(self) -> None:
        while (order := self._orders.get()) is not None:
            item, results = order
            try:
                results.put(self._work(item))
            except BaseException as error:  # raised again in the thread that asked
                results.put(error)
