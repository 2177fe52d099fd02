"""Ask servers that speak OpenAI's chat completions: vLLM, SGLang, llama.cpp, Ollama, hosted ones.

What a server does not understand (a schema, probabilities) is found out by asking, said once, and
then asked another way. A request that fails is tried again, elsewhere where there are several servers;
an item that keeps failing is an answer with an error. Only a server that is gone, or that refuses the
key, stops the run.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import cast

import msgspec

from mindgraph.errors import LVLMError, LVLMUnavailable, SettingsError
from mindgraph.lvlm import wire
from mindgraph.lvlm.crew import Crew
from mindgraph.lvlm.endpoint import Endpoint, Fleet
from mindgraph.lvlm.pacing import Quota
from mindgraph.lvlm.transport import Broken, Busy, Refused, Transport, Unreachable, key_from_environment
from mindgraph.messages import Decision, Prompt, Reply
from mindgraph.settings import Settings

#: How often one item may meet a busy server; it has done nothing wrong.
_PATIENT = 40
#: Characters of a broken answer that are kept.
_RAW = 4000


class Http:
    """Ask one server or several, many requests at once."""

    def __init__(
        self,
        transports: Transport | Sequence[Transport],
        model: str,
        *,
        revision: str = "",
        concurrency: int = 16,
        tries: int = 5,
        backoff: float = 0.5,
        patience: float = 60.0,
        first_patience: float = 2.0,
        quota: Quota | None = None,
        pictures: wire.Pictures | None = None,
    ) -> None:
        several = [transports] if isinstance(transports, Transport) else list(transports)
        share = -(-concurrency // len(several))
        self.name = f"{model}@{revision}" if revision else model
        self.fleet = Fleet([Endpoint(one, share) for one in several], patience=patience, first=first_patience)
        self._model = model
        self._tries = tries
        self._backoff = backoff
        self._quota = quota or Quota()
        self._pictures = pictures or wire.Pictures()
        self._asking: Crew[Prompt, Reply] = Crew(partial(self._answer, decide=False))
        self._deciding: Crew[Prompt, Reply] = Crew(partial(self._answer, decide=True))

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Answer each prompt in the order in which the servers do."""
        return self._asking.run(prompts, self.fleet.limit)

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Answer each yes-or-no prompt, with probabilities where the server gives them."""
        return cast("Iterator[Decision]", self._deciding.run(prompts, self.fleet.limit))

    def close(self) -> None:
        """Close the connections; requests in flight are left to end by themselves."""
        self._asking.close()
        self._deciding.close()
        self.fleet.close()

    def _answer(self, prompt: Prompt, *, decide: bool) -> Reply:
        """Return the answer to one prompt, trying again where that may help."""
        trial = _Trial(self._tries, self._backoff)
        while True:
            with self.fleet.chosen(prompt) as endpoint:
                endpoint.pace.wait()
                came = self._try(prompt, endpoint, trial, decide)
            if isinstance(came, Reply):
                return came
            if isinstance(came, Exception):
                return _failure(prompt, came, decide=decide)
            endpoint.pace.sleep(came)

    def _try(
        self, prompt: Prompt, endpoint: Endpoint, trial: _Trial, decide: bool
    ) -> Reply | Exception | float:
        """Return the answer, or why there is none, or the seconds until it may be tried again."""
        manner = endpoint.manners.now
        try:
            return self._once(prompt, endpoint, manner, decide)
        except Busy as busy:
            pause = trial.waited()
            endpoint.pace.busy(pause if busy.after is None else busy.after)
            return busy if trial.out_of_patience() else 0.0
        except Unreachable as lost:
            self.fleet.lost(endpoint, str(lost))
            return self._backoff
        except LVLMError as error:
            self.fleet.dismiss(endpoint, error)
            return 0.0
        except Refused as refused:
            if endpoint.manners.refused(manner, refused):
                return 0.0
            self.fleet.refused(endpoint, str(refused))
            return refused
        except Broken as broken:
            self.fleet.failed(endpoint, str(broken))
            if broken.late:
                endpoint.pace.slow_down(0.5)
            pause = trial.failed()
            return broken if trial.over() else pause
        except OSError as error:
            return OSError(f"a picture cannot be read: {error}")

    def _once(self, prompt: Prompt, endpoint: Endpoint, manner: wire.Manner, decide: bool) -> Reply:
        body = wire.request_body(prompt, self._model, self._pictures, manner=manner, decide=decide)
        reserved = self._quota.wait()
        begun = time.perf_counter()
        completion = _completion(endpoint.transport.post("/chat/completions", body))
        seconds = time.perf_counter() - begun
        endpoint.well()
        endpoint.pace.kept_up(seconds)
        if decide:
            if manner.logprobs and not wire.gave_logprobs(completion):
                endpoint.manners.change(manner, logprobs=False, why="it gives no probabilities")
            reply: Reply = wire.decision_of(prompt, completion, seconds)
        else:
            reply = wire.reply_of(prompt, completion, seconds)
            endpoint.manners.seen(prompt, reply)
        self._quota.used(reserved, reply.usage.tokens)
        return reply


class _Trial:
    """Count how often one prompt failed, and how often it met a busy server."""

    def __init__(self, tries: int, backoff: float) -> None:
        self._tries = tries
        self._backoff = backoff
        self._failed = 0
        self._waited = 0

    def failed(self) -> float:
        """Note a failure and return the seconds to wait."""
        self._failed += 1
        return self._pause(self._failed)

    def waited(self) -> float:
        """Note a busy server and return the seconds to wait, where it names none."""
        self._waited += 1
        return self._pause(self._waited)

    def over(self) -> bool:
        return self._failed >= self._tries

    def out_of_patience(self) -> bool:
        return self._waited > _PATIENT

    def _pause(self, times: int) -> float:
        return min(30.0, self._backoff * 2.0 ** min(times - 1, 8))


def open_http(settings: Settings) -> Http:
    """Open the servers that the settings name; without a model's name they are asked for their own."""
    addresses = [part.strip() for part in settings.base_url.split(",") if part.strip()]
    if not addresses:
        raise SettingsError(
            "The engine `http` needs the address of a server.",
            hint="--base-url http://localhost:8000/v1, and --model where it serves several.",
        )
    key, share = key_from_environment(), -(-settings.concurrency // len(addresses))
    transports = [
        Transport(address, key=key, connections=share, timeout=settings.timeout) for address in addresses
    ]
    return Http(
        transports,
        settings.model or only_model(transports[0]),
        revision=settings.revision,
        concurrency=settings.concurrency,
        quota=Quota(settings.requests_per_minute, settings.tokens_per_minute),
        pictures=wire.Pictures(settings.pictures),
    )


def only_model(transport: Transport) -> str:
    """Return the name of the one model that a server has; raises SettingsError where it has several."""
    where = transport.base_url
    try:
        found = msgspec.json.decode(transport.get("/models"))
        names = [str(model["id"]) for model in found["data"]]
    except Unreachable as error:
        hint = "Is the server running, and is --base-url right? Nothing was asked."
        raise LVLMUnavailable(f"{where} does not answer: {error}.", hint=hint) from error
    except (Broken, Busy, Refused, LVLMError, msgspec.DecodeError, KeyError, TypeError) as error:
        said = f"{where} does not say which model it serves."
        raise SettingsError(said, hint="Name it: --model") from error
    if len(names) != 1:
        named = ", ".join(sorted(names)[:10])
        raise SettingsError(f"{where} serves {len(names)} models: {named}.", hint="Name one: --model")
    return names[0]


def _completion(raw: bytes) -> wire.Completion:
    """Read an answer; raises Broken for HTML, half an answer, or one without a choice."""
    try:
        completion = wire.decode_completion(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Broken(_what_came(raw), raw) from None
    if not completion.choices:
        raise Broken("the answer holds no choice", raw)
    return completion


def _what_came(raw: bytes) -> str:
    start = raw[:200].lstrip().lower()
    if not start:
        return "the answer is empty"
    if start.startswith(b"<"):
        return "HTML came instead of JSON"
    return "the answer is not whole" if start.startswith(b"{") else "the answer is no JSON"


def _failure(prompt: Prompt, error: Exception, *, decide: bool) -> Reply:
    raw = error.raw if isinstance(error, Broken) else b""
    kind = Decision if decide else Reply
    text = raw.decode("utf-8", "replace")[:_RAW]
    return kind(prompt=prompt, text=text, finish_reason="error", error=str(error))
