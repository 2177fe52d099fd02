"""What the embedded engine answers, made readable."""

from __future__ import annotations

from mindgraph.stores.embedded_values import readable

RECORDS = {
    "#1:0": {"@type": "Product", "@rid": "#1:0", "key": "s/lamp", "categories": []},
    "#4:2": {"@type": "Intention", "@rid": "#4:2", "id": "i"},
    "#7:9": {"@type": "BOUGHT_FOR", "@rid": "#7:9", "support": 2},
}
LAMP = {"labels": ["Product"], "properties": {"categories": [], "key": "s/lamp"}}
REASON = {"labels": ["Intention"], "properties": {"id": "i"}}
BOUGHT = {"type": "BOUGHT_FOR", "properties": {"support": 2}}


def test_nodes_and_relationships_lose_their_numbers() -> None:
    """Wherever they stand: alone, in lists, in maps."""
    value = {"list": [RECORDS["#1:0"]], "map": {"r": RECORDS["#7:9"]}, "plain": [1, None, 2.5, True]}

    assert _readable(value) == {"list": [LAMP], "map": {"r": BOUGHT}, "plain": [1, None, 2.5, True]}


def test_a_path_becomes_its_nodes_and_relationships_in_either_direction() -> None:
    """The engine gives a path as text."""
    assert _readable("(#4:2)<-[#7:9]-(#1:0)") == {"nodes": [REASON, LAMP], "relationships": [BOUGHT]}
    assert _readable("(#1:0)") == {"nodes": [LAMP], "relationships": []}


def test_a_text_stays_a_text() -> None:
    """Also where it only begins as a path does."""
    assert _readable("(#1:0) and more") == "(#1:0) and more"


def test_what_is_no_number_in_json_is_told_as_text() -> None:
    """Whatever reads the answer can read it."""
    assert _readable([float("nan"), float("inf"), -float("inf")]) == ["NaN", "Infinity", "-Infinity"]


def _readable(value: object) -> object:
    return readable(value, frozenset({"BOUGHT_FOR"}), RECORDS.__getitem__)
