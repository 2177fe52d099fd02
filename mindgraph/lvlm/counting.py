"""How many tokens a prompt is: by the model's own processor, its server, its tokenizer's file, or a guess.

Nothing is asked of the model. `basis` says which way it was, so that a guess is told as one.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec
from PIL import Image

from mindgraph.errors import LVLMError, SettingsError
from mindgraph.lvlm.open_models import Rule, known_model
from mindgraph.lvlm.transport import Broken, Busy, Refused, Transport, Unreachable, key_from_environment
from mindgraph.messages import Picture, Prompt
from mindgraph.settings import Settings

#: Characters of a token, where nothing better is at hand; near enough for prose in Latin letters.
CHARACTERS = 4.0
#: The rule for the pictures of a model that is not in the table.
_ANY = Rule("grid", side=28, least=3136, most=12845056)
#: Tokens of a chat's own marks, where only the tokenizer's file is at hand.
_MARKS = 12
#: Seconds that a server has for a count.
_PATIENCE = 5.0


class Counter(Protocol):
    """Count the tokens of prompts."""

    #: How: "counted by …", or "estimated".
    basis: str

    def count(self, prompt: Prompt) -> float:
        """Return the tokens of a prompt, its pictures among them."""
        ...


class Guess:
    """Count by length, and pictures by the rule of the model's family."""

    basis = "estimated"

    def __init__(self, rule: Rule) -> None:
        self._rule = rule

    def count(self, prompt: Prompt) -> float:
        """Return about how many tokens a prompt is."""
        return len(_text(prompt)) / CHARACTERS + _pictures(prompt, self._rule)


class File:
    """Count by the file of a tokenizer (`tokenizer.json`)."""

    basis = "counted by tokenizer.json"

    def __init__(self, path: Path, rule: Rule) -> None:
        from tokenizers import Tokenizer

        self._tokenizer: Any = Tokenizer.from_file(str(path))
        self._rule = rule

    def count(self, prompt: Prompt) -> float:
        """Return the tokens of the words, of the chat's marks as they usually are, and of the pictures."""
        words = self._tokenizer.encode(_text(prompt), add_special_tokens=False).ids
        return len(words) + _MARKS + _pictures(prompt, self._rule)


class Processor:
    """Count by the processor of a model of `transformers`: words, marks and pictures as it reads them."""

    basis = "counted by the model's processor"

    def __init__(self, where: str, revision: str) -> None:
        from transformers import AutoProcessor

        self._processor: Any = AutoProcessor.from_pretrained(
            where, revision=revision or None, local_files_only=True
        )

    def count(self, prompt: Prompt) -> float:
        """Return exactly the tokens that the engine `transformers` reads."""
        content: list[dict[str, Any]] = []
        for part in prompt.content:
            if isinstance(part, Picture):
                with Image.open(part.path) as image:
                    content.append({"type": "image", "image": image.convert("RGB")})
            else:
                content.append({"type": "text", "text": part})
        said = [{"role": "user", "content": content}]
        if prompt.system:
            said.insert(0, {"role": "system", "content": [{"type": "text", "text": prompt.system}]})
        encoded = self._processor.apply_chat_template(
            [said], tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        )
        return float(encoded["input_ids"].shape[1])


class Server:
    """Count by the server's tokenizer: llama.cpp's way, or vLLM's; pictures by rule."""

    basis = "counted by the server"

    def __init__(self, transport: Transport, model: str, rule: Rule) -> None:
        self._transport = transport
        self._model = model
        self._rule = rule
        self._one_call = False

    def understands(self) -> bool:
        """Say whether the server counts at all, and find out in which way."""
        prompt = Prompt(kind="feature", item="", content=("one two three",))
        try:
            for self._one_call in (False, True):
                if self._words(prompt):
                    return True
        except (Unreachable, Busy, Broken):
            return False
        return False

    def count(self, prompt: Prompt) -> float:
        """Return the tokens of words and marks as the server counts them, and of the pictures by rule."""
        return self._words(prompt) + _pictures(prompt, self._rule)

    def _words(self, prompt: Prompt) -> int:
        """Return the tokens of all but the pictures; 0 where the server does not say."""
        messages = [{"role": "user", "content": "\n\n".join(_texts(prompt))}]
        if prompt.system:
            messages.insert(0, {"role": "system", "content": prompt.system})
        if self._one_call:
            said = self._asked("/tokenize", {"model": self._model, "messages": messages})
            return _number(said.get("count"))
        text = self._asked("/apply-template", {"messages": messages}).get("prompt")
        if not isinstance(text, str):
            return 0
        wanted = {"content": text, "add_special": True, "parse_special": True}
        tokens = self._asked("/tokenize", wanted).get("tokens")
        return len(tokens) if isinstance(tokens, list) else 0

    def _asked(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            said = msgspec.json.decode(self._transport.post(path, msgspec.json.encode(body)))
        except (LVLMError, Refused, msgspec.DecodeError):
            return {}
        return said if isinstance(said, dict) else {}


def open_counter(settings: Settings, tokenizer: str = "") -> Counter:
    """Return the best way at hand to count the prompts of the model that the settings name.

    `tokenizer` is a `tokenizer.json`, or a folder that holds one; raises SettingsError where it is not.
    """
    known = known_model(settings.model)
    rule = known.tokens if known else _ANY
    if tokenizer:
        return File(_tokenizer_file(tokenizer), rule)
    engine = settings.ray_engine if settings.engine == "ray" else settings.engine
    if engine == "transformers":
        return _of_transformers(settings) or _of_folder(settings.model, rule) or Guess(rule)
    if engine == "http" and settings.base_url:
        return _of_server(settings, rule) or Guess(rule)
    return Guess(rule)


def _of_transformers(settings: Settings) -> Counter | None:
    if not settings.model or any(importlib.util.find_spec(one) is None for one in ("torch", "transformers")):
        return None
    try:
        return Processor(settings.model, settings.revision)
    except (OSError, ValueError, ImportError):  # not fetched yet, or no such model
        return None


def _of_folder(model: str, rule: Rule) -> Counter | None:
    path = Path(model) / "tokenizer.json"
    return File(path, rule) if model and path.is_file() else None


def _of_server(settings: Settings, rule: Rule) -> Counter | None:
    address = settings.base_url.split(",")[0].strip().rstrip("/").removesuffix("/v1")
    transport = Transport(address, key=key_from_environment(), connections=1, timeout=_PATIENCE)
    server = Server(transport, settings.model, rule)
    return server if server.understands() else None


def _tokenizer_file(given: str) -> Path:
    path = Path(given)
    path = path / "tokenizer.json" if path.is_dir() else path
    if not path.is_file():
        raise SettingsError(
            f"{path}: there is no such file.", hint="--tokenizer FOLDER, or its tokenizer.json"
        )
    return path


def _texts(prompt: Prompt) -> Sequence[str]:
    return [part for part in prompt.content if isinstance(part, str)]


def _text(prompt: Prompt) -> str:
    return "\n\n".join((prompt.system, *_texts(prompt)))


def _pictures(prompt: Prompt, rule: Rule) -> int:
    return sum(_picture(part, rule) for part in prompt.content if isinstance(part, Picture))


def _picture(picture: Picture, rule: Rule) -> int:
    with Image.open(picture.path) as opened:
        return rule.tokens(opened.width, opened.height)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0
