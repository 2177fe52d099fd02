"""Ask any server that speaks OpenAI's chat completions: vLLM, SGLang, llama.cpp, Ollama, hosted ones.

What a server does not understand (a schema, probabilities) is found out by asking, said once, and
then asked another way. A request that fails is tried again; an item that keeps failing is an answer
with an error. Only a server that is gone, or that refuses the key, stops the run.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any, cast

import msgspec

from mindgraph.errors import LVLMError, LVLMUnavailable, SettingsError
from mindgraph.lvlm import wire
from mindgraph.lvlm.crew import Crew
from mindgraph.lvlm.pacing import Health, Pace
from mindgraph.lvlm.transport import Broken, Busy, Refused, Transport, Unreachable, key_from_environment
from mindgraph.messages import Decision, Prompt, Reply
from mindgraph.settings import Settings

_log = logging.getLogger(__name__)

#: How often one item may meet a busy server; it has done nothing wrong.
_PATIENT = 40
#: Answers without JSON after which a server counts as one that ignores the schema.
_IGNORED = 3
#: Characters of a broken answer that are kept.
_RAW = 4000


class Http:
    """Ask one server, many requests at once."""

    def __init__(
        self,
        transport: Transport,
        model: str,
        *,
        revision: str = "",
        concurrency: int = 16,
        tries: int = 5,
        backoff: float = 0.5,
        patience: float = 60.0,
        first_patience: float = 2.0,
    ) -> None:
        self.name = f"{model}@{revision}" if revision else model
        self._transport = transport
        self._model = model
        self._tries = tries
        self._backoff = backoff
        self._manner = _Manners()
        self._pictures = wire.Pictures()
        self._pace = Pace(concurrency)
        self._health = Health(transport.base_url, patience=patience, first=first_patience)
        self._asking: Crew[Prompt, Reply] = Crew(partial(self._answer, decide=False))
        self._deciding: Crew[Prompt, Reply] = Crew(partial(self._answer, decide=True))

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        """Answer each prompt in the order in which the server does."""
        return self._asking.run(prompts, self._pace.limit)

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        """Answer each yes-or-no prompt, with probabilities where the server gives them."""
        return cast("Iterator[Decision]", self._deciding.run(prompts, self._pace.limit))

    def close(self) -> None:
        """Close the connections; requests in flight are left to end by themselves."""
        self._pace.close()
        self._asking.close()
        self._deciding.close()
        self._transport.close()

    def _answer(self, prompt: Prompt, *, decide: bool) -> Reply:
        """Return the answer to one prompt, trying again where that may help."""
        failed = waited = 0
        while True:
            self._pace.wait()
            manner = self._manner.now
            try:
                reply = self._once(prompt, manner, decide)
                self._pace.kept_up()
                return reply
            except Busy as busy:
                waited += 1
                self._pace.busy(self._pause(waited) if busy.after is None else busy.after)
                if waited > _PATIENT:
                    return _failure(prompt, busy, decide=decide)
            except Unreachable as lost:
                self._health.lost(str(lost))
                self._pace.sleep(self._backoff)
            except Refused as refused:
                if not self._manner.refused(manner, refused):
                    self._health.refused(str(refused))
                    return _failure(prompt, refused, decide=decide)
            except Broken as broken:
                failed += 1
                if failed >= self._tries:
                    return _failure(prompt, broken, raw=broken.raw, decide=decide)
                self._pace.sleep(self._pause(failed))
            except OSError as error:
                return _failure(prompt, OSError(f"a picture cannot be read: {error}"), decide=decide)

    def _once(self, prompt: Prompt, manner: wire.Manner, decide: bool) -> Reply:
        body = wire.request_body(prompt, self._model, self._pictures, manner=manner, decide=decide)
        begun = time.perf_counter()
        raw = self._transport.post("/chat/completions", body)
        completion = _completion(raw)
        seconds = time.perf_counter() - begun
        self._health.answered()
        if not decide:
            reply = wire.reply_of(prompt, completion, seconds)
            self._manner.seen(prompt, reply)
            return reply
        if manner.logprobs and not wire.gave_logprobs(completion):
            self._manner.change(manner, logprobs=False, why="it gives no probabilities")
        return wire.decision_of(prompt, completion, seconds)

    def _pause(self, times: int) -> float:
        return min(30.0, self._backoff * 2.0 ** min(times - 1, 8))


class _Manners:
    """Hold what the server understands, and lower it when that turns out to be less."""

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
        said = refused.said.lower()
        changes = _other_manner(used, said)
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
        elif reply.finish_reason != "length":
            self._without_json += 1
            if self._without_json >= _IGNORED:
                self.change(used, schema="plain", why="it ignores the schema of the answer")


def open_http(settings: Settings) -> Http:
    """Open the server that the settings name; without a model's name it is asked for its own."""
    if not settings.base_url:
        raise SettingsError(
            "The engine `http` needs the address of a server.",
            hint="--base-url http://localhost:8000/v1, and --model where it serves several.",
        )
    transport = Transport(
        settings.base_url,
        key=key_from_environment(),
        connections=settings.concurrency,
        timeout=settings.timeout,
    )
    model = settings.model or only_model(transport)
    return Http(transport, model, revision=settings.revision, concurrency=settings.concurrency)


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
        raise SettingsError(
            f"{where} does not say which model it serves.", hint="Name it: --model"
        ) from error
    if len(names) != 1:
        named = ", ".join(sorted(names)[:10])
        raise SettingsError(f"{where} serves {len(names)} models: {named}.", hint="Name one: --model")
    return names[0]


def _other_manner(used: wire.Manner, said: str) -> dict[str, Any]:
    if "max_completion_tokens" in said and used.tokens == "max_tokens":
        return {"tokens": "max_completion_tokens"}
    if "logprobs" in said and used.logprobs:
        return {"logprobs": False}
    if any(word in said for word in ("response_format", "json_schema", "schema", "grammar", "json_object")):
        lower: dict[str, Any] = {"json_schema": "json_object", "json_object": "plain"}
        return {"schema": lower[used.schema]} if used.schema in lower else {}
    if "temperature" in said and used.temperature:
        return {"temperature": False}
    return {}


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


def _failure(prompt: Prompt, error: Exception, *, raw: bytes = b"", decide: bool) -> Reply:
    text = raw.decode("utf-8", "replace")[:_RAW]
    kind = Decision if decide else Reply
    return kind(prompt=prompt, text=text, finish_reason="error", error=str(error))
