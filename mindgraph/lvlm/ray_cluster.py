"""Ask on many GPUs or nodes: actors of Ray, each with an engine of its own.

Prompts that begin alike go to one actor. Replies come back one by one, as they are made, so that the
ledger of this process has each at once. An actor that dies is started again and asked for what it had
not answered; when this process dies, the ledger has all but what was in flight.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import msgspec
import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from mindgraph.errors import LVLMError, LVLMUnavailable, MindgraphError
from mindgraph.lvlm.bunches import bunches
from mindgraph.messages import Decision, Prompt, Reply
from mindgraph.settings import Settings

#: Bunches that an actor has in hand, so that it never waits for the next.
_DEPTH = 2
#: How often one prompt may be in the hands of an actor that dies.
_TRIES = 3

How = Literal["ask", "decide"]


class Worker:
    """Be one actor: hold an engine, and answer bunches."""

    def __init__(self, settings: Settings) -> None:
        from mindgraph.lvlm import open_lvlm

        self._lvlm = open_lvlm(settings)

    def about(self) -> tuple[str, int]:
        """Return the engine's name, and the process."""
        return self._lvlm.name, os.getpid()

    def answer(self, how: How, prompts: list[Prompt]) -> Iterator[tuple[int, Reply]]:
        """Yield place and reply of each prompt, as they are made."""
        places = {id(prompt): place for place, prompt in enumerate(prompts)}
        replies = self._lvlm.ask(prompts) if how == "ask" else self._lvlm.decide(prompts)
        for reply in replies:
            yield places[id(reply.prompt)], reply


@dataclass
class _Hand:
    """Hold what one actor was given and has not answered."""

    actor: Any
    prompts: dict[int, Prompt] = field(default_factory=dict)


class Cluster:
    """Ask through actors."""

    def __init__(self, settings: Settings) -> None:
        self._own = not ray.is_initialized()
        _join(settings)
        inner = msgspec.structs.replace(settings, engine=settings.ray_engine)
        kind = ray.remote(num_cpus=1, num_gpus=settings.ray_gpus, max_restarts=-1)(Worker)
        self.actors = [kind.remote(inner) for _ in range(settings.ray_workers)]
        self.name, _ = _got(self.actors[0].about.remote())
        self._size = settings.concurrency

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Answer each prompt, in the order in which the actors do."""
        return self._run(prompts, "ask")

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Answer each yes-or-no prompt, in the order in which the actors do."""
        return cast("Iterator[Decision]", self._run(prompts, "decide"))

    def processes(self) -> list[int]:
        """Return the processes of the actors, in their order."""
        return [_got(actor.about.remote())[1] for actor in self.actors]

    def close(self) -> None:
        """End the actors, and Ray where it was started here."""
        for actor in self.actors:
            ray.kill(actor)
        if self._own:
            ray.shutdown()

    def _run(self, prompts: Iterable[Prompt], how: How) -> Iterator[Reply]:
        waiting = bunches(prompts, self._size)
        again: deque[list[Prompt]] = deque()
        hands: dict[Any, _Hand] = {}
        deaths: Counter[int] = Counter()
        while True:
            self._hand_out(waiting, again, hands, how)
            if not hands:
                return
            stream = ray.wait(list(hands), num_returns=1, fetch_local=False)[0][0]
            hand = hands[stream]
            try:
                place, reply = ray.get(next(stream))
            except StopIteration:
                del hands[stream]
                yield from self._rest(hand, again, deaths, how, "the actor left it out")
            except RayActorError as error:
                del hands[stream]
                yield from self._rest(hand, again, deaths, how, _first_line(error))
            except RayTaskError as error:
                raise _translated(error) from error
            else:
                yield msgspec.structs.replace(reply, prompt=hand.prompts.pop(place))

    def _hand_out(
        self, waiting: Iterator[list[Prompt]], again: deque[list[Prompt]], hands: dict[Any, _Hand], how: How
    ) -> None:
        """Give each actor bunches until it has enough in hand."""
        busy = Counter(id(hand.actor) for hand in hands.values())
        for actor in self.actors * _DEPTH:
            if busy[id(actor)] >= _DEPTH:
                continue
            bunch = again.popleft() if again else next(waiting, None)
            if bunch is None:
                return
            stream = actor.answer.options(num_returns="streaming").remote(how, bunch)
            hands[stream] = _Hand(actor, dict(enumerate(bunch)))
            busy[id(actor)] += 1

    def _rest(
        self, hand: _Hand, again: deque[list[Prompt]], deaths: Counter[int], how: How, why: str
    ) -> Iterator[Reply]:
        """Put back what an actor did not answer; give up what was in too many dying hands."""
        left = list(hand.prompts.values())
        deaths.update(map(id, left))
        kind = Decision if how == "decide" else Reply
        for prompt in left:
            if deaths[id(prompt)] >= _TRIES:
                yield kind(prompt=prompt, finish_reason="error", error=f"its actor died: {why}")
        if more := [prompt for prompt in left if deaths[id(prompt)] < _TRIES]:
            again.append(more)


def open_cluster(settings: Settings) -> Cluster:
    """Start or join Ray and its actors; raises LVLMError where that fails."""
    try:
        return Cluster(settings)
    except RayTaskError as error:
        raise _translated(error) from error
    except (RayError, ConnectionError, ValueError, RuntimeError) as error:
        raise LVLMUnavailable(f"Ray cannot be used: {_first_line(error)}.") from error


def _join(settings: Settings) -> None:
    if ray.is_initialized():
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": False}
    if settings.ray_address:
        ray.init(address=settings.ray_address, **quiet)
    else:
        cpus = max(8, settings.ray_workers, os.cpu_count() or 1)
        ray.init(num_cpus=cpus, include_dashboard=False, **quiet)


def _got(reference: Any) -> tuple[str, int]:
    return cast("tuple[str, int]", ray.get(reference))


def _translated(error: RayTaskError) -> MindgraphError:
    """Return the error that an actor's engine raised, as if it had been raised here."""
    cause = error.cause
    if isinstance(cause, MindgraphError):
        return cause
    return LVLMError(f"An actor failed: {_first_line(cause or error)}")


def _first_line(error: BaseException) -> str:
    said = str(error).strip()
    return said.splitlines()[0].rstrip(".") if said else type(error).__name__
