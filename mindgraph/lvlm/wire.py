"""The words of the wire: a prompt as the body of a chat request, an answer out of its JSON.

The dialect is OpenAI's chat completions, which vLLM, SGLang, llama.cpp, Ollama and hosted services
speak. Nothing here touches the network.
"""

from __future__ import annotations

import base64
import math
import urllib.parse
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Literal

import msgspec

from mindgraph.lvlm.keys import schema_text
from mindgraph.messages import Decision, Picture, Prompt, Reply, Usage

#: How a schema is put to the server, from the strictest to none at all.
SchemaWay = Literal["json_schema", "json_object", "plain"]

_TYPES = {b"\x89P": "png", b"RI": "webp", b"GI": "gif", b"\xff\xd8": "jpeg"}


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """Say what a server understands; found out while it is asked."""

    schema: SchemaWay = "json_schema"
    logprobs: bool = True
    #: The name of the limit on tokens: older servers know `max_tokens`, some newer only the other.
    tokens: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True


class Pictures:
    """Name each picture to a server: in the request itself, as a local file, or under an address.

    `way` is "data" (each is encoded once while it is near), "file" for a server on this machine that may
    read the folder, or an address under which the files are served by name.
    """

    def __init__(self, way: str = "data", size: int = 256) -> None:
        encode = {"data": _data_url, "file": _file_url}.get(way) or partial(_address, way.rstrip("/"))
        self.url: Callable[[str], msgspec.Raw] = lru_cache(maxsize=size)(encode)


class _Message(msgspec.Struct):
    content: str | list[dict[str, Any]] | None = None
    refusal: str | None = None


class _Likely(msgspec.Struct):
    token: str = ""
    logprob: float = -math.inf


class _Token(msgspec.Struct):
    token: str = ""
    logprob: float = -math.inf
    top_logprobs: list[_Likely] | None = None


class _Logprobs(msgspec.Struct):
    content: list[_Token] | None = None


class _Choice(msgspec.Struct):
    message: _Message
    finish_reason: str | None = None
    logprobs: _Logprobs | None = None


class _Details(msgspec.Struct):
    cached_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    prompt_tokens_details: _Details | None = None


class Completion(msgspec.Struct):
    """Be the part of a server's answer that is read."""

    choices: list[_Choice]
    usage: _Usage | None = None


decode_completion: Callable[[bytes], Completion] = msgspec.json.Decoder(Completion).decode
_encode = msgspec.json.Encoder().encode


def request_body(
    prompt: Prompt, model: str, pictures: Pictures, *, manner: Manner, decide: bool = False
) -> bytes:
    """Return the body of a request, pictures as data URLs in the order of the prompt's content.

    Raises OSError where a picture's file cannot be read.
    """
    decoding = prompt.decoding
    body: dict[str, Any] = {
        "model": model,
        "messages": _messages(prompt, pictures, manner),
        manner.tokens: decoding.max_tokens,
    }
    if manner.temperature:
        body["temperature"] = decoding.temperature
    if decoding.seed is not None:
        body["seed"] = decoding.seed
    if decide and manner.logprobs:
        body |= {"logprobs": True, "top_logprobs": 20}
    if prompt.schema is not None and manner.schema != "plain":
        body["response_format"] = _response_format(prompt, manner.schema)
    return _encode(body)


def reply_of(prompt: Prompt, completion: Completion, seconds: float) -> Reply:
    """Return what a server answered."""
    return Reply(**_answer(prompt, completion, seconds))


def decision_of(prompt: Prompt, completion: Completion, seconds: float) -> Decision:
    """Return what a server decided, with the probability of yes where it gave one."""
    logprobs = completion.choices[0].logprobs
    tokens = (logprobs.content if logprobs else None) or ()
    return Decision(**_answer(prompt, completion, seconds), p_yes=p_yes(tokens))


