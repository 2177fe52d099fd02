"""Numbers and rows dealt out on disk, and a walk that does not depend on the order of the tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mindgraph.rdf.batches import FrameTables
from mindgraph.rdf.ids import Ids, Marks, packed, unpacked
from mindgraph.rdf.source import Source
from mindgraph.rdf.spill import Cuts, Numbers, Spill, Tape, distinct, resized
from mindgraph.rdf.syntax import text_chunks
from mindgraph.rdf.terms import encode_one
from mindgraph.rdf.writer import syntax_of, vocabulary
from mindgraph.records import Candidate, Evidence, Record, Triple
from tests.handon import write_tables

DIGESTS = st.binary(min_size=16, max_size=16).map(bytes.hex)
NEAR = st.sampled_from(["00" * 16, "00" * 15 + "01", "0f" * 16, "0F" * 16, "g0" * 16, "0" * 31, "0" * 33])
IDS = DIGESTS | NEAR | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)


def test_numbers_come_back_sorted_and_once(tmp_path: Path):
    """Each part holds its numbers in order, however often and in whatever order they were added."""
    numbers = Numbers(tmp_path / "n")
    for values in ([9, 1, 14], [1, 2, 11]):
        added = np.array(values, dtype=np.uint64)
        numbers.add(added, pl.Series([value // 10 for value in values], dtype=pl.UInt32))
    assert [numbers.part(part).tolist() for part in (0, 1, 2, -1)] == [[1, 2, 9], [11, 14], [], []]


@given(st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)), max_size=20))
def test_packed_pairs_sort_as_pairs(pairs: list[tuple[int, int]]):
    """Two numbers packed into one sort as the pair does, and are the same pair again."""
    high, low = (np.array([pair[side] for pair in pairs], dtype=np.uint32) for side in (0, 1))
    again = unpacked(distinct(packed(high, low)))
    assert list(zip(*(side.tolist() for side in again), strict=True)) == sorted(set(pairs))


def test_rows_come_back_in_their_parts(tmp_path: Path):
    """A part holds its rows in the order in which they came; a part without rows is empty."""
    spill = Spill(tmp_path / "s", pl.DataFrame(schema={"id": pl.String}))
    for ids, parts in ((["b", "a"], [1, 0]), (["c"], [1])):
        spill.add(pl.DataFrame({"id": ids}), pl.Series(parts, dtype=pl.UInt32))
    assert [spill.part(part)["id"].to_list() for part in (0, 1, 2)] == [["a"], ["b", "c"], []]


def test_a_tape_is_read_in_the_order_written(tmp_path: Path):
    """Rows of numbers come back as they were, a few at a time."""
    tape = Tape(tmp_path / "tape", 2)
    tape.add(np.array([[1, 2], [3, 4]], dtype=np.uint64))
    tape.add(np.array([[5, 6]], dtype=np.uint64))
    tape.rewind()
    assert [tape.take(1).tolist(), tape.take(2).tolist()] == [[[1, 2]], [[3, 4], [5, 6]]]
    tape.close()


def test_cuts_follow_the_order_of_iris():
    """A part begins after its bound; `lam-p` comes before `lamp`, as in the order of `<…/lamp>`."""
    assert Cuts(pl.Series(["la>", "lamp>"])).of(
        pl.Series(["a", "la", "lam-p", "lamp.2", "lamp"])
    ).to_list() == [
        0,
        1,
        1,
        1,
        2,
    ]


def test_pieces_have_the_size_asked_for():
    """Rows are handed on in pieces of one size, whatever sizes they come in."""
    frames = [pl.DataFrame({"n": list(range(a, b))}) for a, b in ((0, 5), (5, 6), (6, 13))]
    pieces = [piece["n"].to_list() for piece in resized(frames, 4)]
    assert pieces == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12]]


def test_every_thing_has_its_group():
    """Marks say of each id its group, and of an unknown one the number of groups."""
    given_ = pl.Series([f"c{n}" for n in range(1000)])
    groups = np.arange(1000, dtype=np.uint32) % 3
    marks = Marks(lambda: [(given_, groups)], 3)
    assert marks.of(given_).tolist() == groups.tolist()
    assert marks.of(pl.Series(["nobody"])).tolist() == [3]


def test_ids_are_numbered_as_their_iris_sort():
    """Numbers follow the order of IRIs; what is not known gets one of its own, after the others."""
    ids = Ids([pl.Series(["lamp", "lam-p", "a b"])])
    assert ids.codes(pl.Series(["a b", "lam-p", "lamp", "?", "?"])).tolist() == [0, 1, 2, 3, 3]
    assert ids.names(pl.Series([0, 3], dtype=pl.UInt32)).to_list() == ["a%20b", "%3F"]


@given(st.lists(IDS, max_size=12, unique=True), st.lists(IDS, max_size=12), st.booleans())
def test_ids_of_any_form_are_found_again(held: list[str], asked: list[str], ordered: bool):
    """Ids by content and any others have a number each, those of the table in the order of their IRIs."""
    held = sorted(held, key=lambda id_: encode_one(id_) + ">") if ordered else held
    ids = Ids([pl.Series(held[:5], dtype=pl.String), pl.Series(held[5:], dtype=pl.String)])
    wanted = pl.Series([*held, *asked], dtype=pl.String)
    codes = pl.Series(ids.codes(wanted))
    assert ids.raw(codes).to_list() == wanted.to_list()
    assert ids.names(codes).to_list() == [encode_one(id_) for id_ in wanted]
    order = sorted(held, key=lambda id_: encode_one(id_) + ">")
    assert ids.codes(pl.Series(order, dtype=pl.String)).tolist() == list(range(len(order)))


def test_the_order_of_a_table_shows_nowhere(tmp_path: Path):
    """Triples that do not come in the order of their IRIs are put there: the same lines are written."""
    workspace = write_tables(tmp_path / "ws")
    settings = workspace.settings()
    syntax = syntax_of("nt", vocabulary(settings), settings)
    written = []
    for turned in (False, True):

        def read(record: type[Record], turned: bool = turned) -> pl.DataFrame:
            found = workspace.read(record)
            if record in (Evidence, Candidate):
                return found.clear()
            return found.reverse() if turned and record is Triple else found

        blocks = Source(FrameTables(read), "shop").blocks(tmp_path / str(turned))
        texts = [chunk for block in blocks for text in syntax.render(block) for chunk in text_chunks(text)]
        written.append(b"".join(texts))
    assert written[0] == written[1]
    assert b"/triple/shop/" in written[0]
