"""What holds of every projection of a workspace into a graph."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mindgraph.graph import EDGES, NODES, Graph, graph_of, project
from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Evidence,
    Generator,
    Intention,
    Membership,
    Merge,
    Product,
    Record,
    Triple,
    content_id,
)
from mindgraph.tables import frame_of

Tables = dict[type[Record], list[Record]]
WORDS = ("camping", "cooking", "camping out", "going camping", "giving")
IDS = {word: content_id("intention", word, "en") for word in WORDS}


def read(tables: Tables) -> Callable[[type[Record]], pl.DataFrame]:
    return lambda record: frame_of(record, tables.get(record, []))


@st.composite
def workspaces(draw: st.DrawFn) -> Tables:
    """Draw a small workspace that is whole: every id that is named is there."""
    products = [Product(id=id_, title=id_) for id_ in "abcd"]
    ends = draw(st.sets(st.sampled_from([("a", "b"), ("a", "c"), ("b", "c"), ("c", "d")]), min_size=1))
    cobuys = {
        pair: CoBuy(id=content_id("cobuy", *pair), product_a=pair[0], product_b=pair[1]) for pair in ends
    }
    keys = st.tuples(
        st.sampled_from(sorted(ends)), st.sampled_from(["can", "usedFor"]), st.sampled_from(WORDS)
    )
    triples, evidence, candidates = [], [], []
    for pair, relation, word in sorted(draw(st.sets(keys, max_size=12))):
        id_ = content_id("triple", cobuys[pair].id, relation, IDS[word])
        support = draw(st.integers(1, 3))
        acceptance = draw(st.none() | st.floats(0, 1))
        triples.append(
            Triple(
                id=id_,
                cobuy=cobuys[pair].id,
                product_a=pair[0],
                product_b=pair[1],
                relation=relation,
                intention=IDS[word],
                acceptance=acceptance,
                support=support,
            )
        )
        for number in range(support):
            candidate = f"{id_}-{number}"
            evidence.append(Evidence(triple=id_, candidate=candidate))
            candidates.append(
                Candidate(
                    id=candidate,
                    cobuy=cobuys[pair].id,
                    relation=relation,
                    text=word,
                    generator=draw(st.sampled_from("gh")),
                    reply="r",
                )
            )
    used = {triple.intention for triple in triples}
    fine = [Cluster(id=f"fine{n}", parent="broad", level=0, label="x", size=1) for n in range(2)]
    placed = draw(
        st.dictionaries(st.sampled_from(WORDS), st.tuples(st.sampled_from(fine), st.floats(0.1, 1)))
    )
    return {
        Product: [*products],
        CoBuy: [*cobuys.values()],
        Generator: [Generator(id=id_, model=id_) for id_ in "gh"],
        Candidate: [*candidates],
        Intention: [Intention(id=id_, text=word) for word, id_ in IDS.items() if id_ in used],
        Triple: [*triples],
        Evidence: [*evidence],
        Cluster: [*fine, Cluster(id="broad", level=1, label="y", size=2)],
        Membership: [Membership(intention=IDS[w], cluster=c.id, weight=x) for w, (c, x) in placed.items()],
    }


#: "camping out" and "going camping" stand for "camping".
MERGES = [Merge(intention=IDS[word], canonical=IDS["camping"], score=0.9) for word in WORDS[2:4]]


def with_canonical(tables: Tables) -> Tables:
    """Return the tables with merges; what is merged into is always an intention."""
    known = {record.id for record in tables[Intention] if isinstance(record, Intention)}
    more = [] if IDS["camping"] in known else [Intention(id=IDS["camping"], text="camping")]
    return {**tables, Intention: [*tables[Intention], *more], Merge: [*MERGES]}


def total(graph: Graph, type_: str, column: str) -> float:
    return float(graph.edges[type_].rows[column].sum())


def equal(one: Graph, other: Graph) -> bool:
    tables = [(one.nodes[label].rows, other.nodes[label].rows) for label in NODES]
    tables += [(one.edges[type_].rows, other.edges[type_].rows) for type_ in EDGES]
    return all(a.equals(b) for a, b in tables)


@given(workspaces(), st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_rows_does_not_matter(tables: Tables, random: Random, merged: bool) -> None:
    """Shuffled tables give the same graph, to the last digit."""
    tables = with_canonical(tables) if merged else tables
    shuffled = {record: random.sample(rows, len(rows)) for record, rows in tables.items()}
    assert equal(graph_of(read(tables), "shop"), graph_of(read(shuffled), "shop"))


@given(workspaces())
def test_without_merges_projecting_changes_nothing(tables: Tables) -> None:
    """Consolidation that is taken away leaves the triples as they were built."""
    triples = frame_of(Triple, tables[Triple])
    assert project(triples, frame_of(Merge)).equals(triples)


@given(workspaces())
def test_merges_of_what_nobody_says_change_nothing(tables: Tables) -> None:
    """A merge of an intention that no triple has does nothing."""
    triples = frame_of(Triple, tables[Triple])
    merge = Merge(intention=content_id("intention", "nobody says", "en"), canonical=IDS["giving"], score=1.0)
    assert project(triples, frame_of(Merge, [merge])).equals(triples)


@given(workspaces())
def test_support_adds_up(tables: Tables) -> None:
    """Merging moves support, and never makes or loses any; both products have it all."""
    raw = sum(row.support for row in tables[Triple] if isinstance(row, Triple))
    for projected in (tables, with_canonical(tables)):
        graph = graph_of(read(projected), "shop")
        assert total(graph, "HAS_INTENTION", "support") == raw
        assert total(graph, "BOUGHT_FOR", "support") == 2 * raw


@given(workspaces())
def test_every_edge_ends_at_a_canonical_intention(tables: Tables) -> None:
    """After merging no edge and no node names a merged wording; the wordings stand at the canonical one."""
    graph = graph_of(read(with_canonical(tables)), "shop")
    merged = {merge.intention for merge in MERGES}
    for type_ in ("HAS_INTENTION", "BOUGHT_FOR"):
        assert not merged & set(graph.edges[type_].rows["target"])
    nodes = graph.nodes["Intention"].rows
    assert not merged & set(nodes["id"])
    said = {row.text for row in tables[Intention] if isinstance(row, Intention) and row.id in merged}
    assert set(nodes["variants"].explode().drop_nulls()) == said


@given(workspaces())
def test_projecting_twice_is_projecting_once(tables: Tables) -> None:
    """What has been projected has nothing left to merge."""
    merges = frame_of(Merge, MERGES)
    once = project(frame_of(Triple, tables[Triple]), merges)
    assert project(once, merges).equals(once)


@given(workspaces())
def test_acceptance_stays_between_what_it_is_the_mean_of(tables: Tables) -> None:
    """A mean over merged triples lies between the smallest and the largest, null where none is known."""
    raw = frame_of(Triple, tables[Triple])
    known = raw["acceptance"].drop_nulls()
    for acceptance in project(raw, frame_of(Merge, MERGES))["acceptance"].drop_nulls():
        assert known.min() - 1e-12 <= acceptance <= known.max() + 1e-12
    assert known.is_empty() == project(raw, frame_of(Merge, MERGES))["acceptance"].drop_nulls().is_empty()


@given(workspaces(), st.booleans())
def test_every_relationship_has_both_its_ends(tables: Tables, merged: bool) -> None:
    """Sources and targets are keys of nodes, and what tells rows apart is unique."""
    graph = graph_of(read(with_canonical(tables) if merged else tables), "shop")
    keys = {label: set(table.rows[table.key]) for label, table in graph.nodes.items()}
    for table in graph.nodes.values():
        assert table.rows[table.key].is_unique().all()
    for table in graph.edges.values():
        assert set(table.rows["source"]) <= keys[table.source]
        assert set(table.rows["target"]) <= keys[table.target]
        assert (
            not table.rows.select("source", "target", *([table.id] if table.id else [])).is_duplicated().any()
        )


@given(workspaces())
def test_a_product_serves_what_its_intentions_are_in(tables: Tables) -> None:
    """SERVES is BOUGHT_FOR followed by IN_CLUSTER and PART_OF, and nothing else."""
    graph = graph_of(read(tables), "shop")
    ends = {type_: graph.edges[type_].rows.select("source", "target").rows() for type_ in EDGES}
    fine = {(p, c) for p, i in ends["BOUGHT_FOR"] for j, c in ends["IN_CLUSTER"] if i == j}
    broad = {(p, parent) for p, c in fine for child, parent in ends["PART_OF"] if c == child}
    assert set(ends["SERVES"]) == fine | broad


@pytest.mark.parametrize("dataset", ["shop", "my/shop", "Lädchen"])
def test_shops_are_kept_apart_and_intentions_are_shared(dataset: str) -> None:
    """Keys of products and co-buys carry the data set; the same sentence is the same node for all."""
    cobuy = CoBuy(id=content_id("cobuy", "a", "b"), product_a="a", product_b="b")
    triple = Triple(
        id="t", cobuy=cobuy.id, product_a="a", product_b="b", relation="can", intention=IDS["giving"]
    )
    tables: Tables = {
        Product: [Product(id="a", title="a"), Product(id="b", title="b")],
        CoBuy: [cobuy],
        Intention: [Intention(id=IDS["giving"], text="giving")],
        Triple: [triple],
    }
    graph = graph_of(read(tables), dataset)
    assert graph.nodes["Product"].rows["key"].to_list() == [f"{dataset}/a", f"{dataset}/b"]
    assert graph.nodes["Intention"].rows["id"].to_list() == [IDS["giving"]]
    assert graph.counts()["BOUGHT_FOR"] == 2
