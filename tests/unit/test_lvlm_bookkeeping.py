"""What a person does with a ledger: list, count, hand on, take in, forget."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mindgraph.cli import cli
from mindgraph.errors import CatalogError, NotFound, WorkspaceError
from mindgraph.lvlm.bookkeeping import Chosen, counted, export, forget, listed, take_in
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.recorded import Header, Line, Recorded, read_cassette
from mindgraph.lvlm.replies import Replies
from mindgraph.messages import Decoding
from mindgraph.workspace import Workspace
from tests.questions import intention, intentions, verdicts

LINES = [
    *(
        Line(kind="intentions", item=f"cobuy-{n}", relations=("usedFor",), text=f'{{"usedFor": {n}}}')
        for n in range(4)
    ),
    *(
        Line(kind="verdict", item=f"candidate-{n}", relations=("usedFor",), text="Yes", p_yes=n / 4)
        for n in range(3)
    ),
]


def fill(path: Path, model: str = "a-model@7") -> None:
    """Ask seven questions and two that nobody answers; the first answer is bad."""
    ledgered = Ledgered(Recorded(Header(model=model), LINES), path, run="run-1")
    for reply in [*ledgered.ask(intentions(5)), *ledgered.decide(verdicts(4))]:
        ledgered.mark(reply, ok=reply.prompt.item != "cobuy-0")
    ledgered.close()


@pytest.fixture
def replies(tmp_path: Path) -> Iterator[Replies]:
    """A ledger with five intentions and four verdicts, one of each failed, one bad."""
    fill(tmp_path / "replies.sqlite")
    opened = Replies(tmp_path / "replies.sqlite")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("chosen", "items"),
    [
        (Chosen(kind="verdict", failed=False), ["candidate-0", "candidate-1", "candidate-2"]),
        (Chosen(failed=True), ["cobuy-4", "candidate-3"]),
        (Chosen(ok=False), ["cobuy-0"]),
        (Chosen(item="cobuy-2"), ["cobuy-2"]),
        (Chosen(says='"USEDFOR": 3'), ["cobuy-3"]),
        (Chosen(model="a-model", run="run-1", kind="intentions", ok=True), [f"cobuy-{n}" for n in (1, 2, 3)]),
        (Chosen(model="another"), []),
        (Chosen(item="' OR 1=1 --"), []),
    ],
)
def test_rows_are_chosen(replies: Replies, chosen: Chosen, items: list[str]) -> None:
    """Every way to choose rows chooses those and no others."""
    assert [row["item"] for row in listed(replies, chosen)] == items


def test_rows_are_counted_by_columns(replies: Replies) -> None:
    """Answers, bad and failed ones are counted by the columns named; an unknown one is told."""
    rows = counted(replies, Chosen(), ("kind",))
    assert [(row["kind"], row["answers"], row["bad"], row["failed"]) for row in rows] == [
        ("intentions", 5, 1, 1),
        ("verdict", 4, 0, 1),
    ]
    assert counted(replies, Chosen(model="nobody"), ("kind",)) == []
    with pytest.raises(NotFound, match="'colour'"):
        counted(replies, Chosen(), ("colour",))


@pytest.mark.parametrize("name", ["cassette.jsonl", "cassette.jsonl.gz"])
def test_a_cassette_replays_the_run(replies: Replies, tmp_path: Path, name: str) -> None:
    """What is exported answers the same questions with the same words, without the model."""
    assert export(replies, Chosen(), tmp_path / name, note="a test") == 7
    header, lines = read_cassette(tmp_path / name)
    assert header == Header(model="a-model@7", note="a test")
    again = Recorded(header, lines)
    assert {r.prompt.item: r.text for r in again.ask(intentions(4))} == {
        line.item: line.text for line in LINES[:4]
    }
    assert [one.p_yes for one in again.decide(verdicts(3))] == [0.0, 0.25, 0.5]


def test_items_that_share_an_answer_are_all_exported(tmp_path: Path) -> None:
    """A cassette answers each item, although the ledger holds one answer for the same words."""
    replies = Ledgered(Recorded(Header(), LINES), tmp_path / "replies.sqlite")
    list(replies.ask([intention(0), intention(0, item="twin")]))
    assert export(replies.replies, Chosen(), tmp_path / "c.jsonl") == 2
    assert [line.item for line in read_cassette(tmp_path / "c.jsonl")[1]] == ["cobuy-0", "twin"]
    assert [row["item"] for row in listed(replies.replies, Chosen(item="twin"))] == ["cobuy-0"]


def test_the_last_answer_to_a_question_is_exported(tmp_path: Path) -> None:
    """Where an item was asked in several ways, the cassette holds what was said last."""
    path = tmp_path / "replies.sqlite"
    for text, warmth in (("old", 0.0), ("new", 0.5)):
        line = Line(kind="intentions", item="cobuy-0", relations=("usedFor",), text=text)
        ledgered = Ledgered(Recorded(Header(), [line]), path)
        list(ledgered.ask([intention(0, decoding=Decoding(temperature=warmth))]))
        ledgered.close()
    assert export(Replies(path), Chosen(), tmp_path / "c.jsonl") == 1
    assert [line.text for line in read_cassette(tmp_path / "c.jsonl")[1]] == ["new"]


def test_a_cassette_holds_one_model(replies: Replies, tmp_path: Path) -> None:
    """Two models in one ledger must be told apart; nothing to export is told as well."""
    fill(replies.path, model="b-model")
    with pytest.raises(NotFound, match="one model; here are a-model, b-model"):
        export(replies, Chosen(), tmp_path / "c.jsonl")
    assert export(replies, Chosen(model="b-model"), tmp_path / "c.jsonl") == 7
    with pytest.raises(NotFound, match="No answer is meant"):
        export(replies, Chosen(kind="feature"), tmp_path / "none.jsonl")


def test_a_ledger_goes_out_and_comes_back(replies: Replies, tmp_path: Path) -> None:
    """Exported as a ledger and taken into another, the same questions are not asked again."""
    assert export(replies, Chosen(failed=False), tmp_path / "some.sqlite") == 7
    other = Replies(tmp_path / "other.sqlite")
    assert (take_in(other, tmp_path / "some.sqlite"), take_in(other, tmp_path / "some.sqlite")) == (7, 0)
    other.close()
    again = Ledgered(Recorded(Header(model="a-model@7"), []), tmp_path / "other.sqlite")
    assert [reply.error for reply in again.ask(intentions(4))] == [None] * 4
    assert (again.asked, again.found) == (0, 4)


def test_an_answer_takes_the_place_of_a_failure(replies: Replies, tmp_path: Path) -> None:
    """Taking in a ledger fills what failed here, and changes nothing that was answered."""
    more = [*LINES, Line(kind="intentions", item="cobuy-4", relations=("usedFor",), text="late")]
    ledgered = Ledgered(Recorded(Header(model="a-model@7"), more), tmp_path / "more.sqlite")
    list(ledgered.ask(intentions(5)))
    ledgered.close()
    assert take_in(replies, tmp_path / "more.sqlite") == 1
    assert [row["text"] for row in listed(replies, Chosen(item="cobuy-4"))] == ["late"]


def test_what_is_forgotten_is_asked_again(replies: Replies, tmp_path: Path) -> None:
    """Forgetting removes what was meant and nothing else."""
    assert forget(replies, Chosen(ok=False, failed=False)) == 1
    assert replies.count() == 8
    again = Ledgered(Recorded(Header(model="a-model@7"), LINES), replies.path)
    assert len(list(again.ask(intentions(4)))) == 4
    assert again.asked == 1


def test_a_file_that_is_no_ledger_is_not_taken_in(replies: Replies, tmp_path: Path) -> None:
    """A cassette, a missing file and a file of something else are told apart."""
    (tmp_path / "c.jsonl").write_text('{"cassette": 1}\n')
    with pytest.raises(CatalogError, match="names no prompts") as refused:
        take_in(replies, tmp_path / "c.jsonl")
    assert "--engine recorded" in refused.value.hint
    with pytest.raises(CatalogError, match="no such file"):
        take_in(replies, tmp_path / "nowhere.sqlite")
    (tmp_path / "odd.sqlite").write_bytes(b"something else" * 100)
    with pytest.raises(WorkspaceError, match="not a database"):
        take_in(replies, tmp_path / "odd.sqlite")
    assert replies.count() == 9


# the same from the command line


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A workspace whose ledger is filled."""
    fill(Workspace.create(tmp_path / "shop").ledger)
    return tmp_path / "shop"


