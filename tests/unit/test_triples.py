"""Kept candidates become intentions and triples, each with its evidence."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from mindgraph.errors import WorkspaceError
from mindgraph.pipeline import Pipeline
from mindgraph.records import (
    Candidate,
    CoBuy,
    Evidence,
    Intention,
    Reject,
    Triple,
    Verdict,
    content_id,
)
from mindgraph.tables import frame_of, records_of
from mindgraph.triples import Built, build
from mindgraph.workspace import Workspace

PAIRS = [
    CoBuy(id=content_id("cobuy", a, b), product_a=a, product_b=b)
    for a, b in [("lamp", "tent"), ("mug", "pot")]
]
LAMP, MUG = (pair.id for pair in PAIRS)


def said(id_: str, text: str, *, cobuy: str = LAMP, relation: str = "usedFor", lang: str = "en") -> Candidate:
    return Candidate(id=id_, cobuy=cobuy, relation=relation, text=text, lang=lang, generator="g", reply="r")


def judged(candidate: str, answer: str, score: float | None = None, judge: str = "shopper") -> Verdict:
    return Verdict(candidate=candidate, judge=judge, answer=answer, score=score)


def built(candidates: list[Candidate], verdicts: list[Verdict], threshold: float = 0.5) -> Built:
    frames = frame_of(Candidate, candidates), frame_of(Verdict, verdicts), frame_of(CoBuy, PAIRS)
    return build(*(frame.lazy() for frame in frames), threshold=threshold)


def kept(verdicts: list[Verdict], threshold: float = 0.5) -> bool:
    return built([said("1", "camping")], verdicts, threshold).funnel["kept"] == 1


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ([judged("1", "yes", 0.5)], True),
        ([judged("1", "yes", 0.49)], False),
        ([judged("1", "no", 0.6)], True),
        ([judged("1", "yes")], True),
        ([judged("1", "no")], False),
        ([judged("1", "unparsed")], False),
        ([judged("1", "unparsed", 0.9)], False),
        ([], False),
        ([judged("1", "yes", 0.9), judged("1", "no", judge="rule:echo")], False),
        ([judged("1", "yes", 0.9), judged("1", "yes", judge="rule:echo")], True),
        ([judged("1", "no", judge="rule:echo")], False),
        ([judged("1", "yes", judge="imported")], True),
        ([judged("1", "yes", 0.3, judge="imported")], False),
        ([judged("1", "yes", 0.9, judge="imported"), judged("1", "no", 0.1)], False),
        ([judged("1", "no", 0.1, judge="imported"), judged("1", "yes", 0.9)], True),
        ([judged("1", "yes", 0.9, judge="typicality")], False),
    ],
)
def test_rules_and_shopper_decide(verdicts: list[Verdict], expected: bool) -> None:
    """No rule may say no; the score decides where there is one, else the answer; unparsed is not kept."""
    assert kept(verdicts) is expected


def test_ids_are_those_of_the_content() -> None:
    """Intentions and triples have ids that anyone can compute from what they say."""
    tables = built([said("1", "They are both used for Camping.")], [judged("1", "yes", 0.8)])
    intention = content_id("intention", "camping", "en")
    assert records_of(Intention, tables.intentions) == [Intention(id=intention, text="Camping")]
    assert records_of(Triple, tables.triples) == [
        Triple(
            id=content_id("triple", LAMP, "usedFor", intention),
            cobuy=LAMP,
            product_a="lamp",
            product_b="tent",
            relation="usedFor",
            intention=intention,
            acceptance=0.8,
        )
    ]


def test_the_most_frequent_spelling_is_shown() -> None:
    """Spellings are counted without lead-in; of equally frequent ones the smallest in bytes is taken."""
    often = [said("1", "camping"), said("2", "they are both used for camping"), said("3", "Camping")]
    tied = [said("4", "Étude", cobuy=MUG), said("5", "étude", cobuy=MUG)]
    tables = built([*often, *tied], [judged(str(n), "yes") for n in range(1, 6)])
    assert sorted(tables.intentions["text"]) == ["camping", "Étude"]


def test_support_counts_and_acceptance_averages_what_is_known() -> None:
    """Two candidates that say the same are one triple; a missing score is left out of the mean."""
    tables = built(
        [said("1", "camping"), said("2", "Camping"), said("3", "camping."), said("4", "cooking")],
        [judged("1", "yes", 0.7), judged("2", "yes", 0.8), judged("3", "yes"), judged("4", "yes")],
    )
    found = sorted(tables.triples.select("support", "acceptance").rows())
    assert found == [(1, None), (3, 0.75)]
    assert sorted(tables.evidence["candidate"]) == ["1", "2", "3", "4"]
    assert set(tables.evidence["triple"]) == set(tables.triples["id"])


def test_relation_language_and_cobuy_tell_triples_apart() -> None:
    """Another co-buy or relation makes another triple, another language another intention."""
    tables = built(
        [
            said("1", "camping"),
            said("2", "camping", cobuy=MUG),
            said("3", "camping", relation="can"),
            said("4", "camping", lang="de"),
        ],
        [judged(str(n), "yes") for n in range(1, 5)],
    )
    assert len(tables.triples) == 4
    assert sorted(tables.intentions["lang"]) == ["de", "en"]


def test_every_candidate_is_counted_once() -> None:
    """The funnel says where each candidate went, in order, and adds up."""
    candidates = [said(str(n), f"purpose {n}") for n in range(1, 8)]
    candidates += [said("8", "they are both used for"), said("9", "gone", cobuy="nowhere")]
    verdicts = [
        judged("1", "yes", 0.9),
        judged("2", "no", judge="rule:title"),
        judged("2", "no", judge="rule:echo"),
        judged("3", "no", judge="rule:title"),
        judged("4", "no", 0.1),
        judged("5", "unparsed"),
        judged("6", "no", judge="imported"),
        judged("8", "yes"),
        judged("9", "yes"),
    ]
    assert list(built(candidates, verdicts).funnel.items()) == [
        ("candidates", 9),
        ("rule:echo", 1),
        ("rule:title", 1),
        ("not judged", 1),
        ("shopper", 1),
        ("imported", 1),
        ("unparsed", 1),
        ("unknown co-buy", 1),
        ("no words", 1),
        ("kept", 1),
    ]


def test_what_has_no_cobuy_or_no_words_is_rejected_with_its_text() -> None:
    """Candidates of a co-buy that is gone, or of empty words, are told one by one."""
    candidates = [said("1", "gone", cobuy="nowhere"), said("2", "they both can …")]
    rejects = built(candidates, [judged("1", "yes"), judged("2", "yes")]).rejects
    assert rejects.select("stage", "key", "raw").rows() == [
        ("build", "1", "gone"),
        ("build", "2", "they both can …"),
    ]


def test_no_candidates_is_told() -> None:
    """There is nothing to build from before distilling."""
    with pytest.raises(WorkspaceError, match="no candidates") as error:
        built([], [])
    assert "mindgraph distill" in error.value.hint


def filled(path: Path) -> Workspace:
    workspace = Workspace.create(path)
    workspace.write(CoBuy, frame_of(CoBuy, PAIRS))
    workspace.write(Candidate, frame_of(Candidate, [said("1", "camping"), said("2", "x", cobuy="nowhere")]))
    workspace.write(Verdict, frame_of(Verdict, [judged("1", "yes", 0.6), judged("2", "yes")]))
    return workspace


def test_an_unchanged_build_does_nothing(tmp_path: Path) -> None:
    """The same input and threshold leave the files alone; another threshold builds anew."""
    workspace = filled(tmp_path)
    first, again = (Pipeline(workspace, workspace.settings()).build() for _ in range(2))
    assert (first.unchanged, again.unchanged) == (False, True)
    assert again.counts == first.counts
    strict = Pipeline(workspace, workspace.settings({"threshold": 0.7})).build()
    assert (strict.unchanged, strict.counts["triples"]) == (False, 0)


def test_a_build_whose_output_is_gone_builds_anew(tmp_path: Path) -> None:
    """A file that was taken away since is written again."""
    workspace = filled(tmp_path)
    Pipeline(workspace, workspace.settings()).build()
    workspace.file(Triple).unlink()
    assert Pipeline(workspace, workspace.settings()).build().unchanged is False
    assert workspace.count(Triple) == 1


def test_rejects_are_kept_and_replaced(tmp_path: Path) -> None:
    """A build's rejects stand in the table until the next build, others' stay."""
    workspace = filled(tmp_path)
    workspace.replace_rejects("ingest", [Reject(stage="ingest", reason="bad line")])
    Pipeline(workspace, workspace.settings()).build()
    assert workspace.read(Reject)["stage"].to_list() == ["build", "ingest"]
    workspace.write(Candidate, workspace.read(Candidate).filter(pl.col("id") == "1"))
    Pipeline(workspace, workspace.settings()).build()
    assert workspace.read(Reject)["stage"].to_list() == ["ingest"]
    assert workspace.count(Evidence) == 1
