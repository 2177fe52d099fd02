"""Reading holds for every answer: it gives what was said, or says why it cannot."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mindgraph.prompts import Unreadable, read_because, read_feature, read_intentions, show
from mindgraph.prompts.fence import LIMITS, cut, fenced
from mindgraph.relations import DEFAULT_RELATIONS

RELATIONS = st.lists(st.sampled_from(DEFAULT_RELATIONS), min_size=1, max_size=6, unique=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
WORDS = st.from_regex(r"[a-z]{3,9}( [a-z]{3,9}){0,4}", fullmatch=True)


@given(st.text(), RELATIONS)
def test_any_text_is_read_or_unreadable(text: str, relations: list[str]) -> None:
    """No answer makes a reader fail in another way than by saying why."""
    for read in (
        lambda: read_intentions(text, relations),
        lambda: read_feature(text),
        lambda: read_because(text),
    ):
        try:
            read()
        except Unreadable as error:
            assert "\n" not in str(error)


@given(JSON, RELATIONS)
def test_any_json_is_read_or_unreadable(value: Any, relations: list[str]) -> None:
    """The same holds for JSON of any shape."""
    try:
        found = read_intentions(json.dumps(value), relations)
    except Unreadable:
        return
    assert {one.relation for one in found} <= set(relations)


@given(
    st.dictionaries(st.sampled_from(DEFAULT_RELATIONS), st.none() | WORDS, min_size=1), st.text(), st.text()
)
def test_what_was_said_comes_back(answer: dict[str, str | None], before: str, after: str) -> None:
    """An answer reads back, whatever talk stands around its fence."""
    said = {r: None if w is None else {"phrase": f"x{w}", "detail": "d"} for r, w in answer.items()}
    talk = before.replace("`", "").replace("{", "")
    text = f"{talk}\n```json\n{json.dumps(said)}\n```\n{after}"
    found = read_intentions(text, tuple(answer))
    assert {g.relation: g.phrase for g in found} == {r: f"x{w}" for r, w in answer.items() if w is not None}


@given(st.text(), st.text())
def test_data_reads_back_and_cannot_leave_its_fence(title: str, description: str) -> None:
    """Whatever a catalogue says, its data is one line of JSON without marks."""
    shown = show(title, description=description)
    assert "<" not in shown.data and ">" not in shown.data and "\n" not in shown.data
    assert json.loads(shown.data).get("title", "") == cut(title, LIMITS["title"])
    assert json.loads(fenced(description)) == description


@given(st.text(), st.integers(2, 50))
def test_cut_is_short_enough(text: str, limit: int) -> None:
    """A cut text is never longer than the limit, and cutting it again changes nothing."""
    assert len(cut(text, limit)) <= limit
    assert cut(cut(text, limit), limit) == cut(text, limit)
