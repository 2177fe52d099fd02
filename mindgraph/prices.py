"""What tokens cost: named one by one, or read from a file of prices with its date."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from pathlib import Path

import msgspec

from mindgraph.errors import SettingsError
from mindgraph.messages import Usage
from mindgraph.settings import Settings

_EXAMPLE = '`date = 2026-11-01`, and `[models."qwen3-vl-8b"]` with prompt, cached and completion'


class Prices(msgspec.Struct, frozen=True):
    """Hold what a million tokens cost, in US dollars."""

    prompt: float = 0.0
    #: Prompt tokens that the server had kept; None where they cost what others do.
    cached: float | None = None
    completion: float = 0.0

    @property
    def known(self) -> bool:
        """Say whether there is a price at all."""
        return bool(self.prompt or self.completion)

    def of(self, prompt: float, cached: float, completion: float) -> float:
        """Return the price of so many tokens; the cached ones are among those of the prompt."""
        kept = self.prompt if self.cached is None else self.cached
        return ((prompt - cached) * self.prompt + cached * kept + completion * self.completion) / 1e6

    def of_usage(self, usage: Usage) -> float | None:
        """Return the price of one answer; None where no price or no tokens are known."""
        if usage.tokens is None or not self.known:
            return None
        return self.of(usage.prompt_tokens or 0, usage.cached_tokens or 0, usage.completion_tokens or 0)


class PriceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Be a file of prices: when they were looked up, where, and those of each model."""

    date: date
    #: Part of a model's name → its prices.
    models: dict[str, Prices]
    source: str = ""


def prices_of(settings: Settings) -> Prices:
    """Return the prices that the settings name; own ones go before those of the file.

    Raises SettingsError where the file cannot be read or does not name the model.
    """
    if settings.usd_prompt or settings.usd_completion or not settings.prices:
        cached = settings.usd_cached if settings.usd_cached >= 0 else None
        return Prices(settings.usd_prompt, cached, settings.usd_completion)
    listed = price_file(settings.prices).models
    folded = settings.model.lower()
    named = [name for name in listed if name.lower() in folded]
    if not named:
        raise SettingsError(
            f"{settings.prices}: no price for the model {settings.model!r}.",
            hint=f"It names {', '.join(listed) or 'none'}; name the model with --model.",
        )
    return listed[max(named, key=len)]


@lru_cache(maxsize=8)
def price_file(path: str) -> PriceFile:
    """Read a file of prices (TOML); raises SettingsError with what is wrong."""
    try:
        return msgspec.toml.decode(Path(path).read_bytes(), type=PriceFile)
    except OSError as error:
        raise SettingsError(f"{path}: {error.strerror or error}.", hint="--prices FILE") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"{path}: is no file of prices: {error}.", hint=f"It holds {_EXAMPLE}."
        ) from error
