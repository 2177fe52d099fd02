"""The stage `distill`: tables in, a model is asked, tables out.

A run's candidates replace those of the same generator (model, revision, modes, prompts); finished
intentions from files, and what other generators said, stay. What was answered once is in the
ledger, so a run that is repeated or goes on asks for what is missing only.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from mindgraph.distill.distiller import STAGE, Distilled, Distiller
from mindgraph.distill.order import ordered
from mindgraph.errors import WorkspaceError
from mindgraph.pairs import DISPLAYED, Gallery
from mindgraph.prompts import Asker
from mindgraph.records import Candidate, CoBuy, Feature, Product
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


class Choice(NamedTuple):
    """Say which co-buys are asked about, and in which order."""

    limit: int | None = None
    order: str = "coverage"


def distill(
    workspace: Workspace,
    settings: Settings,
    choice: Choice | None = None,
    *,
    budget: Budget | None = None,
    tell: Tell = silent,
) -> Stage:
    """Ask for features and intentions, and write generators, features and candidates.

    Where a budget is reached or the model is gone, what was said until then is written, and the
    error is raised: the same command goes on. Raises LVLMError where no answer could be read.
    """
    choice = choice or Choice()
    asker = Asker(settings)
    shaped = shaping(settings, asker, "feature", "intentions", samples=settings.samples, **choice._asdict())
    with workspace.require().stage(
        STAGE,
        reads=(Product, CoBuy),
        writes=(Feature, Candidate),
        settings=shaped,
        files=cassette_digest(settings),
    ) as stage:
        stage.unchanged = stage.unchanged and not goes_on(stage, settings)
        if not stage.unchanged:
            cobuys = chosen(workspace, settings, choice)
            with session(workspace, settings, STAGE, budget) as opened:
                said = _ask(stage, asker, opened, cobuys, tell)
    if not stage.unchanged:
        raise_where_nothing_was_read(said.tally)
    return stage


def chosen(workspace: Workspace, settings: Settings, choice: Choice) -> pl.DataFrame:
    """Return the co-buys that are asked about, in their order; raises WorkspaceError where none are."""
    cobuys = workspace.read(CoBuy).select("id", "product_a", "product_b", "weight")
    if cobuys.is_empty():
        raise WorkspaceError(
            f"{workspace.path} holds no co-buys to ask about.",
            hint="`mindgraph ingest PRODUCTS COBUYS` brings them in.",
        )
    return ordered(cobuys, choice.order, seed=settings.seed).head(choice.limit or len(cobuys))


def _ask(stage: Stage, asker: Asker, opened: Session, cobuys: pl.DataFrame, tell: Tell) -> Distilled:
    workspace, settings = stage.workspace, asker.settings
    generator = asker.generator(opened.lvlm.name, "feature", "intentions")
    gallery = Gallery(workspace.images, settings.images)
    # The distiller, and the products with it, is let go before anything is written.
    said = Distiller(
        opened.lvlm, asker, workspace.read(Product, DISPLAYED), gallery, generator=generator.id
    ).distill(cobuys, opened.telling(tell))
    add_generator(workspace, generator)
    stage.write(Feature, _with_other_products(workspace.read(Feature), said.features))
    stage.write(Candidate, _with_others(workspace.read(Candidate), said.candidates, generator.id))
    stage.reject(said.tally.rejects)
    stage.counts |= {
        "co-buys": len(cobuys),
        "products": said.products,
        **opened.counts(said.tally),
        "said": len(said.candidates),
        **{f"{name}s cut": number for name, number in sorted(said.cut.items())},
    }
    if said.stopped:
        raise said.stopped
    return said


def _with_others(previous: pl.DataFrame, fresh: pl.DataFrame, generator: str) -> pl.DataFrame:
    """Return the candidates with those of one generator replaced by what it says now."""
    return pl.concat([previous.filter(pl.col("generator") != generator), fresh])


def _with_other_products(previous: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Return the features with those of the products that were asked about replaced: one a product."""
    return pl.concat([previous.join(fresh, on="product", how="anti"), fresh])
