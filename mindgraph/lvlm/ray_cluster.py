"""Ask on many GPUs or nodes: actors of Ray, each with an engine of its own.

Prompts that begin alike go to one actor. Replies come back one by one, as they are made, so that the
ledger of this process has each at once. An actor that dies is started again and asked for what it had
not answered; one for which there is no room any more is done without. When this process dies, the ledger
has all but what was in flight. An actor that gets no place, or dies as it opens its engine, is told, not
waited for; only a model that takes long to load is given its time.
"""

from __future__ import annotations

import logging
import os
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, cast

import msgspec
import ray
from ray.exceptions import RayActorError, RayError, RayTaskError

from mindgraph.errors import LVLMError, LVLMUnavailable, MindgraphError
from mindgraph.lvlm.bunches import bunches
from mindgraph.lvlm.protocol import LVLM
from mindgraph.messages import Decision, Prompt, Reply
from mindgraph.settings import Settings

_log = logging.getLogger(__name__)

#: Bunches that an actor has in hand, so that it never waits for the next.
_DEPTH = 2
#: How often one prompt may be in the hands of an actor that dies.
_TRIES = 3
#: Seconds within which an actor has its place in the cluster; a joined one may have to add machines.
PATIENCE = 300.0

How = Literal["ask", "decide"]


