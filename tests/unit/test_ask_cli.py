"""The verbs that ask a model, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mindgraph.cli import cli
from mindgraph.errors import SettingsError
from mindgraph.records import Candidate, Verdict
from mindgraph.workspace import Workspace
from tests.stub_server import Answer, Seen, StubServer, chat
from tests.unit.test_distill import COBUYS, PRODUCTS, shop


def mindgraph(folder: Path, *words: str) -> Result:
    """Run one command; an error of ours is raised as it is."""
    result = CliRunner().invoke(cli, ["-w", str(folder / "workspace"), *words], catch_exceptions=False)
    assert result.stdout == "" or words[0] in ("plan", "run")
    return result


def test_what_was_said_of_the_model_is_remembered(tmp_path: Path) -> None:
    """Address, model and modes are named once; the next command needs none of them."""
    shop(tmp_path)
    with StubServer() as server:
        first = mindgraph(
            tmp_path, "distill", "--base-url", server.base_url, "--model", "m", "--relations", "can, usedFor"
        )
        assert "5 co-buys of 6 products, 10 intentions, asked 11" in first.stderr
        again = mindgraph(tmp_path, "distill")
        assert again.stderr == "distill: unchanged, nothing was asked.\n"
        assert "10 candidates" in mindgraph(tmp_path, "filter").stderr
    settings = Workspace(tmp_path / "workspace").settings()
    assert (settings.model, settings.base_url) == ("m", server.base_url)
    assert settings.relations == ("can", "usedFor")


def test_another_judge_is_not_remembered(tmp_path: Path) -> None:
    """A model named for `filter` judges this time, and does not become the one that is distilled with."""
    shop(tmp_path)
    with StubServer() as server:
        mindgraph(tmp_path, "distill", "--base-url", server.base_url, "--model", "m", "--relations", "can")
        mindgraph(tmp_path, "filter", "--model", "judge")
    workspace = Workspace(tmp_path / "workspace")
    assert workspace.settings().model == "m"
    assert workspace.read(Verdict)["generator"].drop_nulls().n_unique() == 1
    assert not set(workspace.read(Verdict)["generator"]) & set(workspace.read(Candidate)["generator"])


@pytest.mark.parametrize(
    "address", ["http://user:secret@127.0.0.1:1/v1", "http://127.0.0.1:1/v1?api_key=secret"]
)
def test_a_secret_in_an_address_is_refused(tmp_path: Path, address: str) -> None:
    """A key or password in the address would be written down: it is refused, and not repeated."""
    shop(tmp_path)
    with pytest.raises(SettingsError) as caught:
        mindgraph(tmp_path, "distill", "--base-url", address)
    assert "secret" not in f"{caught.value}{caught.value.hint}"
    files = [path for path in (tmp_path / "workspace").rglob("*") if path.is_file()]
    assert not any(b"secret" in path.read_bytes() for path in files)


def test_an_unknown_relation_is_refused_before_anything_is_remembered(tmp_path: Path) -> None:
    """The error names the near one, and the settings stay as they are."""
    shop(tmp_path)
    with pytest.raises(SettingsError, match="usedfr"):
        mindgraph(tmp_path, "distill", "--relations", "usedfr", "--model", "m")
    assert Workspace(tmp_path / "workspace").settings().model == ""


def test_as_the_paper_sets_all_modes(tmp_path: Path) -> None:
    """One option asks in paragraphs, one relation a call, on one sheet; others may still be given."""
    shop(tmp_path)

    def judged(seen: Seen, number: int) -> Answer | None:
        return chat("Yes, both.") if "<reason>" in str(seen.body) else None

    with StubServer(judged) as server:
        mindgraph(
            tmp_path, "distill", "--base-url", server.base_url, "--as-paper", "--relations", "can",
            "--temperature", "0.7",
        )  # fmt: skip
        chats = server.chats()
        assert "yes" in mindgraph(tmp_path, "filter").stderr
    settings = Workspace(tmp_path / "workspace").settings()
    assert (settings.calls, settings.images, settings.style) == ("per-relation", "stacked", "paragraph")
    assert (settings.max_tokens, settings.reasons, settings.temperature) == (512, "all", 0.7)
    assert len(chats) == PRODUCTS + len(COBUYS)
    assert all("response_format" not in seen.body for seen in chats)


def test_quiet_says_nothing(tmp_path: Path) -> None:
    """With -q there is nothing on either stream."""
    shop(tmp_path)
    with StubServer() as server:
        words = ["-q", "-w", str(tmp_path / "workspace"), "distill", "--base-url", server.base_url]
        result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    "words",
    [
        ("distill", "--engine", "telepathy"),
        ("distill", "--limit", "0"),
        ("distill", "--order", "best"),
        ("distill", "--images", "upside-down"),
        ("distill", "--samples", "none"),
        ("filter", "--reasons", "good"),
        ("distill", "--prompts", "no/such/file.txt/x", "--max-usd", "-1"),
    ],
)
def test_wrong_usage_exits_with_two(tmp_path: Path, words: tuple[str, ...]) -> None:
    """What the option does not take is a matter of usage."""
    result = CliRunner().invoke(cli, ["-w", str(tmp_path / "workspace"), *words])
    assert result.exit_code == 2


def test_plan_prints_rows(tmp_path: Path) -> None:
    """Rows go to standard output, talk to standard error."""
    shop(tmp_path)
    result = mindgraph(tmp_path, "plan", "--limit", "2", "--format", "json")
    rows = json.loads(result.stdout)
    assert [row["step"] for row in rows] == ["feature", "intentions", "verdict", "all"]
    assert "Estimated" in result.stderr
    assert not (tmp_path / "workspace" / "replies.sqlite").exists()
