"""Look back: what the answers of the ledger took that were given in the very way that is planned.

The questions about some co-buys that were asked about are put again to nobody but the ledger, so that what
counts is what has the same words, pictures, model and decoding; a pilot of other ways does not blur it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, TypeVar

import polars as pl

from mindgraph.distill import Distiller
from mindgraph.filters import Shopper, runs_of_words, throw_out
from mindgraph.filters.stage import titles
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.replies import Replies
from mindgraph.messages import Decision, Prompt, Reply
from mindgraph.pairs import Gallery
from mindgraph.plan.ahead import Each
from mindgraph.prompts import Asker
from mindgraph.records import Candidate, CoBuy, Product, Verdict
from mindgraph.workspace import Workspace

R = TypeVar("R", bound=Reply)

#: Co-buys that are looked back at, and questions of one kind that are enough to go by.
LOOKED_AT = 200
ENOUGH = 10

_MODELS = """
SELECT model, revision FROM ledger WHERE (model = ? OR ? = '') AND error IS NULL
GROUP BY model, revision ORDER BY max(id) DESC LIMIT 1
"""
_ITEMS = """
SELECT DISTINCT item, relations, sample, instr(images, ',') > 0 AS two, images = '' AS none FROM ledger
WHERE kind = ? AND (model = ? OR ? = '') AND version = ? AND error IS NULL AND ok = 1
"""


class Past:
    """Hold what one way of asking took so far."""

    def __init__(self, workspace: Workspace, asker: Asker) -> None:
        self._workspace = workspace
        self._asker = asker
        self._model = asker.settings.model
        self._used: dict[str, Counter[str]] = {}
        #: Characters of the notes on a product, on average; None where none were made.
        self.notes: float | None = None
        #: Co-buys all of whose questions were answered, and the texts of theirs that no rule threw out.
        self._cobuys = self._left = 0
        if workspace.ledger.is_file():
            self._look_back()

    def each(self, kind: str) -> Each | None:
        """Return what a call took on average, second attempts added; None where too few are known."""
        used = self._used.get(kind, Counter())
        calls = used["calls"]
        if calls < ENOUGH or not used["prompt"]:
            return None
        return Each(
            prompt=used["prompt"] / calls,
            cached=used["cached"] / calls,
            completion=used["completion"] / calls,
            seconds=used["milliseconds"] / 1000 / calls,
            basis="measured",
        )

    def written(self, kind: str) -> float | None:
        """Return the tokens of an answer; None where no server told."""
        used = self._used.get(kind, Counter())
        return used["completion"] / used["calls"] if used["completion"] else None

    def verdicts(self, cobuys: int) -> int | None:
        """Return how many texts the shopper will be asked about; None where nothing is known.

        From what was said and thrown out by rules so far: in the tables, or else in the ledger.
        """
        said = self._workspace.scan(Candidate).select("id", "cobuy").collect()
        asked = said["cobuy"].n_unique()
        if asked >= min(ENOUGH, cobuys):
            rule = pl.col("judge").str.starts_with("rule:")
            thrown = self._workspace.scan(Verdict).filter(rule).select("candidate").unique().collect()
            return round((len(said) - thrown.height) / asked * cobuys)
        if self._cobuys >= min(ENOUGH, cobuys):
            return round(self._left / self._cobuys * cobuys)
        return None

    def answered(self, kind: str, items: pl.Series) -> int:
        """Return the number of calls about these items that were answered in this way."""
        groups = {",".join(group) for group in self._asker.groups} if kind == "intentions" else None
        rows = [row for row in self._items(kind) if groups is None or row["relations"] in groups]
        found = pl.Series([row["item"] for row in rows if self._same_pictures(row)], dtype=pl.String)
        return int(found.is_in(items.unique().implode()).sum())

    def judged(self) -> int:
        """Return the number of verdicts that were given in this way."""
        return sum(map(self._same_pictures, self._items("verdict")))

    def _same_pictures(self, row: dict[str, Any]) -> bool:
        """Say whether a call showed as many pictures as this way may; one without any may lack them."""
        mode = self._asker.settings.images
        return bool(row["none"]) or (mode != "none" and not (mode == "stacked" and row["two"]))

    def _items(self, kind: str) -> list[dict[str, Any]]:
        version = self._asker.words.version(kind)
        return self._select(_ITEMS, kind, self._model, self._model, version)

    def _select(self, statement: str, *values: Any) -> list[dict[str, Any]]:
        if not self._workspace.ledger.is_file():
            return []
        with closing(Replies(self._workspace.ledger)) as replies:
            return replies.select(statement, values)

    def _look_back(self) -> None:
        """Put the questions of some co-buys to the ledger alone."""
        models = self._select(_MODELS, self._model, self._model)
        asked = [row["item"] for row in self._items("intentions")]
        cobuys = self._workspace.read(CoBuy)
        some = cobuys.filter(pl.col("id").is_in(asked[: LOOKED_AT * len(self._asker.groups)]))
        if not models or some.is_empty():
            return
        name = "@".join(part for part in (models[0]["model"], models[0]["revision"]) if part)
        remembered = Ledgered(_Nobody(name), self._workspace.ledger)
        with closing(remembered):
            self._replay(remembered, some.head(LOOKED_AT))

    def _replay(self, remembered: Ledgered, cobuys: pl.DataFrame) -> None:
        asker, products = self._asker, self._workspace.read(Product)
        gallery, taken = Gallery(self._workspace.images, asker.settings.images), _Taken(remembered)
        self._used = taken.used
        said = Distiller(taken, asker, products, gallery, generator="plan").distill(cobuys)
        if len(said.features):
            self.notes = said.features["text"].str.len_chars().mean()  # type: ignore[assignment]
        candidates = said.candidates.with_columns(paragraph=pl.lit(asker.paragraph))
        thrown = throw_out(candidates, titles(self._workspace), runs_of_words(asker.words))
        left = candidates.join(thrown.select(id="candidate").unique(), on="id", how="anti")
        Shopper(taken, asker, products, gallery, generator="plan").judge(left, cobuys, said.features)
        calls = len(asker.groups) * asker.settings.samples
        whole = {cobuy for cobuy, answered in taken.cobuys.items() if answered == calls}
        kept = left.filter(pl.col("cobuy").is_in(whole)).select("cobuy", "relation", "text")
        self._cobuys, self._left = len(whole), kept.unique().height


class _Nobody:
    """Be a model that answers nothing, so that the ledger alone does."""

    def __init__(self, name: str) -> None:
        self.name = name

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        for prompt in prompts:
            yield Reply(prompt=prompt, finish_reason="skipped", error="it was not asked before")

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        for prompt in prompts:
            yield Decision(prompt=prompt, finish_reason="skipped", error="it was not asked before")

    def close(self) -> None:
        pass


class _Taken:
    """Be a model that adds up what the answers of another one took, by kind."""

    def __init__(self, lvlm: Ledgered) -> None:
        self.name = lvlm.name
        self.used: dict[str, Counter[str]] = {}
        #: Co-buy → questions on its intentions that were answered.
        self.cobuys: Counter[str] = Counter()
        self._lvlm = lvlm

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        return map(self._weighed, self._lvlm.ask(prompts))

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        return map(self._weighed, self._lvlm.decide(prompts))

    def close(self) -> None:
        pass

    def _weighed(self, reply: R) -> R:
        if reply.error is None:
            prompt, usage = reply.prompt, reply.usage
            used = self.used.setdefault(prompt.kind, Counter())
            used["calls"] += prompt.attempt == 0
            used["prompt"] += usage.prompt_tokens or 0
            used["cached"] += usage.cached_tokens or 0
            used["completion"] += usage.completion_tokens or 0
            used["milliseconds"] += round(usage.seconds * 1000)
            self.cobuys[prompt.item] += prompt.kind == "intentions" and prompt.attempt == 0
        return reply
