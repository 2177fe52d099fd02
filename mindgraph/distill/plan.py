"""What distilling and filtering will ask, told before anything is asked: calls, tokens, money, time.

Tokens and seconds of a call are those of the answers that the ledger holds of the same model and
step: `distill --limit 50` first makes the plan a measured one. Where there are none they come from
the length of prompts made for a sample, at so many characters a token, and the row says `estimated`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import chain
from statistics import fmean
from typing import Any

import msgspec
import polars as pl
from PIL import Image

from mindgraph.distill.distiller import counted
from mindgraph.distill.stage import Choice, chosen
from mindgraph.lvlm.replies import Replies
from mindgraph.messages import Picture, Prompt
from mindgraph.pairs import Gallery, displays, pairs, with_images
from mindgraph.prompts import Asker
from mindgraph.records import Candidate, CoBuy, Feature, Product, Verdict
from mindgraph.settings import Settings
from mindgraph.tally import prices_of
from mindgraph.workspace import Workspace

#: Characters of a token, and pixels of a side of the square that one token of a picture covers.
CHARACTERS = 4.0
SQUARE = 28
#: Tokens of an answer that was never seen: notes on a product, one intention, one word.
WRITTEN = {"feature": 220.0, "intentions": 45.0, "verdict": 1.0}
#: Characters of the notes on a product where none were made yet.
NOTES = 700
#: Co-buys whose prompts are measured, and answers in the ledger that are enough to go by.
SAMPLE = 100
ENOUGH = 20

_ANSWERS = """
SELECT count(*) AS answers, avg(prompt_tokens) AS prompt, avg(cached_tokens) AS cached,
  avg(completion_tokens) AS completion, avg(seconds) AS seconds
