"""What holds of every build, whatever the candidates and the verdicts."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import build_loop
from mindgraph.records import Candidate, CoBuy, Record, Verdict, content_id
from mindgraph.tables import frame_of
from mindgraph.texts import clean
from mindgraph.triples import Built, build
from mindgraph.workspace import Workspace

PAIRS = [
    CoBuy(id=content_id("cobuy", a, b), product_a=a, product_b=b)
    for a, b in [("lamp", "tent"), ("mug", "pot")]
]
TEXTS = st.sampled_from(
    [
        "camping",
        "Camping.",
        "they are both used for camping",
        "cooking",
        "they both can",
        "",
        "straße",
        "STRASSE",
    ]
) | st.text(max_size=6).map(clean)
ANSWERS = st.sampled_from(["yes", "no", "unparsed"])
JUDGES = ("imported", "rule:echo", "rule:title", "shopper")
SCORES = st.none() | st.floats(0, 1)


@st.composite
def inputs(draw: st.DrawFn) -> tuple[list[Candidate], list[Verdict]]:
    candidates = [
        Candidate(
            id=f"{number:03}",
            cobuy=draw(st.sampled_from([pair.id for pair in PAIRS] + ["gone"])),
            relation=draw(st.sampled_from(["usedFor", "can"])),
            text=draw(TEXTS),
            lang=draw(st.sampled_from(["en", "de"])),
            generator="g",
            reply="r",
        )
        for number in range(draw(st.integers(1, 12)))
    ]
    verdicts = [
        Verdict(candidate=candidate.id, judge=judge, answer=draw(ANSWERS), score=draw(SCORES))
        for candidate in candidates
        for judge in draw(st.sets(st.sampled_from(JUDGES)))
    ]
    return candidates, verdicts


def built(candidates: list[Candidate], verdicts: list[Verdict], threshold: float = 0.5) -> Built:
    frames = frame_of(Candidate, candidates), frame_of(Verdict, verdicts), frame_of(CoBuy, PAIRS)
    return build(*(frame.lazy() for frame in frames), threshold=threshold)


def same(one: Built, other: Built) -> bool:
    tables = ("intentions", "triples", "evidence")
    return all(getattr(one, table).equals(getattr(other, table)) for table in tables)


@given(inputs(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    given_: tuple[list[Candidate], list[Verdict]], random: Random
) -> None:
    """Shuffled candidates and verdicts give the same tables, to the last digit."""
    candidates, verdicts = given_
    shuffled = random.sample(candidates, len(candidates)), random.sample(verdicts, len(verdicts))
    assert same(built(candidates, verdicts), built(*shuffled))


@given(inputs())
def test_support_and_evidence_add_up_to_what_is_kept(given_: tuple[list[Candidate], list[Verdict]]) -> None:
    """Every kept candidate is the evidence of one triple, and every triple's support is its evidence."""
    tables = built(*given_)
    counted = tables.evidence.group_by("triple").len().join(tables.triples, left_on="triple", right_on="id")
    assert len(tables.evidence) == tables.funnel["kept"] == tables.triples["support"].sum()
    assert (counted["len"].cast(pl.Int64) == counted["support"]).all()
    assert set(tables.triples["intention"]) == set(tables.intentions["id"])
    assert sum(n for name, n in tables.funnel.items() if name != "candidates") == tables.funnel["candidates"]


@given(inputs(), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_threshold_keeps_no_more(
    given_: tuple[list[Candidate], list[Verdict]], one: float, other: float
) -> None:
    """What a strict threshold keeps, a lenient one keeps too."""
    lenient, strict = (built(*given_, threshold=value) for value in sorted((one, other)))
    assert set(strict.evidence["candidate"]) <= set(lenient.evidence["candidate"])


@settings(max_examples=40)
@given(inputs())
def test_a_plain_loop_finds_the_same(given_: tuple[list[Candidate], list[Verdict]]) -> None:
    """The whole-table build and a plain loop over the same files agree to the last digit."""
    rows: list[tuple[type[Record], list[Record]]] = [
        (Candidate, [*given_[0]]),
        (Verdict, [*given_[1]]),
        (CoBuy, [*PAIRS]),
    ]
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(folder)
        for record, found in rows:
            workspace.write(record, frame_of(record, found))
        looped = build_loop.build(Path(folder), 0.5)
    tables = built(*given_)
    assert tuple(t.to_dicts() for t in (tables.intentions, tables.triples, tables.evidence)) == looped
