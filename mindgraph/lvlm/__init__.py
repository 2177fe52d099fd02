"""The door to models: one Protocol, one adapter a way to reach a model.

`open_lvlm` opens the one that the settings name. `ledger.Ledgered` wraps any of them, so that what was
answered is never asked again; `asking.ask_until_read` asks again what could not be read.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from mindgraph.errors import MissingExtra, SettingsError
from mindgraph.lvlm.protocol import LVLM
from mindgraph.settings import Settings

__all__ = ["ENGINES", "LVLM", "open_lvlm"]

#: The engines, by the name that the setting `engine` takes.
ENGINES = ("http", "transformers", "recorded", "batch", "ray")


def open_lvlm(settings: Settings, *, run: str = "", ledger: Path | str | None = None) -> LVLM:
    """Open the model that the settings name, behind a ledger where one is named.

    `run` stands beside each answer in the ledger. Raises SettingsError where a setting is missing,
    MissingExtra where the engine's library is, LVLMUnavailable where nothing answers.
    """
    lvlm = _open(settings)
    if ledger is None:
        return lvlm
    from mindgraph.lvlm.ledger import Ledgered

    return Ledgered(lvlm, ledger, run=run)


def _open(settings: Settings) -> LVLM:
    if settings.engine == "recorded":
        from mindgraph.lvlm.recorded import open_recorded

        return open_recorded(settings)
    if settings.engine == "http":
        from mindgraph.lvlm.http import open_http

        return open_http(settings)
    if settings.engine == "transformers":
        need_modules("local", "torch", "transformers", "llguidance")
        from mindgraph.lvlm.local import open_local

        return open_local(settings)
    if settings.engine == "batch":
        from mindgraph.lvlm.batch import open_batch

        return open_batch(settings)
    if settings.engine == "ray":
        need_modules("ray", "ray")
        from mindgraph.lvlm.ray_cluster import open_cluster

        return open_cluster(settings)
    raise SettingsError(f"There is no engine {settings.engine!r}.", hint=f"Engines: {', '.join(ENGINES)}.")


def need_modules(extra: str, *modules: str) -> None:
    """Raise MissingExtra where one of the modules is not installed."""
    for module in modules:
        if importlib.util.find_spec(module) is None:
            raise MissingExtra(module, extra)
