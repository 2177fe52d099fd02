"""The plan: what will be asked, told before it is, and close to what then happens."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mindgraph.cli import cli
from mindgraph.distill import Choice
from mindgraph.errors import SettingsError
from mindgraph.pipeline import Pipeline
from mindgraph.plan import Step
from mindgraph.prices import prices_of
from mindgraph.records import Verdict
from mindgraph.settings import Settings
from tests.stub_server import Answer, Seen, StubServer, good
from tests.unit.test_distill import COBUYS, PRODUCTS, served


def by_step(steps: list[Step]) -> dict[str, Step]:
    return {step.step: step for step in steps}


def test_nothing_is_asked(tmp_path: Path) -> None:
    """A plan counts the calls of each step, and the server sees none."""
    with StubServer() as server:
        steps = by_step(served(tmp_path, server).plan())
        assert server.chats() == []
    calls = {name: step.calls for name, step in steps.items()}
    questions = 4 * len(COBUYS)
    verdicts = 18 * len(COBUYS)
    assert calls == {
        "feature": PRODUCTS,
        "intentions": questions,
        "verdict": verdicts,
        "all": PRODUCTS + questions + verdicts,
    }
    assert {step.basis for step in steps.values()} == {"estimated", ""}
    assert all(step.usd is None and step.hours is None for step in steps.values())
    assert all(step.prompt_tokens > step.cached_tokens >= 0 for step in steps.values())


def test_what_was_answered_is_not_planned_again(tmp_path: Path) -> None:
    """After a part of the run the plan holds what is left; after all of it, nothing."""
    with StubServer() as server:
        pipeline = served(tmp_path, server)
        pipeline.distill(Choice(limit=2))
        steps = by_step(pipeline.plan())
        assert (steps["intentions"].calls, steps["intentions"].answered) == (4 * len(COBUYS), 8)
        pipeline.distill()
        pipeline.filter()
        done = by_step(pipeline.plan())
    assert done["feature"].answered == PRODUCTS
    assert done["intentions"].answered == done["intentions"].calls
    shopped = len(pipeline.workspace.read(Verdict).filter(judge="shopper"))
    assert done["verdict"].answered == done["verdict"].calls == shopped
    assert done["all"].prompt_tokens == 0


def test_limit_and_modes_shape_the_plan(tmp_path: Path) -> None:
    """Fewer co-buys, other calls and samples are other numbers."""
    with StubServer() as server:
        pipeline = served(tmp_path, server)
        settings = pipeline.workspace.settings({"calls": "per-relation", "samples": 2})
        steps = by_step(Pipeline(pipeline.workspace, settings).plan(Choice(limit=1)))
    assert (steps["feature"].calls, steps["intentions"].calls) == (2, 36)


def test_money_and_hours(tmp_path: Path) -> None:
    """With prices there is a sum, with a rate there are hours."""
    with StubServer() as server:
        pipeline = served(tmp_path, server, usd_prompt=1000.0, usd_completion=4000.0)
        steps = by_step(pipeline.plan(calls_per_second=0.01))
    every = steps["all"]
    assert every.usd == pytest.approx((every.prompt_tokens + 4 * every.completion_tokens) / 1000, rel=0.01)
    assert every.hours == pytest.approx(every.calls * 100 / 3600, rel=0.01)


def counting(seen: Seen, number: int) -> Answer:
    """Answer well, and say that a token is three characters of the prompt."""
    length = sum(len(str(message["content"])) for message in seen.body["messages"])
    answer = good(seen, number)
    usage = b'{"prompt_tokens": %d, "completion_tokens": 9}' % (length // 3)
    head, _, _ = answer.body.partition(b', "usage":')
    return Answer(body=head + b', "usage": ' + usage + b"}")


def test_a_measured_plan_is_close_to_what_is_used(tmp_path: Path) -> None:
    """After a first part, planned prompt tokens are within five in a hundred of those used."""
    pairs = [(f"p{i:02}", f"p{(i + 1) % 60:02}") for i in range(60)]
    (tmp_path / "products.csv").write_text(
        "id,title\n" + "".join(f"p{i:02},Thing {'x' * i}\n" for i in range(60))
    )
    (tmp_path / "cobuys.csv").write_text("product_a,product_b\n" + "".join(f"{a},{b}\n" for a, b in pairs))
    with StubServer(counting) as server:
        from mindgraph.catalog import Sources
        from mindgraph.workspace import Workspace

        workspace = Workspace.create(tmp_path / "w", base_url=server.base_url, model="stub")
        pipeline = Pipeline(workspace, workspace.settings())
        pipeline.ingest(Sources(products=(tmp_path / "products.csv",), cobuys=tmp_path / "cobuys.csv"))
        spent = pipeline.distill(Choice(limit=20, order="random")).counts["prompt_tokens"]
        planned = by_step(pipeline.plan())
        used = pipeline.distill().counts["prompt_tokens"]
    assert {planned["feature"].basis, planned["intentions"].basis} == {"measured"}
    assert spent > 0
    told = planned["feature"].prompt_tokens + planned["intentions"].prompt_tokens
    assert told == pytest.approx(used, rel=0.05)


def test_the_server_counts_what_was_never_asked(tmp_path: Path) -> None:
    """A server with a tokenizer counts the sample's prompts; the plan says so, and no model is asked."""

    def tokens(seen: Seen, number: int) -> Answer | None:
        if seen.path == "/apply-template":
            text = " ".join(message["content"] for message in seen.body["messages"])
            return Answer(body=json.dumps({"prompt": text}).encode())
        if seen.path == "/tokenize":
            return Answer(body=json.dumps({"tokens": seen.body["content"].split()}).encode())
        return None

    with StubServer(tokens) as server:
        steps = by_step(served(tmp_path, server).plan())
        assert server.chats() == []
    assert {step.basis for step in steps.values()} == {"counted by the server", ""}
    assert 50 < steps["feature"].prompt_tokens / steps["feature"].calls < 500


