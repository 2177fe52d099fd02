"""The role-aware verdict: the model plays a shopper who is eager to buy, and hard to please.

Each text is asked about once a co-buy and relation; the verdict goes to every candidate that says
it. Where the model gives probabilities the verdict is a score, p(Yes) / (p(Yes) + p(No)); else what
it writes is read, and what is neither yes nor no is `unparsed`, never guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

import polars as pl

from mindgraph.lvlm.asking import Outcome, ask_until_read
from mindgraph.lvlm.protocol import LVLM
from mindgraph.messages import Decision, Prompt, Reply
from mindgraph.pairs import Gallery, displays, pairs, with_images
from mindgraph.prompts import Asker, Pair, read_because, read_yes_no, verdict_item
from mindgraph.records import Verdict
from mindgraph.tables import Rows, content_ids, schema_of
from mindgraph.tally import Stop, Tally, Tell, silent, stops

STAGE = "filter"
SHOPPER = "shopper"
#: From this score on the answer is yes; what is kept is decided later, by a threshold of its own.
YES = 0.5
#: Distinct questions of one block.
BLOCK = 4096
#: Rows whose ids are made together.
_PIECE = 10_000
#: One question in so many is asked for its reason where a sample is wanted.
ONE_IN = 20

_SAID = pl.Schema([("item", pl.String()), ("answer", pl.String()), ("score", pl.Float64()),
                   ("reason", pl.String()), ("reply", pl.String())])  # fmt: skip
_WHY = pl.Schema([("item", pl.String()), ("why", pl.String())])

#: What a shopper has to know of a candidate.
NEEDED = ("id", "cobuy", "relation", "text")

#: A co-buy, and the relations and texts that are asked about it.
Asked = tuple[Pair, list[tuple[str, str]]]


class Said(NamedTuple):
    """Be one answer of the shopper."""

    yes: bool
    score: float | None = None
    reason: str | None = None


@dataclass
class Judged:
    """Hold the shopper's verdicts, and what was counted."""

    verdicts: pl.DataFrame
    tally: Tally
    #: Distinct questions: a text that several candidates of a co-buy say is one.
    questions: int
    #: Why the run stopped before its end, where it did.
    stopped: Stop | None = None


