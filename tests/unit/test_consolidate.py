"""Near-duplicate wordings become one intention, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mindgraph.clusters import neighbours
from mindgraph.clusters.consolidate import consolidate
from mindgraph.clusters.words import guard, signature
from mindgraph.graph import project
from mindgraph.records import Intention, Merge, Triple
from mindgraph.tables import frame_of
from mindgraph.vectors import open_vectors
from tests.purposes import intention, merges_of, said_workspace


def merged(
    texts: list[str], *, radius: float = 0.88, brands: tuple[str, ...] = (), lang: str = "en"
) -> set[str]:
    """Return the texts that a group of these intentions makes one, as pairs "wording → canonical"."""
    intentions = frame_of(Intention, [intention(text, lang) for text in texts]).unique("id").sort("id")
    vectors = open_vectors("static").embed(intentions["text"].to_list())
    triples = frame_of(Triple, [])
    found = merges_of(intentions, triples, vectors, radius=radius, brands=brands)
    names = dict(intentions.select("id", "text").iter_rows())
    return {f"{names[a]} → {names[b]}" for a, b in found.select("intention", "canonical").iter_rows()}


def test_another_grammar_is_the_same_intention():
    """Word order, articles, plurals and endings make no new intention."""
    assert len(merged(["charge a phone quickly", "quickly charging their phones"])) == 1


def test_the_things_that_serve_a_deed_say_nothing_new():
    """ "Gear for washing a tent" is "washing a tent"."""
    assert signature("gear for washing a tent") == signature("washing the tents")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hiking in the rain", "hiking, but not in the rain"),
        ("charging without cables", "charging with cables"),
        ("storing 64 GB of photos", "storing 128 GB of photos"),
        ("a tent for 2 people", "a tent for 4 people"),
        ("mounting a 27 inch monitor", "mounting a 32 inch monitor"),
        ("storing small boxes in the garage", "storing large boxes in the garage"),
        ("dressing kids for summer", "dressing adults for summer"),
        ("can't slip on wet floors", "can slip on wet floors"),
    ],
)
def test_guards_keep_meanings_apart(one: str, other: str):
    """Negation, numbers with units, and sizes are never merged across, however near the vectors are."""
    assert merged([one, other], radius=0.0) == set()


def test_brands_of_the_catalogue_keep_meanings_apart():
    """A brand that the catalogue knows is never merged away."""
    texts = ["charging a Lumina camera", "charging a Pixor camera"]
    assert merged(texts, radius=0.0, brands=("Lumina", "Pixor")) == set()
    assert merged(texts, radius=0.0) != set()


def test_languages_are_never_merged():
    """Two languages say two intentions, even in the same letters."""
    assert guard("photo") == guard("photo")
    both = frame_of(Intention, [intention("camping", "en"), intention("camping", "fr")]).sort("id")
    vectors = open_vectors("static").embed(both["text"].to_list())
    assert merges_of(both, frame_of(Triple), vectors, radius=0.5).is_empty()


def test_no_chain_leads_from_one_meaning_to_another():
    """Of four in a row, each near the next, the middle ones go to the nearer end and no further."""
    angles = np.deg2rad([0, 20, 40, 60])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    rows = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "signature": ["a", "b", "c", "d"],
            "guard": [""] * 4,
            "uses": [30, 1, 1, 30],
            "apart": [False] * 4,
        }
    )
    found = consolidate(rows, vectors, neighbours(vectors, 3), radius=float(np.cos(np.deg2rad(25))))
    assert found.select("intention", "canonical").rows() == [("b", "a"), ("c", "d")]


def test_the_canonical_is_the_most_central_wording():
    """The most used wording in the middle stands for the others, wherever it stands in the table."""
    texts = ["charging a phone", "charge phones", "charging your phone", "charge the phone"]
    intentions = frame_of(Intention, [intention(text) for text in texts]).sort("id")
    triples = frame_of(
        Triple,
        [
            Triple(id=f"t{n}", cobuy=f"c{n}", product_a="a", product_b="b", relation="usedFor", intention=i)
            for n, i in enumerate([intention("charging a phone").id] * 5 + intentions["id"].to_list())
        ],
    )
    vectors = open_vectors("static").embed(intentions["text"].to_list())
    found = merges_of(intentions, triples, vectors, radius=0.88)
    assert set(found["canonical"]) == {intention("charging a phone").id}
    assert len(found) == 3


def test_apart_is_apart():
    """An intention that a person set apart neither merges nor is merged into."""
    texts = ["charging a phone", "charge phones"]
    intentions = frame_of(Intention, [intention(text) for text in texts]).sort("id")
    vectors = open_vectors("static").embed(intentions["text"].to_list())
    apart = [intentions["id"][0]]
    assert merges_of(intentions, frame_of(Triple), vectors, radius=0.5, apart=apart).is_empty()


def test_zero_vectors_merge_with_nothing():
    """A text that has no vector has no neighbours, and merges with nothing."""
    rows = pl.DataFrame(
        {"id": ["a", "b"], "signature": ["", ""], "guard": ["", ""], "uses": [1, 1], "apart": [False, False]}
    )
    vectors = np.zeros((2, 4), dtype=np.float32)
    assert neighbours(vectors, 5).is_empty()
    assert consolidate(rows, vectors, neighbours(vectors, 5), radius=0.5).is_empty()


def test_projection_without_merges_gives_the_raw_triples_back(tmp_path: Path):
    """Consolidation is reversible: with no merges the projection is what was said."""
    workspace = said_workspace(tmp_path, [("a", "b", ["charging a phone", "charge phones"])])
    triples = workspace.read(Triple)
    assert project(triples, frame_of(Merge)).equals(triples)