def run(folder: Path, *arguments: str | Path, stdin: str | None = None) -> Result:
    """Run `mindgraph replies …` on a workspace."""
    told = ["-w", str(folder), "replies", *map(str, arguments)]
    return CliRunner().invoke(cli, told, input=stdin, catch_exceptions=False)


def test_listing_prints_rows(shop: Path) -> None:
    """The table is short, the other formats hold every column."""
    assert "no recorded" in run(shop, "list", "--failed").stdout
    rows = json.loads(run(shop, "list", "--kind", "verdict", "--answered", "--format", "json").stdout)
    assert [(row["item"], row["p_yes"], row["model"]) for row in rows] == [
        (f"candidate-{n}", n / 4, "a-model") for n in range(3)
    ]
    assert len(run(shop, "list", "--limit", "2", "--format", "jsonl").stdout.splitlines()) == 2


def test_counting_prints_rows(shop: Path) -> None:
    """Counts go by the columns that were named."""
    rows = json.loads(run(shop, "count", "--by", "kind,ok", "--format", "json").stdout)
    assert {(row["kind"], row["ok"]): row["answers"] for row in rows} == {
        ("intentions", 0): 1,
        ("intentions", 1): 3,
        ("intentions", None): 1,
        ("verdict", 1): 3,
        ("verdict", None): 1,
    }


def test_a_ledger_is_handed_on_from_the_command_line(shop: Path, tmp_path: Path) -> None:
    """Export says how to replay; import says how many answers were new."""
    told = run(shop, "export", "--to", tmp_path / "c.jsonl.gz", "--note", "a test")
    assert "7 answers written" in told.stderr
    assert "--engine recorded --cassette" in told.stderr
    run(shop, "export", "--answered", "--to", tmp_path / "out.sqlite")
    other = Workspace.create(tmp_path / "other")
    assert "7 answers were new" in run(other.path, "import", tmp_path / "out.sqlite").stderr


def test_forgetting_asks_first(shop: Path) -> None:
    """Nothing is removed without a choice, nor before a yes."""
    assert run(shop, "forget", "--yes").exit_code == 2
    assert run(shop, "forget", "--kind", "verdict", stdin="n\n").exit_code == 1
    assert Replies(shop / "replies.sqlite").count() == 9
    assert "4 answers forgotten" in run(shop, "forget", "--kind", "verdict", stdin="y\n").stderr
    assert Replies(shop / "replies.sqlite").count() == 5


def test_a_workspace_that_asked_nothing_says_so(tmp_path: Path) -> None:
    """Without a ledger there is nothing to list, and the hint says what makes one."""
    Workspace.create(tmp_path)
    with pytest.raises(NotFound, match="no model was asked yet"):
        run(tmp_path, "list")
