"""What holds of every prompt and every answer on the wire."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mindgraph.lvlm.http import _completion
from mindgraph.lvlm.keys import key_maker
from mindgraph.lvlm.replies import Replies, pack, unpack
from mindgraph.lvlm.transport import Broken, retry_after
from mindgraph.lvlm.wire import Manner, Pictures, _Likely, _Token, p_yes, request_body
from mindgraph.messages import Picture, Prompt, Reply
from tests.questions import intention

#: What `texts.clean` lets through: any text without lone surrogates.
TEXT = st.text(st.characters(blacklist_categories=["Cs"]))
PARTS = st.lists(TEXT | st.builds(Picture, id=TEXT, path=st.just("/nowhere")), max_size=5).map(tuple)


@given(TEXT, st.lists(TEXT, min_size=1, max_size=4))
def test_words_arrive_as_they_were_written(system: str, parts: list[str]) -> None:
    """Any text survives the request: quotes, markup, instructions and control signs are only text."""
    body = request_body(
        intention(system=system, content=tuple(parts)), "m", Pictures(), manner=Manner(schema="json_schema")
    )
    messages = json.loads(body)["messages"]
    assert messages[-1] == {"role": "user", "content": "\n\n".join(parts)}
    assert [message["content"] for message in messages[:-1]] == ([system] if system else [])


@given(PARTS)
def test_parts_are_stored_as_they_were_asked(parts: tuple[str | Picture, ...]) -> None:
    """What is packed for the ledger comes back, pictures by id."""
    expected = [{"picture": part.id} if isinstance(part, Picture) else part for part in parts]
    assert unpack(pack(parts)) == expected


@given(PARTS, PARTS)
def test_different_words_have_different_keys(
    one: tuple[str | Picture, ...], other: tuple[str | Picture, ...]
) -> None:
    """Two prompts share a key exactly where their parts are the same."""
    key = key_maker("m", "ask")
    first, second = Prompt(kind="k", item="i", content=one), Prompt(kind="k", item="i", content=other)
    assert (key(first) == key(second)) == (one == other)


@settings(max_examples=20, deadline=None)
@given(TEXT, TEXT, TEXT)
def test_the_ledger_gives_back_what_was_said(item: str, text: str, system: str) -> None:
    """Any item, any words and any answer are found again, whatever they try to be."""
    with tempfile.TemporaryDirectory() as folder:
        replies = Replies(Path(folder) / "replies.sqlite")
        prompt = intention(item=item, system=system, content=(text,))
        key = key_maker("m", "ask")(prompt)
        replies.store([(key, Reply(prompt=prompt, text=text))], how="ask", name="m")
        found = replies.look_up([key])[key]
        assert (found.item, found.text) == (item, text)
        replies.close()


@given(st.binary() | TEXT.map(str.encode))
def test_an_answer_is_read_or_broken(raw: bytes) -> None:
    """Whatever a server sends is a completion or Broken with one line; nothing else is raised."""
    try:
        _completion(raw)
    except Broken as broken:
        assert str(broken)
        assert "\n" not in str(broken)


LOGPROB = st.floats(-60, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    "Yes",
                    " yes",
                    "YES",
                    "No",
                    " no",
                    "The",
                    "",
                ]
            ),
            LOGPROB,
        ),
        max_size=9,
    )
)
def test_p_yes_is_a_probability(likely: list[tuple[str, float]]) -> None:
    """p(yes) lies between 0 and 1, and is None exactly where neither word is among the likeliest."""
    tokens = [_Token("Yes", -1.0, [_Likely(*one) for one in likely])] if likely else []
    found = p_yes(tokens)
    words = {word.strip().lower() for word, _ in likely}
    assert (found is None) == (not words & {"yes", "no"})
    assert found is None or (0.0 <= found <= 1.0 and not math.isnan(found))


@given(TEXT)
def test_any_retry_after_is_borne(value: str) -> None:
    """Whatever stands in the header is a number of seconds or nothing."""
    seconds = retry_after(value)
    assert seconds is None or seconds >= 0
