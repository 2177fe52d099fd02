"""How an answer is read: from a model's text to what it says, or to why it cannot be read.

JSON is found with or without a fence around it and with talk before or after. Nothing is guessed:
what does not hold an answer is `Unreadable`, and the caller asks again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from mindgraph.prompts.answers import FeatureAnswer
from mindgraph.relations import canonical_relation
from mindgraph.texts import clean, strip_lead_in

#: Braces at which a JSON object is looked for in one answer.
_TRIES = 20
_TEXTS = FeatureAnswer.__struct_fields__
_FENCE = re.compile(r"```[a-zA-Z]*\s*\n?(.*?)(?:```|\Z)", re.DOTALL)
_FIRST_WORD = re.compile(r"^\W*(yes|no)\b", re.IGNORECASE)
_NAMED_ANSWER = re.compile(r"\b(?:answer|verdict)\b\W{0,4}(?:is\W{1,4})?(yes|no)\b", re.IGNORECASE)


class Unreadable(ValueError):
    """Say why an answer cannot be read; one line."""


class Given(msgspec.Struct, frozen=True, gc=False):
    """Be one intention as the model gave it; `position` counts those of one relation."""

    relation: str
    phrase: str
    detail: str | None = None
    position: int = 0


def read_feature(text: str, *, paragraph: bool = False) -> str:
    """Return what an answer says of a product, one labelled line a text; a paragraph as it is."""
    if paragraph:
        return _some(_words(text), "the answer is empty")
    answer = {str(key).strip().lower(): value for key, value in json_object(text).items()}
    lines = [f"{name.capitalize()}: {said}" for name in _TEXTS if (said := _words(_flat(answer.get(name))))]
    return _some("\n".join(lines), f"none of {', '.join(_TEXTS)} is in the answer")


def read_intentions(text: str, relations: Sequence[str]) -> list[Given]:
    """Return the intentions of an answer, in the order of the relations; null gives none.

    Relations are read in any spelling. A relation that is not there counts as null as long as
    another one is; a relation that was not asked for is passed over.
    """
    answer = json_object(text)
    named = {k if k in relations else canonical_relation(str(k)): value for k, value in answer.items()}
    if len(relations) == 1 and relations[0] not in named and "phrase" in answer:
        named = {relations[0]: answer}  # asked for one relation, some models leave its name out
    if answer and not any(relation in named for relation in relations):
        keys = ", ".join(str(key) for key in answer)[:80]
        raise Unreadable(f"none of the relations asked for is in the answer; its keys are: {keys}")
    said = ((relation, named.get(relation)) for relation in relations)
    return [given for relation, value in said if value is not None for given in _intentions(relation, value)]


def read_paragraph(text: str, relation: str) -> list[Given]:
    """Return the one intention of an answer in prose, without the beginning that was asked for."""
    return [Given(relation, _some(strip_lead_in(_words(text)), "the answer is empty"))]


def read_yes_no(text: str) -> bool:
    """Return whether an answer in words is yes: its first word, or what it names as its answer."""
    found = _FIRST_WORD.match(text) or _NAMED_ANSWER.search(text)
    if found is None:
        raise Unreadable("it says neither yes nor no")
    return found[1].lower() == "yes"


def read_because(text: str) -> tuple[bool, str]:
    """Return a verdict and its reason from JSON, or from prose that begins with yes or no."""
    try:
        answer = {str(key).strip().lower(): value for key, value in json_object(text).items()}
    except Unreadable:
        said = read_yes_no(text)
        return said, _words(_NAMED_ANSWER.sub("", _FIRST_WORD.sub("", text, 1), 1)).lstrip(" ,.:;—-–*")
    if isinstance(answer.get("answer"), bool):
        return answer["answer"], _words(_flat(answer.get("reason")))
    return read_yes_no(_flat(answer.get("answer"))), _words(_flat(answer.get("reason")))


def json_object(text: str) -> dict[str, Any]:
    """Return the first JSON object in a text; Unreadable where there is none that is whole."""
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        found = next(_objects(text), None)
    if not isinstance(found, dict):
        raise Unreadable("there is no whole JSON object in the answer")
    return found


def _objects(text: str) -> Iterator[dict[str, Any]]:
    decoder = json.JSONDecoder(strict=False)
    for part in (*_FENCE.findall(text), text):
        for start in islice((mark.start() for mark in re.finditer(r"\{", part)), _TRIES):
            try:
                yield decoder.raw_decode(part, start)[0]
            except (json.JSONDecodeError, RecursionError):
                continue


def _intentions(relation: str, value: Any) -> Iterable[Given]:
    if isinstance(value, dict):
        return (_intention(relation, value, 0),)
    return _several(relation, value if isinstance(value, list) else [value])


def _several(relation: str, values: list[Any]) -> Iterator[Given]:
    for position, one in enumerate(values):
        if one is None:
            continue
        if isinstance(one, str):
            yield Given(relation, strip_lead_in(_words(one)), None, position)
        elif isinstance(one, dict):
            yield _intention(relation, one, position)
        else:
            raise Unreadable(f"{relation} is no intention but {json.dumps(one)[:40]}")


def _intention(relation: str, value: dict[str, Any], position: int) -> Given:
    if value.keys() != {"phrase", "detail"}:
        value = {str(key).strip().lower(): part for key, part in value.items()}
    phrase, detail = value.get("phrase"), value.get("detail")
    if not isinstance(phrase, str):
        raise Unreadable(f"{relation} has no phrase")
    return Given(relation, strip_lead_in(clean(phrase)), _words(_flat(detail)) or None, position)


def _flat(value: Any) -> str:
    """Return a text, or the texts of a list as one; anything else as JSON, so that it is not lost."""
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, list):
        return "; ".join(_flat(part) for part in value)
    return json.dumps(value, ensure_ascii=False)


def _words(text: str) -> str:
    return clean(" ".join(text.split()))


def _some(text: str, otherwise: str) -> str:
    if not text:
        raise Unreadable(otherwise)
    return text
