"""Steps 1 and 2: ask for the features of a product, and for the intentions of a co-buy.

Co-buys are taken in blocks, what matters most first: the features of a block's products, then its
intentions, so that a run that is stopped has finished what it began with. Questions and answers
stream; what was said is kept as columns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import polars as pl

from mindgraph.lvlm.asking import Outcome, ask_until_read
from mindgraph.lvlm.protocol import LVLM
from mindgraph.messages import Prompt, Reply
from mindgraph.pairs import Display, Gallery, displays, images_seen, pairs, with_images
from mindgraph.prompts import Asker, Given, read_feature, read_intentions, read_paragraph
from mindgraph.records import Candidate, Feature
from mindgraph.tables import Rows, content_ids, schema_of
from mindgraph.tally import Stop, Tally, Tell, silent, stops

STAGE = "distill"
#: Co-buys of one block: enough to keep a hundred requests in flight, few enough to be small.
BLOCK = 512


@dataclass
class Distilled:
    """Hold what a model said, what could not be read, and what was counted."""

    features: pl.DataFrame
    candidates: pl.DataFrame
    tally: Tally
    #: Products that were asked about, and how many had a title or description that was cut.
    products: int = 0
    cut: Counter[str] = field(default_factory=Counter)
    #: Why the run stopped before its end, where it did.
    stopped: Stop | None = None


class Distiller:
    """Ask one model about the products and co-buys of one workspace."""

    def __init__(
        self, lvlm: LVLM, asker: Asker, products: pl.DataFrame, gallery: Gallery, *, generator: str
    ) -> None:
        self._lvlm = lvlm
        self._asker = asker
        self._products = with_images(products, gallery.mode)
        self._gallery = gallery
        self._generator = generator
        self._features = Rows(schema_of(Feature))
        self._candidates = Rows(_CANDIDATES)
        self._tally = Tally(STAGE)
        self._cut: Counter[str] = Counter()
        self._asked: set[str] = set()

    def distill(self, cobuys: pl.DataFrame, tell: Tell = silent) -> Distilled:
        """Ask about these co-buys, in their order, and return what was said.

        A model that stops answering, or a budget that is reached, ends the run; what was said until
        then comes back with the reason.
        """
        products, questions = counted(cobuys, self._asker)
        with stops() as stopped:
            for block in cobuys.iter_slices(BLOCK):
                self._ask_block(block, lambda: tell("products", products), lambda: tell("co-buys", questions))
        return Distilled(
            features=self._features.frame(),
            candidates=_with_ids(self._candidates.frame()),
            tally=self._tally,
            products=len(self._asked),
            cut=self._cut,
            stopped=stopped.why,
        )

    def _ask_block(
        self, block: pl.DataFrame, tell_product: Callable[[], None], tell_cobuy: Callable[[], None]
    ) -> None:
        """Ask about the products of one block that are new, and then about its co-buys."""
        ids = pl.concat([block["product_a"], block["product_b"]]).unique()
        fresh = displays(self._products, ids.filter(~ids.is_in(self._asked)), self._features.frame())
        self._asked.update(fresh)
        for product in fresh.values():
            self._cut.update(product.shown.cut)
        for outcome in ask_until_read(self._lvlm, self._about_products(fresh), self._read_feature):
            self._keep_feature(outcome)
            tell_product()
        shown = displays(self._products, ids, self._features.frame())
        for said in ask_until_read(self._lvlm, self._about_pairs(block, shown), self._read_intentions):
            self._keep_intentions(said)
            tell_cobuy()

    def _about_products(self, shown: Mapping[str, Display]) -> Iterator[Prompt]:
        for product, one in shown.items():
            yield self._asker.feature(product, one.shown, self._gallery.picture(one.image))

    def _about_pairs(self, block: pl.DataFrame, shown: Mapping[str, Display]) -> Iterator[Prompt]:
        for pair in pairs(block, shown, self._gallery):
            yield from self._asker.intentions(pair)

    def _read_feature(self, reply: Reply) -> str:
        return read_feature(reply.text, paragraph=self._asker.paragraph)

    def _read_intentions(self, reply: Reply) -> list[Given]:
        relations = reply.prompt.relations
        if self._asker.paragraph:
            return read_paragraph(reply.text, relations[0])
        return read_intentions(reply.text, relations)

    def _keep_feature(self, outcome: Outcome[str]) -> None:
        if self._tally.take(outcome) and outcome.value is not None:
            prompt = outcome.prompt
            seen = images_seen(prompt)
            self._features.add(prompt.item, outcome.value, seen, self._generator, outcome.reply.key)

    def _keep_intentions(self, outcome: Outcome[list[Given]]) -> None:
        if not self._tally.take(outcome):
            return
        prompt, reply = outcome.prompt, outcome.reply
        seen = images_seen(prompt)
        lang = self._asker.settings.lang
        for given in outcome.value or ():
            self._candidates.add(
                prompt.item,
                given.relation,
                given.phrase,
                given.detail,
                lang,
                seen,
                self._generator,
                prompt.sample,
                reply.key,
                given.position,
            )


#: Rows whose ids are made together.
_PIECE = 2_000
_IDENTITY = ("cobuy", "relation", "generator", "sample", "position")
_CANDIDATES = pl.Schema(
    [*(field for field in schema_of(Candidate).items() if field[0] != "id"), ("position", pl.Int64())]
)


def _with_ids(candidates: pl.DataFrame) -> pl.DataFrame:
    """Return the candidates with their ids; made piece by piece, for their keys are long."""
    pieces = [
        content_ids(piece, "candidate", _IDENTITY, distinct=True) for piece in candidates.iter_slices(_PIECE)
    ]
    ids = pl.concat(pieces) if pieces else pl.Series("id", [], dtype=pl.String)
    return candidates.with_columns(ids).select(list(schema_of(Candidate)))


def counted(cobuys: pl.DataFrame, asker: Asker) -> tuple[int, int]:
    """Return how many products and how many questions on co-buys there are to ask, attempts apart."""
    products = pl.concat([cobuys["product_a"], cobuys["product_b"]]).n_unique()
    return products, len(cobuys) * len(asker.groups) * asker.settings.samples
