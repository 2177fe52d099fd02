"""The plan: what will be asked, told before it is, and close to what then happens."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindgraph.distill import Choice, Step
from mindgraph.pipeline import Pipeline
from mindgraph.records import Verdict
from tests.stub_server import Answer, Seen, StubServer, good
from tests.unit.test_distill import COBUYS, PRODUCTS, served


def by_step(steps: list[Step]) -> dict[str, Step]:
    return {step.step: step for step in steps}


def test_nothing_is_asked(tmp_path: Path) -> None:
    """A plan counts the calls of each step, and the server sees none."""
    with StubServer() as server:
        steps = by_step(served(tmp_path, server).plan())
        assert server.requests == 0
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
