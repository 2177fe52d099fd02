"""What an examination finds: one line about one thing, how grave it is, and what to do."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["ok", "warn", "bad"]


class Finding(msgspec.Struct, frozen=True):
    """Say what was found of one thing."""

    about: str
    level: Level
    found: str
    #: What to do next; empty where nothing need be done.
    advice: str = ""


def gigabytes(size: float) -> str:
    """Return bytes as a person reads them."""
    return f"{size / 2**30:.1f} GiB" if size >= 2**30 / 10 else f"{size / 2**20:.0f} MiB"
