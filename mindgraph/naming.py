"""Purposes named by a model: each is asked for once, and a bad name leaves the phrase that was there.

A name must be short, say something, and differ from those of its siblings; where no answer does, the
cluster keeps the phrase that was made from its members. Answers are kept in the ledger, so the same
question is never paid for twice, and a run that was stopped goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import polars as pl

from mindgraph.graph import project, purposes_of
from mindgraph.lvlm.asking import Outcome, ask_until_read
from mindgraph.messages import Decoding, Prompt, Reply
from mindgraph.prompts import Asker, Unreadable
from mindgraph.prompts.fence import cut, fenced
from mindgraph.prompts.reading import json_object
from mindgraph.records import Intention, Label, Merge, Product, Triple
from mindgraph.session import Session, add_generator, session
from mindgraph.settings import Settings
from mindgraph.tables import frame_of
from mindgraph.tally import Budget, Stop, Tally, Tell, silent, stops
from mindgraph.texts import clean
from mindgraph.workspace import Workspace


def _words(text: str) -> list[str]:
    return text.split()


STAGE = "label"
#: Members, keywords and neighbours that a model sees of a cluster.
MEMBERS, WORDS, NEIGHBOURS = 12, 8, 8
#: The longest name, in words and in characters.
MOST_WORDS, LONGEST = 8, 70
#: Words that say nothing: a name of these alone is none.
_EMPTY = frozenset(
    _words(
        """a and any both buy buying category cluster customers for general group item items miscellaneous
        name of other people product products purpose reason reasons shopping stuff the things to use
        various"""
    )
)
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}},
    "required": ["name"],
    "additionalProperties": False,
}
_DECLINES = re.compile(
    r"\b(?:as an ai|language model|i (?:cannot|can['’]t|am unable)|sorry|not enough)\b", re.IGNORECASE
)


@dataclass
class Named:
    """Hold a row of the table `labels` for each cluster that was asked about, and what was counted."""

    labels: pl.DataFrame
    counts: dict[str, Any]
    #: Why it stopped before its end, where it did.
    stopped: Stop | None = None


class Namer:
    """Ask one model for the names of clusters."""

    def __init__(
        self, workspace: Workspace, settings: Settings, budget: Budget | None = None, tell: Tell = silent
    ) -> None:
        self._workspace = workspace
        self._asker = Asker(settings)
        self._budget = budget
        self._tell = tell
        self.name = _named_model(settings, self._asker)

    def __call__(self, clusters: pl.DataFrame, memberships: pl.DataFrame) -> Named:
        """Return the names of clusters whose `label` is still the phrase made from their members.

        Where a budget is reached or the model is gone, those without a name keep their phrase.
        """
        seen = _seen(self._workspace, clusters, memberships)
        tally, said = Tally(STAGE), dict[str, tuple[str, str]]()
        with session(self._workspace, self._asker.settings, STAGE, self._budget) as opened:
            with stops() as stopped:
                for outcome in ask_until_read(opened.lvlm, self._prompts(clusters, seen), _read):
                    self._take(outcome, tally, said, len(clusters))
            return self._named(opened, clusters, tally, said, stopped.why)

    def _take(
        self, outcome: Outcome[str], tally: Tally, said: dict[str, tuple[str, str]], total: int
    ) -> None:
        if tally.take(outcome):
            said[outcome.prompt.item] = (str(outcome.value), outcome.reply.key)
        self._tell("purposes", total)

    def _named(
        self,
        opened: Session,
        clusters: pl.DataFrame,
        tally: Tally,
        said: Mapping[str, tuple[str, str]],
        stopped: Stop | None,
    ) -> Named:
        generator = self._asker.generator(opened.lvlm.name, STAGE)
        add_generator(self._workspace, generator)
        names = distinct(clusters, {cluster: name for cluster, (name, _) in said.items()})
        rows = [
            Label(
                cluster=cluster,
                phrase=phrase,
                label=names.get(cluster),
                generator=generator.id,
                reply=said[cluster][1] if cluster in said else "",
            )
            for cluster, phrase in clusters.select("id", "label").iter_rows()
        ]
        counts = {
            "named": len(names),
            "not named": len(rows) - len(names),
            "unanswered": len(rows) - tally.read - tally.unreadable,
        }
        return Named(frame_of(Label, rows), opened.counts(tally) | counts, stopped)

    def _prompts(self, clusters: pl.DataFrame, seen: Mapping[str, _Seen]) -> Iterator[Prompt]:
        words = self._asker.words
        version, system = words.version(STAGE), words.text("label.system")
        settings = self._asker.settings
        for cluster in clusters.sort("level", "id")["id"]:
            shown = seen[cluster]
            question = words["label.question"].fill(
                reasons="\n".join(fenced(cut(text, 160)) for text in shown.members),
                hints=fenced([*shown.keywords, *(cut(title, 80) for title in shown.products)]),
                neighbours=fenced(shown.neighbours),
                language=self._asker.language,
            )
            yield Prompt(
                kind=STAGE,
                item=cluster,
                version=version,
                system=system,
                content=(question,),
                schema=_SCHEMA,
                decoding=Decoding(temperature=0.0, max_tokens=60, seed=settings.seed),
            )


def distinct(clusters: pl.DataFrame, names: Mapping[str, str]) -> dict[str, str]:
    """Return the names that can stand: none twice among siblings, nor the phrase of a sibling.

    Of two siblings that were given the same name the larger one keeps it.
    """
    kept: dict[str, str] = {}
    rows = clusters.with_columns(pl.col("parent").fill_null("")).sort(
        "level", "parent", "size", "id", descending=[False, False, True, False]
    )
    for _, siblings in rows.group_by("level", "parent", maintain_order=True):
        phrases = {id_: label.casefold() for id_, label in siblings.select("id", "label").iter_rows()}
        taken: set[str] = set()
        for id_, phrase in phrases.items():
            name = names.get(id_, "").casefold()
            others = {other for sibling, other in phrases.items() if sibling != id_}
            if name and name not in taken and name not in others:
                kept[id_] = names[id_]
            taken.add(name if id_ in kept else phrase)
    return kept


@dataclass(frozen=True)
class _Seen:
    """Hold what a model sees of one cluster."""

    members: list[str]
    keywords: list[str]
    products: list[str]
    neighbours: list[str]


def _seen(workspace: Workspace, clusters: pl.DataFrame, memberships: pl.DataFrame) -> dict[str, _Seen]:
    members = _typical(workspace, clusters, memberships)
    titles = dict(workspace.scan(Product).select("id", "title").collect().iter_rows())
    siblings: dict[tuple[int, str], list[str]] = {}
    by_size = clusters.sort("size", "id", descending=[True, False])
    for level, parent, label in by_size.select("level", "parent", "label").iter_rows():
        siblings.setdefault((level, parent or ""), []).append(label)
    found = {}
    for row in clusters.select("id", "level", "parent", "label", "keywords", "examples").iter_rows(
        named=True
    ):
        beside = [s for s in siblings[(row["level"], row["parent"] or "")] if s != row["label"]]
        products = [titles[id_] for id_ in row["examples"] if id_ in titles]
        found[row["id"]] = _Seen(
            members.get(row["id"], [row["label"]]), row["keywords"][:WORDS], products, beside[:NEIGHBOURS]
        )
    return found


def _typical(workspace: Workspace, clusters: pl.DataFrame, memberships: pl.DataFrame) -> dict[str, list[str]]:
    """Return the texts of the members of each cluster, of every level, the most typical first."""
    uses = project(workspace.read(Triple), workspace.read(Merge)).group_by("intention").len("uses")
    texts = workspace.read(Intention).select(pl.col("id").alias("intention"), "text")
    rows = (
        purposes_of(memberships, clusters)
        .join(texts, on="intention")
        .join(uses, on="intention", how="left")
        .with_columns((pl.col("weight") * (1 + pl.col("uses").fill_null(0)).log()).alias("typical"))
        .sort("cluster", "typical", "text", descending=[False, True, False])
        .group_by("cluster", maintain_order=True)
        .agg(pl.col("text").head(MEMBERS))
    )
    return dict(rows.iter_rows())


def _read(reply: Reply) -> str:
    """Return the name that an answer gives; raise Unreadable for what is none."""
    given = json_object(reply.text).get("name")
    name = clean(given).strip(" .:;\"'“”‘’*_") if isinstance(given, str) else ""
    words = re.findall(r"\w+", name.casefold())
    if not any(len(word) > 1 and word not in _EMPTY for word in words):
        raise Unreadable("the name says nothing")
    if len(words) > MOST_WORDS or len(name) > LONGEST:
        raise Unreadable(f"the name is longer than {MOST_WORDS} words")
    if _DECLINES.search(name) or re.search(r"[{}<>\n]", name):
        raise Unreadable("the answer is no name")
    return name


def _named_model(settings: Settings, asker: Asker) -> str:
    """Return what shapes the names, for the manifest: the engine, the model and the words of the prompt."""
    model = f"{settings.model}@{settings.revision}" if settings.revision else settings.model
    parts = [settings.engine, model, settings.cassette, asker.generator(model, STAGE).prompt_version]
    return msgspec.json.encode(parts).decode()
