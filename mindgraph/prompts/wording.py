"""The words we put to a model: one text file a template, filled in once, versioned by content.

A value is never read as a template: text from a catalogue that holds a `$` or a brace stays as it
is. A folder with files of the same names overrides ours one by one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import msgspec

from mindgraph.errors import SettingsError
from mindgraph.records import digest

_OURS = Path(__file__).parent / "templates"
_SLOT = re.compile(r"\$(?:(\$)|([a-z_]+))")


class Template:
    """Be one text with slots written `$name`; `$$` stands for one `$`."""

    def __init__(self, text: str) -> None:
        self.text = text
        #: The text between the slots.
        self.literals: list[str] = []
        self.slots: list[str] = []
        self._parse(text)

    def fill(self, **values: str) -> str:
        """Return the text with its slots filled; KeyError where a value is missing."""
        parts = [self.literals[0]]
        for slot, literal in zip(self.slots, self.literals[1:], strict=True):
            parts += (values[slot], literal)
        return "".join(parts)

    def _parse(self, text: str) -> None:
        literal, end = "", 0
        for found in _SLOT.finditer(text):
            literal += text[end : found.start()]
            end = found.end()
            if found[1]:
                literal += "$"
            else:
                self.literals.append(literal)
                self.slots.append(found[2])
                literal = ""
        self.literals.append(literal + text[end:])


class Wording:
    """Hold all templates by name, such as `feature.question`."""

    def __init__(self, templates: Mapping[str, Template]) -> None:
        self._templates = dict(templates)

    def __getitem__(self, name: str) -> Template:
        return self._templates[name]

    def text(self, name: str) -> str:
        """Return a template that has no slots."""
        return self[name].fill()

    @property
    def names(self) -> list[str]:
        """The names of all templates, sorted."""
        return sorted(self._templates)

    def version(self, *steps: str) -> str:
        """Return a hash of the templates that the named steps put to the model, 12 hex digits.

        A step is `feature`, `intentions` or `verdict`; what shows products counts for each.
        """
        used = [n for n in self.names if n.split(".")[0] in (*steps, "shown")]
        return digest(msgspec.json.encode([[name, self[name].text] for name in used]))[:12]


@lru_cache(maxsize=8)
def wording(folder: str = "") -> Wording:
    """Return our templates, those overridden that stand in a folder as `NAME.txt`.

    Raises SettingsError for a folder that is not there, a name that is none of ours, and a slot
    that ours does not have.
    """
    ours = {path.stem: Template(_text(path)) for path in sorted(_OURS.glob("*.txt"))}
    if not folder:
        return Wording(ours)
    return Wording({**ours, **_overrides(Path(folder), ours)})


def _overrides(folder: Path, ours: Mapping[str, Template]) -> dict[str, Template]:
    if not folder.is_dir():
        raise SettingsError(f"{folder} is no folder of prompt templates.", hint="Name one with --prompts.")
    found = {path.stem: Template(_text(path)) for path in sorted(folder.glob("*.txt"))}
    for name, template in found.items():
        path = folder / f"{name}.txt"
        if name not in ours:
            raise SettingsError(f"{path}: no prompt is named so.", hint=f"There are: {', '.join(ours)}.")
        if unknown := sorted(set(template.slots) - set(ours[name].slots)):
            known = ", ".join(f"${slot}" for slot in sorted(set(ours[name].slots))) or "none"
            raise SettingsError(
                f"{path}: nothing fills ${unknown[0]}.", hint=f"Slots here: {known}; $$ is a $."
            )
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: is not UTF-8 ({error.reason}).") from error
