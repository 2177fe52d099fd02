"""The stage `filter`: every rule on every candidate, then the shopper on those that no rule threw out.

Finished intentions from files have a verdict of their own and are left alone unless asked for
`again`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import polars as pl

from mindgraph.errors import WorkspaceError
from mindgraph.filters.rules import runs_of_words, throw_out
from mindgraph.filters.shopper import NEEDED, SHOPPER, STAGE, Judged, Shopper
from mindgraph.pairs import DISPLAYED, Gallery
from mindgraph.prompts import Asker
from mindgraph.records import Candidate, CoBuy, Feature, Generator, Product, Verdict
from mindgraph.session import (
    Session,
    add_generator,
    cassette_digest,
    goes_on,
    raise_where_nothing_was_read,
    session,
    shaping,
)
from mindgraph.settings import Settings
from mindgraph.tally import Budget, Tell, silent
from mindgraph.workspace import Stage, Workspace

#: What rules and shopper look at; the rest of a candidate stays on disk.
_LOOKED_AT = ("id", "cobuy", "relation", "text", "lang", "generator", "sample")


def filter_candidates(
    workspace: Workspace,
    settings: Settings,
    *,
    again: bool = False,
    budget: Budget | None = None,
    tell: Tell = silent,
) -> Stage:
    """Judge the candidates and write the verdicts.

    Where a budget is reached or the model is gone, the verdicts until then are written, and the
    error is raised: the same command goes on. Raises LVLMError where no answer could be read.
    """
    asker = Asker(settings)
    shaped = shaping(settings, asker, "verdict", again=again, reasons=settings.reasons)
    with workspace.require().stage(
        STAGE,
        reads=(Product, CoBuy, Feature, Candidate),
        writes=(Verdict,),
        settings=shaped,
        files=cassette_digest(settings),
    ) as stage:
        stage.unchanged = stage.unchanged and not goes_on(stage, settings)
        judged = None if stage.unchanged else _judge(stage, asker, again, budget, tell)
    if judged is not None:
        raise_where_nothing_was_read(judged.tally)
    return stage


def _judge(stage: Stage, asker: Asker, again: bool, budget: Budget | None, tell: Tell) -> Judged | None:
    """Apply the rules, ask the shopper where something is left to ask, and write."""
    workspace = stage.workspace
    judged, left, thrown = _ruled(workspace, asker, again)
    stage.counts |= {"candidates": len(judged), **_by_rule(thrown), "to the shopper": len(left)}
    if left.is_empty():
        _write(stage, judged, thrown)
        stage.reject([])
        return None
    with session(workspace, asker.settings, STAGE, budget) as opened:
        return _ask(stage, asker, opened, (judged, left, thrown), tell)


def _ruled(workspace: Workspace, asker: Asker, again: bool) -> tuple[pl.Series, pl.DataFrame, pl.DataFrame]:
    """Return the ids of the candidates, those that no rule threw out, and the verdicts of the rules."""
    candidates = to_judge(workspace, again=again)
    thrown = throw_out(candidates, titles(workspace), runs_of_words(asker.words))
    left = candidates.select(NEEDED).join(thrown.select(id="candidate").unique(), on="id", how="anti")
    return candidates["id"], left, thrown


def _ask(
    stage: Stage,
    asker: Asker,
    opened: Session,
    tables: tuple[pl.Series, pl.DataFrame, pl.DataFrame],
    tell: Tell,
) -> Judged:
    workspace = stage.workspace
    judged_ids, left, thrown = tables
    generator = asker.generator(opened.lvlm.name, "verdict")
    gallery = Gallery(workspace.images, asker.settings.images)
    bought = workspace.read(CoBuy, ("id", "product_a", "product_b"))
    # The shopper, and the products with it, is let go before anything is written.
    judged = Shopper(
        opened.lvlm, asker, workspace.read(Product, DISPLAYED), gallery, generator=generator.id
    ).judge(left, bought, workspace.read(Feature, ("product", "text")), opened.telling(tell))
    add_generator(workspace, generator)
    _write(stage, judged_ids, pl.concat([thrown, judged.verdicts]))
    stage.reject(judged.tally.rejects)
    stage.counts |= {
        "questions": judged.questions,
        **opened.counts(judged.tally),
        **{answer: judged.verdicts.filter(answer=answer).height for answer in ("yes", "no", "unparsed")},
    }
    if judged.stopped:
        raise judged.stopped
    return judged


def to_judge(workspace: Workspace, *, again: bool = False) -> pl.DataFrame:
    """Return the candidates that are judged, and whether each was asked for as a paragraph."""
    candidates = workspace.scan(Candidate).select(_LOOKED_AT).collect()
    if candidates.is_empty():
        raise WorkspaceError(
            f"{workspace.path} holds no candidates to filter.",
            hint="`mindgraph distill` asks for them; `mindgraph ingest --intentions FILE` reads them.",
        )
    prose = pl.col("parameters").str.contains('"style":"paragraph"', literal=True)
    speakers = workspace.read(Generator).select("kind", generator="id", paragraph=prose)
    spoken = candidates.join(speakers, on="generator", how="left", maintain_order="left")
    asked = spoken if again else spoken.filter(pl.col("kind").fill_null("model") != "import")
    return asked.drop("kind").with_columns(pl.col("paragraph").fill_null(False))


def titles(workspace: Workspace) -> pl.DataFrame:
    """Return the two titles of each co-buy: `cobuy`, `title_a`, `title_b`."""
    named = workspace.scan(Product).select("id", "title")
    return (
        workspace.scan(CoBuy)
        .select("product_a", "product_b", cobuy="id")
        .join(named.rename({"id": "product_a", "title": "title_a"}), on="product_a", how="left")
        .join(named.rename({"id": "product_b", "title": "title_b"}), on="product_b", how="left")
        .select("cobuy", "title_a", "title_b")
        .collect()
    )


def _write(stage: Stage, candidates: pl.Series, verdicts: pl.DataFrame) -> None:
    """Write the verdicts; those of other judges and on other candidates stay, as far as they exist."""
    workspace = stage.workspace
    ours = pl.col("judge").str.starts_with("rule:") | (pl.col("judge") == SHOPPER)
    judged = pl.col("candidate").is_in(candidates.implode())
    known = workspace.scan(Candidate).select(candidate="id")
    others = (
        workspace.scan(Verdict).filter(~(ours & judged)).join(known, on="candidate", how="semi").collect()
    )
    stage.write(Verdict, pl.concat([others, verdicts]))


def _by_rule(thrown: pl.DataFrame) -> dict[str, Any]:
    return dict(sorted(Counter(thrown["judge"].to_list()).items()))
