"""How a cassette is read, replayed and written."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from mindgraph.errors import CatalogError, SettingsError
from mindgraph.lvlm import open_lvlm
from mindgraph.lvlm.recorded import Header, Line, Recorded, read_cassette, write_cassette
from mindgraph.messages import Usage
from mindgraph.settings import Settings
from tests.questions import intention, verdict

LINE = Line(kind="intentions", item="cobuy-0", relations=("usedFor",), text="first")


def said(lines: list[Line], **changes: object) -> str | None:
    """The recorded answer to a question, or None."""
    (reply,) = Recorded(Header(), lines).ask([intention(**changes)])
    return None if reply.error else reply.text


def test_an_answer_is_found_by_what_was_asked_not_by_its_words() -> None:
    """Kind, item, relations and sample find an answer; a reworded prompt does not break it."""
    assert said([LINE], system="other words", content=("other words",), version="v2") == "first"
    assert said([LINE], relations=("can",)) is None
    assert said([LINE], item="cobuy-1") is None
    assert said([LINE], kind="feature") is None
    assert said([LINE], sample=1) is None


def test_attempts_are_replayed_one_by_one() -> None:
    """A bad answer is followed by the next attempt's; what was asked once says the same again."""
    second = Line(kind="intentions", item="cobuy-0", relations=("usedFor",), attempt=1, text="second")
    assert [said([LINE, second], attempt=n) for n in range(3)] == ["first", "second", None]
    assert [said([LINE], attempt=n) for n in range(3)] == ["first", "first", "first"]


def test_what_was_not_recorded_is_an_answer_with_an_error() -> None:
    """A missing answer names what was asked; nothing is raised."""
    (reply,) = Recorded(Header(), []).ask([intention()])
    assert reply.error == "no recorded answer for intentions cobuy-0"
    (decision,) = Recorded(Header(), []).decide([verdict()])
    assert (decision.error, decision.p_yes) == ("no recorded answer for verdict candidate-0", None)


@pytest.mark.parametrize("name", ["cassette.jsonl", "cassette.jsonl.gz"])
def test_a_cassette_is_read_as_it_was_written(tmp_path: Path, name: str) -> None:
    """Header and answers survive the file, which is the same bytes each time."""
    lines = [
        LINE,
        Line(kind="verdict", item="c", text="Yes", p_yes=0.75, usage=Usage(prompt_tokens=3)),
        Line(kind="feature", item="p ünï", text='{"a": "“quoted”\\n"}', finish_reason="length"),
    ]
    header = Header(model="a-model@1", note="written by hand")
    assert write_cassette(tmp_path / name, header, lines) == 3
    first = (tmp_path / name).read_bytes()
    assert write_cassette(tmp_path / name, header, lines) == 3
    assert (tmp_path / name).read_bytes() == first
    read_header, read_lines = read_cassette(tmp_path / name)
    assert (read_header, sorted(line.place for line in read_lines)) == (
        header,
        sorted(line.place for line in lines),
    )
    assert set(read_lines) == set(lines)


def test_a_cassette_without_a_header_is_read(tmp_path: Path) -> None:
    """The header may be missing; blank lines are passed over."""
    path = tmp_path / "c.jsonl"
    path.write_text('\n{"kind": "feature", "item": "lamp", "text": "a lamp"}\n\n', encoding="utf-8")
    header, lines = read_cassette(path)
    assert (header.model, lines) == ("recorded", [Line(kind="feature", item="lamp", text="a lamp")])


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (b'{"kind": "feature", "item": "a", "text": "t"}\n{"kind": 3}\n', ":2: "),
        (b'{"kind": "feature", "item": "a"}\n', ":1: "),
        (b"not json\n", ":1: "),
        (b"\xff\xfe\x00binary", ":1: "),
        (b'{"cassette": "one"}\n', ":1: "),
        (gzip.compress(b'{"kind": "feature"}' * 100, mtime=0)[:40], ": the cassette cannot be read"),
        (b"\x1f\x8bno gzip at all, whatever its first bytes say", ": the cassette cannot be read"),
    ],
)
def test_a_bad_cassette_names_file_and_line(tmp_path: Path, raw: bytes, place: str) -> None:
    """What cannot be read is told in one line with its place."""
    path = tmp_path / "bad.jsonl"
    path.write_bytes(raw)
    with pytest.raises(CatalogError) as refused:
        read_cassette(path)
    assert f"bad.jsonl{place}" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_cassette_that_is_not_there_is_told(tmp_path: Path) -> None:
    """A missing file and a missing option each say so."""
    with pytest.raises(CatalogError, match="nowhere"):
        open_lvlm(Settings(engine="recorded", cassette=str(tmp_path / "nowhere.jsonl")))
    with pytest.raises(SettingsError) as refused:
        open_lvlm(Settings(engine="recorded"))
    assert "--cassette" in refused.value.hint


def test_an_unknown_engine_is_told() -> None:
    """The engines there are stand in the hint."""
    with pytest.raises(SettingsError, match="no engine 'htttp'") as refused:
        open_lvlm(Settings(engine="htttp"))
    assert "http, transformers, recorded, batch, ray" in refused.value.hint
