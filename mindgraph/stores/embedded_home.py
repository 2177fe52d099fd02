"""Where the embedded graph lives: one folder a graph, and a small file that says which one is asked.

A graph is built in a new folder; then the file is replaced, in one step. Who asks reads the file, so
at any moment there is either the old graph or the new one. What is no longer named is taken away; a
process that has it open keeps what it opened.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from mindgraph.errors import StoreUnavailable

_FILE = "current.json"
#: The exit code of an asking process that ended itself because a statement took too long.
TIMED_OUT = 75


@dataclass(frozen=True)
class Held:
    """Describe the graph that is asked: its folder's name, what it was made of, what it holds."""

    folder: str
    made_of: dict[str, str]
    counts: dict[str, int] = field(default_factory=dict)


class Home:
    """Keep the embedded graphs of one workspace."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def held(self) -> Held | None:
        """Return which graph is asked; None where none was loaded."""
        try:
            return Held(**json.loads((self.path / _FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as error:
            raise StoreUnavailable(
                f"{self.path / _FILE} cannot be read: {error}", hint="Run `mindgraph load` again."
            ) from error

    def folder(self) -> Path:
        """Return the folder of the graph that is asked; raise StoreUnavailable where there is none."""
        held = self.held()
        if held is None or not (self.path / held.folder).is_dir():
            raise StoreUnavailable("No graph has been loaded yet.", hint="Run `mindgraph load` first.")
        return self.path / held.folder

    def holds(self, made_of: Mapping[str, str]) -> bool:
        """Say whether the graph that is asked was made of just this, and is there."""
        held = self._held_or_none()
        return held is not None and held.made_of == made_of and (self.path / held.folder).is_dir()

    def new_folder(self) -> Path:
        """Return the path of a graph that is yet to be built, after removing what a broken load left."""
        self.path.mkdir(parents=True, exist_ok=True)
        self._tidy()
        return self.path / time.strftime(f"%Y%m%dT%H%M%S-{time.monotonic_ns() % 10**9:09d}", time.gmtime())

    def swap(self, folder: Path, made_of: Mapping[str, str], counts: Mapping[str, int]) -> None:
        """Let a finished folder be the graph that is asked, and take the others away."""
        self._write(Held(folder.name, dict(made_of), dict(counts)))
        self._tidy()

    def _write(self, held: Held) -> None:
        beside = self.path / f".{_FILE}.new"
        beside.write_text(json.dumps(asdict(held), indent=2), encoding="utf-8")
        beside.replace(self.path / _FILE)

    def _tidy(self) -> None:
        """Remove every folder that is not asked: first out of sight, so that nobody opens half of one."""
        held = self._held_or_none()
        for found in list(self.path.iterdir()):
            if found.is_dir() and (held is None or found.name != held.folder):
                hidden = found.with_name(f".gone-{found.name.removeprefix('.gone-')}")
                found.rename(hidden)
                shutil.rmtree(hidden, ignore_errors=True)

    def _held_or_none(self) -> Held | None:
        try:
            return self.held()
        except StoreUnavailable:
            return None
