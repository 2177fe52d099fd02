"""The graph made slice by slice is the graph made at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from mindgraph.graph import graph_of
from mindgraph.points import placed
from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Community,
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
from mindgraph.spool import INPUTS, LAYERS, Spool, keep_newest, spool
from mindgraph.tables import frame_of
from mindgraph.workspace import Workspace

GENERATORS = ("g1", "g2")


@st.composite
def tables(draw: st.DrawFn) -> Mapping[type[Record], list[Record]]:
    """Draw a small workspace: hubs, merged wordings, clusters of two levels, several generators."""
    letters = st.text("ab\U0001f600\uffee/ '", min_size=1, max_size=3)
    ids = sorted(draw(st.sets(letters, min_size=2, max_size=6)))
    intentions = [f"i{n}" for n in range(draw(st.integers(1, 6)))]
    pairs = [(a, b) for a in ids for b in ids if a < b]
    cobuys = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=6, unique=True))
    said = draw(
        st.lists(
            st.tuples(
                st.integers(0, len(cobuys) - 1),
                st.sampled_from(["can", "usedFor"]),
                st.sampled_from(intentions),
                st.sampled_from([None, 0.1, 0.2, 0.7, 1.0]),
                st.integers(1, 3),
                st.sampled_from(GENERATORS),
            ),
            max_size=15,
            unique_by=lambda row: row[:3],
        )
    )
    merged = draw(st.sets(st.sampled_from(intentions[1:]), max_size=3)) if intentions[1:] else set()
    names = [content_id("triple", f"c{row[0]}", row[1], row[2]) for row in said]
    return {
        Product: [Product(id=id_, title=f"title of {id_}") for id_ in ids],
        CoBuy: [CoBuy(id=f"c{n}", product_a=a, product_b=b) for n, (a, b) in enumerate(cobuys)],
        Generator: [Generator(id=id_, model="m") for id_ in GENERATORS],
        Intention: [Intention(id=id_, text=f"text of {id_}") for id_ in intentions],
        Merge: [Merge(intention=id_, canonical=intentions[0], score=0.9) for id_ in sorted(merged)],
        Triple: [
            Triple(
                id=names[n],
                cobuy=f"c{c}",
                product_a=cobuys[c][0],
                product_b=cobuys[c][1],
                relation=relation,
                intention=intention,
                acceptance=acceptance,
                support=support,
            )
            for n, (c, relation, intention, acceptance, support, _) in enumerate(said)
        ],
        Evidence: [Evidence(triple=names[n], candidate=f"k{n}") for n in range(len(said))],
        Candidate: [
            Candidate(id=f"k{n}", cobuy=f"c{row[0]}", relation=row[1], text="x", generator=row[5], reply="r")
            for n, row in enumerate(said)
        ],
        Cluster: [
            Cluster(id="fine", parent="broad", level=0, label="fine", size=1),
            Cluster(id="other", parent="broad", level=0, label="other", size=1),
            Cluster(id="broad", level=2, label="broad", size=2),
        ],
        Community: [Community(product=id_, community=f"c{n % 2}") for n, id_ in enumerate(ids)],
        Membership: [
            Membership(intention=id_, cluster="fine" if n % 2 else "other", weight=0.3 + n / 10)
            for n, id_ in enumerate(intentions)
        ],
    }


def spooled(rows: Mapping[type[Record], list[Record]], folder: Path, size: int) -> tuple[Workspace, Spool]:
    """Write a workspace and return it with its spool."""
    workspace = Workspace.create(folder / "shop")
    digests = {
        record.table: workspace.write(record, frame_of(record, rows.get(record, []))) for record in INPUTS
    }
    return workspace, spool(workspace.scan, "shop", digests, folder / "spools", size=size)


@settings(max_examples=25, deadline=None)
@given(rows=tables(), size=st.integers(1, 9))
def test_slices_together_are_the_whole_graph(rows: Mapping[type[Record], list[Record]], size: int):
    """Whatever the size of a slice, the spool holds the rows of `graph_of`, in the order of the anchor."""
    with TemporaryDirectory() as folder:
        workspace, made = spooled(rows, Path(folder), size)
        whole = graph_of(workspace.read, "shop")
        expected = {**whole.nodes, **whole.edges}
        for name, layer in LAYERS.items():
            rows_of = expected[name].rows.sort(layer.anchor, *layer.identity)
            if name in ("Intention", "IntentionCluster"):
                rows_of = placed(rows_of, None)
            assert_frame_equal(pl.concat(made.slices(name)), rows_of)
        assert made.counts() == whole.counts()


def test_a_spool_is_made_once(tmp_path: Path):
    """The same tables give the same folder, untouched; other tables another one."""
    workspace = Workspace.create(tmp_path / "shop")
    digests = {Product.table: workspace.write(Product, frame_of(Product, [Product(id="p", title="A lamp")]))}
    first = spool(workspace.scan, "shop", digests, tmp_path / "spools")
    stamp = first.file("Product").stat().st_mtime_ns
    again = spool(workspace.scan, "shop", digests, tmp_path / "spools")
    other = spool(workspace.scan, "shop", {Product.table: "changed"}, tmp_path / "spools")
    assert (again.path, again.file("Product").stat().st_mtime_ns) == (first.path, stamp)
    assert other.path != first.path


def test_old_spools_are_removed(tmp_path: Path):
    """Those that are named stay, and of the others the newest."""
    for number in range(5):
        (tmp_path / f"s{number}").mkdir()
    keep_newest(tmp_path, ["s0"], most=2)
    assert "s0" in {path.name for path in tmp_path.iterdir()}
    assert len(list(tmp_path.iterdir())) == 2
