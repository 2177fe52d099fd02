"""What holds for every set of wordings and every graph."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from mindgraph.clusters import as_rows, consolidate, neighbours, neighbours_of, wordings_of
from mindgraph.clusters.communities import communities, connected, levels, modularity
from mindgraph.clusters.words import SIZES, guard, signature
from mindgraph.records import Intention, Triple
from mindgraph.tables import frame_of
from mindgraph.vectors import open_vectors
from tests.purposes import intention

WORDS = [
    "charging",
    "charge",
    "phone",
    "phones",
    "a",
    "the",
    "quickly",
    "camping",
    "tent",
    "tents",
    "not",
    "2",
    "4",
    "people",
    "large",
    "small",
    "for",
    "in",
    "car",
    "during",
    "road",
    "painting",
    "paint",
    "gear",
]
TEXTS = st.lists(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join), min_size=1, max_size=25
)


def merges(texts: list[str], order: list[int] | None = None, radius: float = 0.85) -> pl.DataFrame:
    """Return the merges of texts, given in an order."""
    rows = frame_of(Intention, [intention(text) for text in texts]).unique("id", keep="any").sort("id")
    vectors = open_vectors("static").embed(rows["text"].to_list())
    triples = frame_of(Triple, [_triple(n, text) for n, text in enumerate(texts)])
    if order:
        triples = triples.sample(fraction=1.0, shuffle=True, seed=order[0])
    wordings = wordings_of(rows, triples)
    near = neighbours_of(wordings, vectors)
    if order:
        near = near.sample(fraction=1.0, shuffle=True, seed=order[0])
    return consolidate(wordings, vectors, as_rows(near, rows["id"]), radius=radius)


def _triple(number: int, text: str) -> Triple:
    return Triple(
        id=f"{number}",
        cobuy=f"c{number}",
        product_a="a",
        product_b="b",
        relation="can",
        intention=intention(text).id,
    )


@settings(max_examples=60, deadline=None)
@given(TEXTS, st.integers(1, 99))
def test_the_order_of_the_rows_changes_no_merge(texts: list[str], seed: int):
    """The same wordings in any order give the same merges."""
    once = {text.casefold(): text for text in texts}
    texts = sorted(once.values())
    assert merges(texts).equals(merges(texts[::-1], [seed]))


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_every_merge_keeps_the_guards_and_ends_at_a_canonical(texts: list[str]):
    """No merge changes a negation, number or size; no canonical is itself merged; all are near enough."""
    names = {intention(text).id: text for text in texts}
    found = merges(texts)
    assert not set(found["canonical"]) & set(found["intention"])
    for one, other, score in found.iter_rows():
        assert guard(names[one]) == guard(names[other])
        assert score >= 0.85 - 1e-4 or (
            signature(names[one]) == signature(names[other]) and score >= 0.6 - 1e-4
        )


@given(st.text(max_size=40))
def test_signature_and_guard_read_any_text(text: str):
    """Any text at all has a signature and a guard, the same each time."""
    assert signature(text) == signature(text)
    assert guard(text) == guard(text)


def test_size_words_are_lower_case():
    """The lists of words are written as texts are compared."""
    assert all(word == word.casefold() for word in SIZES)


@st.composite
def graphs(draw: st.DrawFn) -> sparse.csr_matrix:
    """Draw a symmetric weighted graph without loops, pieces and lonely nodes included."""
    count = draw(st.integers(1, 40))
    ends = st.integers(0, count - 1)
    edges = draw(st.lists(st.tuples(ends, ends, st.floats(0.1, 5)), max_size=120))
    graph = sparse.lil_matrix((count, count))
    for one, other, weight in edges:
        if one != other:
            graph[one, other] = graph[other, one] = weight
    return sparse.csr_matrix(graph)


@settings(max_examples=80, deadline=None)
@given(graphs(), st.floats(0.2, 8))
def test_communities_are_connected_and_the_same_each_time(graph: sparse.csr_matrix, resolution: float):
    """Each community hangs together; splitting what did not never lowers modularity; twice is the same."""
    raw = communities(graph, resolution)
    labels = connected(graph, raw)
    assert np.array_equal(labels, connected(graph, communities(graph, resolution)))
    assert modularity(graph, labels, resolution) >= modularity(graph, raw, resolution) - 1e-12
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        assert connected_components(graph[members][:, members], directed=False)[0] == 1


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_levels_are_nested(graph: sparse.csr_matrix):
    """Each community of a level lies inside one community of the next."""
    found = levels(graph, (4.0, 1.0, 0.3))
    for fine, broad in itertools.pairwise(found):
        pairs = {(int(a), int(b)) for a, b in zip(fine, broad, strict=True)}
        assert len(pairs) == len(np.unique(fine))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(1, 8), st.integers(0, 9))
def test_neighbours_are_the_nearest_by_cosine(count: int, k: int, seed: int):
    """Neighbours are those that comparing every pair gives."""
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 5)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = neighbours(vectors, k)
    cosine = vectors @ vectors.T
    np.fill_diagonal(cosine, -np.inf)
    for row in range(count):
        here = found.filter(pl.col("source") == row)["cosine"].to_numpy()
        expected = np.sort(cosine[row])[::-1][: min(k, count - 1)]
        np.testing.assert_allclose(here, np.clip(expected, -1, 1), atol=1e-5)