class Shopper:
    """Ask one model, in its role, about candidates of one workspace."""

    def __init__(
        self, lvlm: LVLM, asker: Asker, products: pl.DataFrame, gallery: Gallery, *, generator: str
    ) -> None:
        self._lvlm = lvlm
        self._asker = asker
        self._products = with_images(products, gallery.mode)
        self._gallery = gallery
        self._generator = generator
        self._tally = Tally(STAGE)
        self._said = Rows(_SAID)
        self._why = Rows(_WHY)

    def judge(
        self, candidates: pl.DataFrame, cobuys: pl.DataFrame, features: pl.DataFrame, tell: Tell = silent
    ) -> Judged:
        """Return a verdict for each candidate that was answered.

        A model that stops answering, or a budget that is reached, ends the run; what was said until
        then comes back with the reason.
        """
        asked = candidates.select("cobuy", "relation", "text").unique().sort("cobuy", "relation", "text")
        with stops() as stopped:
            for block in asked.iter_slices(BLOCK):
                about = list(self._about(block, cobuys, features))
                self._judge_block(about, lambda what: tell(what, len(asked)))
        return Judged(
            verdicts=self._verdicts(candidates),
            tally=self._tally,
            questions=len(asked),
            stopped=stopped.why,
        )

    def _about(self, block: pl.DataFrame, cobuys: pl.DataFrame, features: pl.DataFrame) -> Iterator[Asked]:
        """Put each co-buy of a block beside what is asked about it, in the block's order."""
        said = block.iter_rows()
        texts = {cobuy: [(r, t) for _, r, t in rows] for cobuy, rows in groupby(said, lambda row: row[0])}
        bought = cobuys.join(block.select(id="cobuy").unique(), on="id", how="semi").sort("id")
        ids = pl.concat([bought["product_a"], bought["product_b"]]).unique()
        for pair in pairs(bought, displays(self._products, ids, features), self._gallery):
            yield pair, texts[pair.cobuy]

    def _judge_block(self, asked: list[Asked], tell: Callable[[str], None]) -> None:
        prompts = (prompt for pair, texts in asked for prompt in self._asker.verdicts(pair, texts))
        decide = not self._asker.paragraph
        accepted: dict[str, bool] = {}
        for outcome in ask_until_read(self._lvlm, prompts, self._read, decide=decide):
            self._keep(outcome, accepted)
            tell("intentions")
        for reason in ask_until_read(self._lvlm, self._whys(asked, accepted), _read_why):
            if self._tally.take(reason) and reason.value is not None:
                item = reason.prompt.item
                self._why.add(item, _told(*reason.value, accepted[item]))
            tell("reasons")

    def _read(self, reply: Reply) -> Said:
        if isinstance(reply, Decision):
            if reply.p_yes is None:
                return Said(read_yes_no(reply.text))
            return Said(reply.p_yes >= YES, reply.p_yes)
        yes, reason = read_because(reply.text)
        return Said(yes, None, reason or None)

    def _keep(self, outcome: Outcome[Said], accepted: dict[str, bool]) -> None:
        item, key, said = outcome.prompt.item, outcome.reply.key, outcome.value
        if said is not None:
            self._tally.weigh(outcome.reply.usage)
            self._tally.read += 1
            accepted[item] = said.yes
            self._said.add(item, "yes" if said.yes else "no", said.score, said.reason, key)
        elif outcome.reply.error is None:
            self._tally.weigh(outcome.reply.usage)
            self._tally.unreadable += 1
            self._said.add(item, "unparsed", None, outcome.reason, key)
        else:
            self._tally.take(outcome)

    def _whys(self, asked: list[Asked], accepted: Mapping[str, bool]) -> Iterator[Prompt]:
        """Ask for the reasons that the settings want; in prose every verdict has one already."""
        wanted = "none" if self._asker.paragraph else self._asker.settings.reasons
        if wanted == "none":
            return
        for pair, texts in asked:
            chosen = [
                (relation, text)
                for relation, text in texts
                if is_wanted(wanted, item := verdict_item(pair.cobuy, relation, text), accepted.get(item))
            ]
            yield from self._asker.reasons(pair, chosen)

    def _verdicts(self, candidates: pl.DataFrame) -> pl.DataFrame:
        said = self._said.frame().join(self._why.frame(), on="item", how="left")
        pieces = [
            piece.select(
                content_ids(piece, "verdict", ["cobuy", "relation", "text"]).alias("item"), candidate="id"
            )
            for piece in candidates.iter_slices(_PIECE)
        ]
        return (
            (
                pl.concat(pieces)
                if pieces
                else pl.DataFrame(schema={"item": pl.String, "candidate": pl.String})
            )
            .join(said, on="item", how="inner")
            .with_columns(
                judge=pl.lit(SHOPPER),
                generator=pl.lit(self._generator),
                reason=pl.coalesce("why", "reason"),
            )
            .select(list(schema_of(Verdict)))
        )


def is_wanted(reasons: str, item: str, accepted: bool | None) -> bool:
    """Say whether the reason of a verdict is asked for: of all, of yes, of no, or of a sample."""
    if accepted is None:
        return False
    if reasons == "sample":
        return int(item[:8], 16) % ONE_IN == 0
    return reasons == "all" or accepted == (reasons == "kept")


def _read_why(reply: Reply) -> tuple[bool, str]:
    return read_because(reply.text)


def _told(yes: bool, reason: str, accepted: bool) -> str:
    """Return a reason; where the model has changed its mind, that is said in front."""
    return reason if yes == accepted else f"(asked why, it said {'yes' if yes else 'no'}) {reason}"