class Worker:
    """Be one actor: hold an engine, and answer bunches."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def process(self) -> int:
        """Return the process, which says that the actor has its place."""
        return os.getpid()

    def opened(self) -> str:
        """Open the engine where it is not open yet, and return its name."""
        return self._lvlm.name

    def answer(self, how: How, prompts: list[Prompt]) -> Iterator[tuple[int, Reply]]:
        """Yield place and reply of each prompt, as they are made."""
        places = {id(prompt): place for place, prompt in enumerate(prompts)}
        replies = self._lvlm.ask(prompts) if how == "ask" else self._lvlm.decide(prompts)
        for reply in replies:
            yield places[id(reply.prompt)], reply

    @cached_property
    def _lvlm(self) -> LVLM:
        """Open the engine here: what goes wrong then is told as it is, not as an actor that died."""
        from mindgraph.lvlm import open_lvlm

        return open_lvlm(self._settings)


@dataclass
class _Hand:
    """Hold what one actor was given and has not answered."""

    actor: Any
    prompts: dict[int, Prompt] = field(default_factory=dict)


class Cluster:
    """Ask through actors."""

    def __init__(self, settings: Settings, *, patience: float = PATIENCE) -> None:
        self._own = not ray.is_initialized()
        self._size = settings.concurrency
        self.actors: list[Any] = []
        #: Actors that died, by what they answer once they are back.
        self._away: dict[Any, Any] = {}
        _join(settings)
        try:
            self._start(settings, patience)
        except BaseException:
            self.close()
            raise

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Answer each prompt, in the order in which the actors do."""
        return self._run(prompts, "ask")

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Answer each yes-or-no prompt, in the order in which the actors do."""
        return cast("Iterator[Decision]", self._run(prompts, "decide"))

    def processes(self) -> list[int]:
        """Return the processes of the actors, in their order."""
        return [ray.get(actor.process.remote()) for actor in self.actors]

    def close(self) -> None:
        """End the actors, and Ray where it was started here."""
        for actor in self.actors:
            ray.kill(actor)
        if self._own:
            ray.shutdown()

    def _start(self, settings: Settings, patience: float) -> None:
        """Start the actors, give each its place, and open their engines."""
        if self._own and not settings.ray_address:
            _need_gpus(settings)
        inner = msgspec.structs.replace(settings, engine=settings.ray_engine)
        kind = ray.remote(num_cpus=1, num_gpus=settings.ray_gpus, max_restarts=-1)(Worker)
        self.actors = [kind.remote(inner) for _ in range(settings.ray_workers)]
        begun = time.monotonic()
        placed, missing = _waited([actor.process.remote() for actor in self.actors], patience)
        if missing:
            raise _no_room(settings, len(placed), patience)
        self.name = _opened([actor.opened.remote() for actor in self.actors])[0]
        #: Seconds after which an actor that is away is given up: it may take as long as it took at first.
        self._patience = max(patience, 3 * (time.monotonic() - begun))

    def _run(self, prompts: Iterable[Prompt], how: How) -> Iterator[Reply]:
        given = _Pass(how, bunches(prompts, self._size))
        while True:
            self._hand_out(given)
            if not given.hands and self._present():
                return
            ready = self._ready(given)
            if ready in self._away:
                self._welcome(ready)
            else:
                yield from self._taken(given, ready)

    def _present(self) -> list[Any]:
        away = {id(actor) for actor in self._away.values()}
        return [actor for actor in self.actors if id(actor) not in away]

    def _hand_out(self, given: _Pass) -> None:
        """Give each actor bunches until it has enough in hand."""
        busy = Counter(id(hand.actor) for hand in given.hands.values())
        for actor in self._present() * _DEPTH:
            if busy[id(actor)] >= _DEPTH:
                continue
            bunch = given.next_bunch()
            if bunch is None:
                return
            stream = actor.answer.options(num_returns="streaming").remote(given.how, bunch)
            given.hands[stream] = _Hand(actor, dict(enumerate(bunch)))
            busy[id(actor)] += 1

    def _ready(self, given: _Pass) -> Any:
        """Return the first stream that has a reply, or the first sign of an actor that was away."""
        limit = None if given.hands else self._patience
        ready, _ = _waited([*given.hands, *self._away], limit, several=1)
        if not ready:
            raise LVLMUnavailable(f"No actor of Ray came back within {limit:.0f} s.")
        return ready[0]

    def _taken(self, given: _Pass, stream: Any) -> Iterator[Reply]:
        """Yield the next reply of a stream; where its actor has died, see to the prompts in its hands."""
        hand = given.hands[stream]
        try:
            place, reply = ray.get(next(stream))
        except StopIteration:
            del given.hands[stream]
            yield from given.put_back(hand, "the actor left it out")
        except RayTaskError as error:
            raise _translated(error) from error
        except RayError as error:
            del given.hands[stream]
            if hand.actor in self._present():
                self._away[hand.actor.opened.remote()] = hand.actor
            yield from given.put_back(hand, f"its actor died: {_said(error)}")
        else:
            yield msgspec.structs.replace(reply, prompt=hand.prompts.pop(place))

    def _welcome(self, sign: Any) -> None:
        """Take an actor back, or do without it where it died again before it could be asked."""
        actor = self._away.pop(sign)
        try:
            _opened([sign])
        except LVLMUnavailable as error:
            self.actors = [one for one in self.actors if one is not actor]
            ray.kill(actor)
            _log.warning("%s %d actors are left.", error, len(self.actors))
            if not self.actors:
                raise


@dataclass
class _Pass:
    """Hold what is asked in one pass: the prompts that wait, and those in the hands of actors."""

    how: How
    waiting: Iterator[list[Prompt]]
    again: deque[list[Prompt]] = field(default_factory=deque)
    hands: dict[Any, _Hand] = field(default_factory=dict)
    deaths: Counter[int] = field(default_factory=Counter)

    def next_bunch(self) -> list[Prompt] | None:
        """Return what is asked next; None where nothing is left."""
        return self.again.popleft() if self.again else next(self.waiting, None)

    def put_back(self, hand: _Hand, why: str) -> Iterator[Reply]:
        """Ask again what an actor did not answer; give up what was in too many dying hands."""
        left = list(hand.prompts.values())
        self.deaths.update(map(id, left))
        kind = Decision if self.how == "decide" else Reply
        for prompt in left:
            if self.deaths[id(prompt)] >= _TRIES:
                yield kind(prompt=prompt, finish_reason="error", error=why)
        if more := [prompt for prompt in left if self.deaths[id(prompt)] < _TRIES]:
            self.again.append(more)


def open_cluster(settings: Settings) -> Cluster:
    """Start or join Ray and its actors; raises LVLMError where that fails."""
    try:
        return Cluster(settings)
    except RayTaskError as error:
        raise _translated(error) from error
    except (RayError, ConnectionError, ValueError, RuntimeError) as error:
        raise LVLMUnavailable(f"Ray cannot be used: {_said(error)}.") from error


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


def _need_gpus(settings: Settings) -> None:
    """Raise LVLMError where this machine has fewer GPUs than the actors want."""
    wanted, has = settings.ray_workers * settings.ray_gpus, ray.cluster_resources().get("GPU", 0.0)
    if wanted > has:
        raise LVLMError(
            f"{settings.ray_workers} actors with {settings.ray_gpus:g} GPUs each want {wanted:g}; "
            f"Ray finds {has:g} here.",
            hint="Fewer --ray-workers or --ray-gpus, or --ray-address of a cluster that has them.",
        )


def _waited(
    signs: list[Any], seconds: float | None, *, several: int | None = None
) -> tuple[list[Any], list[Any]]:
    """Wait for so many signs of actors (all: None), and return those that came and those that did not."""
    came, missing = ray.wait(signs, num_returns=several or len(signs), timeout=seconds, fetch_local=False)
    return came, missing


def _no_room(settings: Settings, placed: int, seconds: float) -> LVLMError:
    has = ray.cluster_resources()
    return LVLMError(
        f"Ray gave {placed} of {settings.ray_workers} actors a place within {seconds:.0f} s. Each wants 1 CPU"
        f" and {settings.ray_gpus:g} GPUs; the cluster has {has.get('CPU', 0):g} and {has.get('GPU', 0):g}.",
        hint=f"--ray-workers {max(1, placed)}, fewer --ray-gpus, or wait until others are done there.",
    )


def _opened(signs: list[Any]) -> list[str]:
    """Return the names of the engines that actors open, once they have; raises LVLMError where one cannot."""
    try:
        return list(ray.get(signs))
    except RayTaskError as error:
        raise _translated(error) from error
    except RayError as error:
        raise LVLMUnavailable(
            f"An actor of Ray died while it opened its engine: {_said(error)}.",
            hint="Is there memory for so many models? Fewer --ray-workers, or a smaller model.",
        ) from error


def _translated(error: RayTaskError) -> MindgraphError:
    """Return the error that an actor's engine raised, as if it had been raised here."""
    cause = error.cause
    if isinstance(cause, MindgraphError):
        return cause
    return LVLMError(f"An actor failed: {_said(cause or error)}")


def _said(error: BaseException) -> str:
    """Return why, in one line: Ray says so in the first one, but of an actor that died in the last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    return lines[-1 if isinstance(error, RayActorError) else 0].rstrip(".")[:300]
