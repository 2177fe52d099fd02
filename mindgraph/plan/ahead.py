"""Look ahead: the prompts of a sample of co-buys, made as they will be and counted."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import fmean

import msgspec
import polars as pl

from mindgraph.lvlm.counting import CHARACTERS, open_counter
from mindgraph.messages import Prompt
from mindgraph.pairs import Gallery, displays, pairs, with_images
from mindgraph.prompts import Asker
from mindgraph.records import Feature, Product
from mindgraph.workspace import Workspace

#: Tokens of an answer that was never seen: notes on a product, one intention, one word.
WRITTEN = {"feature": 220.0, "intentions": 45.0, "verdict": 1.0}
#: Characters of the notes on a product where none were made yet.
NOTES = 700.0
#: Co-buys whose prompts are counted, from all over the list.
SAMPLE = 50


class Each(msgspec.Struct, frozen=True, kw_only=True):
    """Say what one call takes on average."""

    prompt: float
    cached: float
    completion: float
    seconds: float | None = None
    basis: str = "estimated"


class Sample:
    """Make the prompts of a few co-buys, and count them."""

    def __init__(
        self, workspace: Workspace, asker: Asker, cobuys: pl.DataFrame, tokenizer: str, notes: float | None
    ) -> None:
        self._asker = asker
        self._cobuys = cobuys.gather_every(max(1, len(cobuys) // SAMPLE)).head(SAMPLE)
        self._gallery = Gallery(workspace.images, asker.settings.images)
        self._products = with_images(workspace.read(Product), asker.settings.images)
        self._features = workspace.read(Feature)
        self._notes = NOTES if notes is None else notes
        self._tokenizer = tokenizer

    def each(self, kind: str, *, written: float | None = None) -> Each:
        """Return what a call of one kind takes; `written` is the length of its answers, where known."""
        counter = open_counter(self._asker.settings, self._tokenizer)
        prompts = list(self._prompts(kind))
        missing = 0.0 if kind == "feature" else self._missing_notes()
        read = fmean(map(counter.count, prompts)) + missing
        begins = [msgspec.structs.replace(prompt, content=prompt.content[:-1]) for prompt in prompts]
        kept = 0.0 if kind == "feature" else fmean(map(counter.count, begins)) + missing
        asked = len(self._asker.groups) * self._asker.settings.samples
        shared = {"feature": 0.0, "intentions": 1 - 1 / asked, "verdict": 1 - 1 / 18}[kind]
        relations = fmean(len(prompt.relations) or 1 for prompt in prompts)
        guess = WRITTEN[kind] * (relations if kind == "intentions" else 1)
        return Each(
            prompt=read,
            cached=kept * shared,
            completion=guess if written is None else written,
            basis=counter.basis,
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

    def _missing_notes(self) -> float:
        """Return the tokens of the notes that these prompts will quote and that are not made yet."""
        shown = pl.concat([self._cobuys["product_a"], self._cobuys["product_b"]])
        missing = (~shown.is_in(self._features["product"].implode())).mean()
        return 2 * self._notes / CHARACTERS * float(str(missing or 0.0))