FROM ledger WHERE kind = ? AND (model = ? OR ? = '') AND version = ? AND error IS NULL AND attempt = 0
"""
_ITEMS = """
SELECT DISTINCT item, relations, sample FROM ledger
WHERE kind = ? AND (model = ? OR ? = '') AND version = ? AND error IS NULL AND ok = 1
"""


class Each(msgspec.Struct, frozen=True, kw_only=True):
    """Say what one call takes on average."""

    prompt: float
    cached: float
    completion: float
    seconds: float | None = None
    basis: str = "estimated"


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
    #: "measured" where the ledger holds answers to go by, else "estimated".
    basis: str


def plan(
    workspace: Workspace,
    settings: Settings,
    choice: Choice | None = None,
    *,
    calls_per_second: float | None = None,
) -> list[Step]:
    """Return what each step and all of them will take; asks nothing."""
    asker = Asker(settings)
    cobuys = chosen(workspace.require(), settings, choice or Choice())
    ledger = _Ledger(workspace, asker)
    sample = _Sample(workspace, asker, cobuys.head(SAMPLE))
    products, questions = counted(cobuys, asker)
    verdicts = _verdicts(workspace, len(cobuys), questions, asker)
    bought = pl.concat([cobuys["product_a"], cobuys["product_b"]])
    steps = [
        _step("feature", products, ledger.answered("feature", bought), ledger, sample),
        _step("intentions", questions, ledger.answered("intentions", cobuys["id"]), ledger, sample),
        _step("verdict", verdicts, min(verdicts, ledger.count("verdict")), ledger, sample),
    ]
    told = [_told(*step, settings=settings, rate=calls_per_second) for step in steps]
    return [*told, _total(told)]


def _step(
    kind: str, calls: int, answered: int, ledger: _Ledger, sample: _Sample
) -> tuple[str, int, int, Each]:
    return kind, calls, min(answered, calls), ledger.each(kind) or sample.each(kind)


def _told(
    kind: str, calls: int, answered: int, each: Each, *, settings: Settings, rate: float | None
) -> Step:
    left = calls - answered
    prompt, cached, completion = (left * part for part in (each.prompt, each.cached, each.completion))
    priced = settings.usd_prompt or settings.usd_completion
    seconds = 1 / rate if rate else each.seconds and each.seconds / settings.concurrency
    return Step(
        step=kind,
        calls=calls,
        answered=answered,
        prompt_tokens=round(prompt),
        cached_tokens=round(cached),
        completion_tokens=round(completion),
        usd=round(prices_of(settings).of(prompt, cached, completion), 2) if priced else None,
        hours=None if seconds is None else round(left * seconds / 3600, 2),
        basis=each.basis if left else "nothing left to ask",
    )


def _total(steps: list[Step]) -> Step:
    def added(name: str) -> Any:
        values = [getattr(step, name) for step in steps]
        return None if None in values else sum(values)

    numbers = {name: added(name) for name in Step.__struct_fields__ if name not in ("step", "basis")}
    return Step(step="all", basis="", **numbers)


class _Ledger:
    """Look up what was answered before, for the model that the settings name."""

    def __init__(self, workspace: Workspace, asker: Asker) -> None:
        self._path = workspace.ledger
        self._model = asker.settings.model
        self._words = asker.words

    def each(self, kind: str) -> Each | None:
        """Return what a call took on average; None where too few are known, or tokens were not told."""
        for row in self._select(_ANSWERS, kind):
            if row["answers"] >= ENOUGH and row["prompt"]:
                return Each(
                    prompt=row["prompt"],
                    cached=row["cached"] or 0.0,
                    completion=row["completion"] or WRITTEN[kind],
                    seconds=row["seconds"],
                    basis="measured",
                )
        return None

    def answered(self, kind: str, items: pl.Series) -> int:
        """Return the number of calls about these items that were answered."""
        found = pl.Series([row["item"] for row in self._select(_ITEMS, kind)], dtype=pl.String)
        return int(found.is_in(items.unique().implode()).sum())

    def count(self, kind: str) -> int:
        """Return the number of calls of one kind that were answered."""
        return len(self._select(_ITEMS, kind))

    def _select(self, statement: str, kind: str) -> list[dict[str, Any]]:
        if not self._path.is_file():
            return []
        with closing(Replies(self._path)) as replies:
            values = (kind, self._model, self._model, self._words.version(kind))
            return replies.select(statement, values)


class _Sample:
    """Measure the prompts of a few co-buys."""

    def __init__(self, workspace: Workspace, asker: Asker, cobuys: pl.DataFrame) -> None:
        self._asker = asker
        self._gallery = Gallery(workspace.images, asker.settings.images)
        self._products = with_images(workspace.read(Product), asker.settings.images)
        self._cobuys = cobuys
        self._features = workspace.read(Feature)

    def each(self, kind: str) -> Each:
        """Return what a call of one kind will take, as far as its length tells."""
        prompts = list(self._prompts(kind))
        read = [self._tokens(prompt) for prompt in prompts]
        kept = [self._tokens(prompt, last=False) for prompt in prompts]
        asked = len(self._asker.groups) * self._asker.settings.samples
        shared = {"feature": 0.0, "intentions": 1 - 1 / asked, "verdict": 1 - 1 / 18}[kind]
        relations = fmean(len(prompt.relations) or 1 for prompt in prompts)
        return Each(
            prompt=fmean(read),
            cached=fmean(kept) * shared,
            completion=WRITTEN[kind] * (relations if kind == "intentions" else 1),
        )

    def _prompts(self, kind: str) -> Iterator[Prompt]:
        ids = pl.concat([self._cobuys["product_a"], self._cobuys["product_b"]])
        shown = displays(self._products, ids, self._features)
        if kind == "feature":
            for product, one in shown.items():
                yield self._asker.feature(product, one.shown, self._gallery.picture(one.image))
            return
        for pair in pairs(self._cobuys, shown, self._gallery):
            if kind == "intentions":
                yield from self._asker.intentions(pair)
            else:
                yield from self._asker.verdicts(pair, [("usedFor", "a purpose in so many words")])

    def _tokens(self, prompt: Prompt, *, last: bool = True) -> float:
        content = prompt.content if last else prompt.content[:-1]
        texts = [part for part in content if isinstance(part, str)]
        notes = 0 if prompt.kind == "feature" or len(self._features) else 2 * NOTES
        pictures = chain(part for part in content if isinstance(part, Picture))
        return (len(prompt.system) + sum(map(len, texts)) + notes) / CHARACTERS + sum(map(_squares, pictures))


def _squares(picture: Picture) -> int:
    with Image.open(picture.path) as opened:
        return -(-opened.width // SQUARE) * -(-opened.height // SQUARE)


def _verdicts(workspace: Workspace, cobuys: int, questions: int, asker: Asker) -> int:
    """Return how many intentions the shopper will be asked about.

    From what was said and thrown out by rules so far; else one for each relation asked.
    """
    said = workspace.scan(Candidate).select("id", "cobuy").collect()
    asked = said["cobuy"].n_unique()
    if asked < min(ENOUGH, cobuys) or not workspace.has(CoBuy):
        return questions * sum(map(len, asker.groups)) // len(asker.groups)
    rule = pl.col("judge").str.starts_with("rule:")
    thrown = workspace.scan(Verdict).filter(rule).select("candidate").unique().collect().height
    return round((len(said) - thrown) / asked * cobuys)
