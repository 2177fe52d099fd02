"""What distilling and filtering will ask, told before anything is asked: calls, tokens, money, time.

Where the ledger holds answers about enough co-buys in the very way that is planned (a pilot, or a part of
the run), tokens, retries and verdicts are measured on them. Where it does not, the prompts of a sample are
made and counted by the model's own tokenizer, if that is at hand; else they are estimated, and `basis`
says so.
"""

from __future__ import annotations

from typing import Any

import msgspec
import polars as pl

from mindgraph.distill import Choice, chosen, counted
from mindgraph.plan.ahead import Each, Sample
from mindgraph.plan.past import Past
from mindgraph.prices import prices_of
from mindgraph.prompts import Asker
from mindgraph.settings import Settings
from mindgraph.workspace import Workspace

__all__ = ["Each", "Step", "plan"]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """Say what one step will take; the tokens, money and hours are those of the calls that are left."""

    step: str
    calls: int
    #: Calls that the ledger answers already.
    answered: int
    prompt_tokens: int
    #: Prompt tokens that a server which keeps prefixes need not read again.
    cached_tokens: int
    completion_tokens: int
    usd: float | None
    hours: float | None
    #: "measured" on answers of the ledger, "counted by …" on a sample's prompts, or "estimated".
    basis: str


def plan(
    workspace: Workspace,
    settings: Settings,
    choice: Choice | None = None,
    *,
    calls_per_second: float | None = None,
    tokenizer: str = "",
) -> list[Step]:
    """Return what each step and all of them will take; asks no model.

    `tokenizer` is the file or folder of the model's tokenizer, where the model itself is elsewhere.
    """
    asker = Asker(settings)
    cobuys = chosen(workspace.require(), settings, choice or Choice())
    past = Past(workspace, asker)
    sample = Sample(workspace, asker, cobuys, tokenizer, past.notes)
    products, questions = counted(cobuys, asker)
    bought = pl.concat([cobuys["product_a"], cobuys["product_b"]])
    verdicts = past.verdicts(len(cobuys))
    if verdicts is None:
        verdicts = questions * sum(map(len, asker.groups)) // len(asker.groups)
    calls = {
        "feature": (products, past.answered("feature", bought)),
        "intentions": (questions, past.answered("intentions", cobuys["id"])),
        "verdict": (verdicts, past.judged()),
    }
    told = [
        _told(
            kind,
            number,
            min(answered, number),
            past.each(kind) or sample.each(kind, written=past.written(kind)),
            settings=settings,
            rate=calls_per_second,
        )
        for kind, (number, answered) in calls.items()
    ]
    return [*told, _total(told)]


def _told(
    kind: str, calls: int, answered: int, each: Each, *, settings: Settings, rate: float | None
) -> Step:
    left = calls - answered
    prompt, cached, completion = (left * part for part in (each.prompt, each.cached, each.completion))
    prices = prices_of(settings)
    seconds = 1 / rate if rate else each.seconds and each.seconds / settings.concurrency
    return Step(
        step=kind,
        calls=calls,
        answered=answered,
        prompt_tokens=round(prompt),
        cached_tokens=round(cached),
        completion_tokens=round(completion),
        usd=round(prices.of(prompt, cached, completion), 2) if prices.known else None,
        hours=None if seconds is None else round(left * seconds / 3600, 2),
        basis=each.basis if left else "nothing left to ask",
    )


def _total(steps: list[Step]) -> Step:
    def added(name: str) -> Any:
        values = [getattr(step, name) for step in steps]
        return None if None in values else sum(values)

    numbers = {name: added(name) for name in Step.__struct_fields__ if name not in ("step", "basis")}
    return Step(step="all", basis="", **numbers)
