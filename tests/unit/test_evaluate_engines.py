"""IntentionQA is put to any engine: its answers are scored, kept, and not asked for twice."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from mindgraph.errors import SettingsError
from mindgraph.evaluate import calibration, sampled
from mindgraph.evaluate.engines import plain
from mindgraph.evaluate.intentionqa import Question
from mindgraph.pipeline import Pipeline
from mindgraph.workspace import Workspace
from tests.stub_server import Seen, StubServer, chat

REASONS = ["to charge a phone", "to paint a wall", "to cook outdoors", "to read at night"]
LEAD = "PersonX bought a product of Item A and a product of Item B because the person wants "


def write_questions(folder: Path) -> Path:
    """Write four questions a task, and the pairs from which intentions are retrieved."""
    tasks: dict[str, list[dict[str, Any]]] = {"task1": [], "task2": [], "intentions_flat": []}
    for n, reason in enumerate(REASONS):
        pair = {
            "item_a_id": f"a{n}",
            "item_b_id": f"b{n}",
            "item_a_name": f"thing {n}",
            "item_b_name": f"tool {n}",
        }
        texts = {letter: f"because the person wants {REASONS[k]}." for k, letter in enumerate("ABCD")}
        tools = {letter: f"tool {k}" for k, letter in enumerate("ABCD")}
        gold = "ABCD"[n]
        tasks["task1"].append({**pair, "options": texts, "gold_ind": gold})
        tasks["task2"].append({**pair, "options": tools, "gold_ind": gold, "assertion": f"{LEAD}{reason}."})
        names = {"title_a": f"thing {n}", "title_b": f"tool {n}", "asin_a": f"a{n}", "asin_b": f"b{n}"}
        tasks["intentions_flat"].append({**names, "assertion": f"{LEAD}{reason}."})
    for name, rows in tasks.items():
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder


def knowing(seen: Seen, number: int) -> Any:
    """Say Yes where number and reason belong together, No elsewhere, surely."""
    if not seen.path.endswith("chat/completions"):
        return None
    text = json.dumps(seen.body["messages"])
    own = text.split("Reasons that other customers")
    asked = own[0] + (own[1].split("</known>")[1] if len(own) > 1 else "")
    right = any(f"thing {n}" in asked and reason in asked for n, reason in enumerate(REASONS))
    if "Another product" in asked:
        right = any(f"thing {n}" in asked and f"tool {n}" in asked for n in range(4))
    return chat(
        "Yes" if right else "No",
        logprobs={"Yes": math.log(0.9 if right else 0.1), "No": math.log(0.1 if right else 0.9)},
    )


def opened(folder: Path, server: StubServer) -> Pipeline:
    workspace = Workspace.create(folder / "w")
    return Pipeline(workspace, workspace.settings({"base_url": server.base_url, "model": "stub-model"}))


def test_an_engine_that_knows_solves_both_tasks(tmp_path: Path):
    """With and without retrieved intentions the right options are chosen; asked again, nothing is."""
    data = write_questions(tmp_path)
    with StubServer(knowing) as server:
        pipeline = opened(tmp_path, server)
        (table,) = pipeline.evaluate("tasks", [data], engine="http")
        rows = table.filter(engine="stub-model").select("task", "retrieved", "accuracy", "questions").rows()
        expected = [(f"task {n}", told, 1.0, 4) for n in (1, 2) for told in ("without", "with")]
        assert rows == expected
        asked = len(server.chats())
        (sample,) = pipeline.evaluate("tasks", [data], engine="http", sample=2)
        assert sample.filter(engine="stub-model")["questions"].unique().to_list() == [2]
        assert len(server.chats()) == asked


def test_an_engine_is_measured_as_the_filter_it_is(tmp_path: Path):
    """Gold and distractors are told apart by the filter's own prompt; the calibration stands below."""
    data = write_questions(tmp_path)
    with StubServer(knowing) as server:
        measured, bins = opened(tmp_path, server).evaluate("filter", [data], engine="http")
        prompts = [json.dumps(seen.body["messages"]) for seen in server.chats()]
    values = dict(measured.filter(method="stub-model").select("measure", "value").rows())
    assert (values["AUC"], values["balanced accuracy at 0.5"]) == (1.0, 1.0)
    assert bins["options"].sum() == 16
    assert bins.select("mean score", "gold").rows()[-1] == (pytest.approx(0.9), 1.0)
    assert all("accept this reason" in prompt for prompt in prompts)


def test_a_measure_without_a_model_takes_none(tmp_path: Path):
    """An engine for a measure that asks nothing is refused in one line."""
    with pytest.raises(SettingsError, match="asks no model"):
        Pipeline(Workspace.create(tmp_path)).evaluate("bundles", [tmp_path], engine="http")


def test_calibration_counts_options_by_their_score():
    """Each bin says how many options it holds, their mean score and the share that is gold."""
    question = Question(("a", "b"), ("w", "x", "y", "z"), 3, ("a", "b"))
    table = calibration([question], lambda asked: [0.1, None, 0.3, 1.0], name="m", bins=2)
    assert table.select("options", "mean score", "gold").rows() == [(2, 0.2, 0.0), (1, 1.0, 1.0)]
    assert sampled([question] * 3, 2, 0) == [question] * 2
    assert plain("because they both can cut.") == "they both can cut"