def p_yes(tokens: Sequence[_Token]) -> float | None:
    """Return p(yes) / (p(yes) + p(no)) at the first token that is a word, summed over spellings.

    None where neither is among the likeliest.
    """
    first = next((token for token in tokens if _word(token.token)), None)
    if first is None:
        return None
    likely = first.top_logprobs or [_Likely(first.token, first.logprob)]
    yes = math.fsum(math.exp(one.logprob) for one in likely if _word(one.token) == "yes")
    no = math.fsum(math.exp(one.logprob) for one in likely if _word(one.token) == "no")
    return yes / (yes + no) if yes + no > 0 else None


def gave_logprobs(completion: Completion) -> bool:
    """Say whether a server gave probabilities at all."""
    logprobs = completion.choices[0].logprobs
    return bool(logprobs and logprobs.content)


def other_manner(used: Manner, said: str) -> dict[str, Any]:
    """Return what to change where a server refuses a manner with these words, if that is what they say."""
    if "max_completion_tokens" in said and used.tokens == "max_tokens":
        return {"tokens": "max_completion_tokens"}
    if "logprobs" in said and used.logprobs:
        return {"logprobs": False}
    if any(word in said for word in ("response_format", "schema", "grammar", "json_object")):
        lower: dict[str, Any] = {"json_schema": "json_object", "json_object": "plain"}
        return {"schema": lower[used.schema]} if used.schema in lower else {}
    if "temperature" in said and used.temperature:
        return {"temperature": False}
    return {}


def is_object(text: str) -> bool:
    """Say whether a text is a JSON object and nothing else."""
    try:
        return isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, UnicodeEncodeError):
        return False


def _messages(prompt: Prompt, pictures: Pictures, manner: Manner) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] | str = [_part(part, pictures) for part in prompt.content]
    if not any(isinstance(part, Picture) for part in prompt.content):
        content = "\n\n".join(str(part) for part in prompt.content)
    system = prompt.system
    if prompt.schema is not None and manner.schema != "json_schema":
        system = f"{system}\n\n{_in_words(schema_text(prompt.schema))}".strip()
    user = {"role": "user", "content": content}
    return [{"role": "system", "content": system}, user] if system else [user]


def _in_words(schema: str) -> str:
    return f"Answer with one JSON object and nothing else. It must be valid under this JSON Schema:\n{schema}"


def _response_format(prompt: Prompt, way: SchemaWay) -> dict[str, Any]:
    if way == "json_object":
        return {"type": "json_object"}
    named = {"name": prompt.kind, "strict": True, "schema": prompt.schema}
    return {"type": "json_schema", "json_schema": named}


def _part(part: str | Picture, pictures: Pictures) -> dict[str, Any]:
    if isinstance(part, Picture):
        return {"type": "image_url", "image_url": {"url": pictures.url(part.path)}}
    return {"type": "text", "text": part}


def _data_url(path: str) -> msgspec.Raw:
    data = Path(path).read_bytes()
    kind = _TYPES.get(data[:2], "jpeg")
    return msgspec.Raw(b'"data:image/%s;base64,%s"' % (kind.encode(), base64.b64encode(data)))


def _file_url(path: str) -> msgspec.Raw:
    return msgspec.Raw(_encode(Path(path).resolve(strict=True).as_uri()))


def _address(base: str, path: str) -> msgspec.Raw:
    return msgspec.Raw(_encode(f"{base}/{urllib.parse.quote(Path(path).name)}"))


def _answer(prompt: Prompt, completion: Completion, seconds: float) -> dict[str, Any]:
    choice = completion.choices[0]
    usage = completion.usage or _Usage()
    details = usage.prompt_tokens_details or _Details()
    return {
        "prompt": prompt,
        "text": _text(choice.message),
        "finish_reason": choice.finish_reason or "stop",
        "usage": Usage(
            prompt_tokens=usage.prompt_tokens,
            cached_tokens=details.cached_tokens,
            completion_tokens=usage.completion_tokens,
            seconds=round(seconds, 4),
        ),
    }


def _text(message: _Message) -> str:
    content = message.content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content)
    return content or message.refusal or ""


def _word(token: str) -> str:
    """Return a token as a word: marks of spaces and quotes off, in lower case."""
    return token.strip(" \t\r\n\"'*`.,:▁Ġ").lower()