def test_a_server_of_the_other_kind_counts_in_one_call(tmp_path: Path) -> None:
    """vLLM's way is understood, too: messages in, a count out."""

    def tokens(seen: Seen, number: int) -> Answer | None:
        counted = seen.path == "/tokenize" and "messages" in seen.body
        return Answer(body=b'{"count": 321}') if counted else None

    with StubServer(tokens) as server:
        steps = by_step(served(tmp_path, server).plan())
    assert steps["feature"].basis == "counted by the server"
    assert steps["feature"].prompt_tokens == 321 * PRODUCTS


def test_a_file_of_a_tokenizer_counts(tmp_path: Path) -> None:
    """Where the model is elsewhere its tokenizer.json will do; a wrong path is told."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    whole = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    whole.pre_tokenizer = pre_tokenizers.Whitespace()
    whole.save(str(tmp_path / "tokenizer.json"))
    with StubServer() as server:
        pipeline = served(tmp_path, server)
        steps = by_step(pipeline.plan(tokenizer=str(tmp_path)))
        with pytest.raises(SettingsError, match="no such file"):
            pipeline.plan(tokenizer=str(tmp_path / "nowhere"))
    assert {step.basis for step in steps.values()} == {"counted by tokenizer.json", ""}


def test_a_pilot_makes_the_plan_a_measured_one(tmp_path: Path) -> None:
    """After a pilot in two ways the plan measures the one that is planned, verdicts too."""
    with StubServer(counting) as server:
        pipeline = served(tmp_path, server)
        pipeline.pilot([{"calls": "per-relation"}], size=len(COBUYS))
        steps = by_step(pipeline.plan())
        asked = server.requests
        used = [stage.counts for stage in (pipeline.distill(), pipeline.filter())]
        assert server.requests == asked
    assert steps["intentions"].answered == steps["intentions"].calls == 4 * len(COBUYS)
    assert steps["verdict"].calls == used[1]["questions"]


def test_prices_come_from_a_file_with_its_date(tmp_path: Path) -> None:
    """A file names prices by model; own prices go before it; what is wrong in it is told."""
    file = tmp_path / "prices.toml"
    file.write_text(
        'date = 2026-11-01\nsource = "a page"\n[models.stub]\nprompt = 1000.0\ncompletion = 4000.0\n'
        '[models."stub-large"]\nprompt = 9.0\n'
    )
    with StubServer() as server:
        pipeline = served(tmp_path, server, model="Stub", prices=str(file))
        every = by_step(pipeline.plan())["all"]
        told = (every.prompt_tokens + 4 * every.completion_tokens) / 1000
        assert every.usd == pytest.approx(told, rel=0.01)
        told = CliRunner().invoke(cli, ["-w", str(pipeline.workspace.path), "plan", "--prices", str(file)])
        assert "Prices of 2026-11-01 (a page)" in told.stderr
    for text, said in (
        ("date = 2026-11-01\n[models.other]\n", "no price for the model"),
        ("x = [", "no file of prices"),
    ):
        wrong = tmp_path / f"{len(text)}.toml"
        wrong.write_text(text)
        with pytest.raises(SettingsError, match=said):
            prices_of(Settings(model="stub", prices=str(wrong)))
    with pytest.raises(SettingsError, match=r"nowhere\.toml"):
        prices_of(Settings(model="stub", prices=str(tmp_path / "nowhere.toml")))
