"""A real small model over HTTP, from thirty real co-buys to triples."""

from __future__ import annotations

import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from mindgraph.prompts.answers import FeatureAnswer
from mindgraph.records import Candidate, Feature, Reject, Triple, Verdict
from mindgraph.workspace import Workspace
from tests.models import llama_server

pytestmark = pytest.mark.slow

COBUYS = 30
#: A model of 135 million parameters needs examples, and mostly repeats them: how well it answers is not
#: what is tested here.
PROMPTS = {
    "feature.system": "You write very short notes on products.",
    "feature.question": (
        "$product\nWrite very short notes, at most four words each, like"
        ' {"features":"USB cable, 5 m","design":"thin, black","quality":"solid","distinction":"long",'
        '"uses":"connect a printer"}'
    ),
    "intentions.system": "You say in a few words why people buy two things together.",
    "intentions.question": (
        "Why buy both? Examples for other things:\n"
        'a kettle and a cup: {"usedFor":{"phrase":"making tea","detail":"kettle and cup"}}\n'
        'a rope and a helmet: {"usedFor":{"phrase":"climbing a rock","detail":"rope and helmet"}}\n'
        "Now for the two things above, as JSON with the key $names:"
    ),
    "verdict.system": "You are a customer. Answer Yes or No.",
}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with llama_server() as url:
        yield url


def mindgraph(workspace: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mindgraph", "-w", str(workspace), *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done


def write_catalogue(folder: Path, shared: Path) -> None:
    """Write the first thirty co-buys of IntentionQA and their products as tables."""
    lines = (shared / "intentionqa" / "intentions_flat.jsonl").read_text().splitlines()
    pairs: dict[tuple[str, str], None] = {}
    titles: dict[str, str] = {}
    for row in map(json.loads, lines):
        if len(pairs) < COBUYS:
            pairs[(row["asin_a"], row["asin_b"])] = None
            titles |= {row["asin_a"]: row["title_a"], row["asin_b"]: row["title_b"]}
    for name, header, rows in (
        ("products", ("id", "title"), titles.items()),
        ("cobuys", ("product_a", "product_b"), pairs),
    ):
        with (folder / f"{name}.csv").open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)


def test_thirty_real_cobuys_become_triples(server: str, tmp_path: Path, shared_data: Path) -> None:
    """A small model behind llama.cpp distils and filters real co-buys, every answer by schema."""
    write_catalogue(tmp_path, shared_data)
    prompts = tmp_path / "prompts"
    prompts.mkdir()
    for name, text in PROMPTS.items():
        (prompts / f"{name}.txt").write_text(text)
    folder = tmp_path / "workspace"
    mindgraph(folder, "ingest", str(tmp_path / "products.csv"), str(tmp_path / "cobuys.csv"))
    modes = ("--prompts", str(prompts), "--relations", "usedFor", "--max-tokens", "90")
    how = ("--base-url", server, *modes)
    mindgraph(folder, "distill", *how)
    mindgraph(folder, "filter")
    mindgraph(folder, "build")

    workspace = Workspace(folder)
    candidates, features = workspace.read(Candidate), workspace.read(Feature)
    rejects = workspace.read(Reject).filter(stage="distill")
    asked = {("feature", p) for p in features["product"]} | {("intentions", c) for c in candidates["cobuy"]}
    assert len(candidates) > 0 and candidates["cobuy"].n_unique() > COBUYS / 2
    assert set(candidates["relation"]) == {"usedFor"}
    assert asked and all(rejects["reason"].str.contains("cut off|no whole JSON|answer"))
    _check_ledger(workspace.ledger)
    verdicts = workspace.read(Verdict)
    shopper = verdicts.filter(judge="shopper")
    assert shopper["score"].null_count() == 0 and shopper["score"].is_between(0, 1).all()
    thrown = verdicts.filter(pl.col("judge").str.starts_with("rule:"))["candidate"].n_unique()
    assert thrown + len(shopper) == len(candidates)
    assert workspace.count(Triple) > 0
    _check_query(folder, workspace)

    again = mindgraph(folder, "distill")
    assert "unchanged, nothing was asked" in again.stderr


def _check_query(folder: Path, workspace: Workspace) -> None:
    """What was kept is found in the graph, under its two products."""
    mindgraph(folder, "load")
    triple = workspace.read(Triple).row(0, named=True)
    ends = ("-p", f"a={triple['product_a']}", "-p", f"b={triple['product_b']}")
    found = json.loads(mindgraph(folder, "query", "why_together", *ends, "--format", "json").stdout)
    assert triple["id"] in [row["triple"] for row in found]


def _check_ledger(path: Path) -> None:
    """Every stored answer has its tokens; every one that was taken is schema-valid."""
    rows = sqlite3.connect(path).execute(
        "SELECT kind, text, ok, finish_reason, prompt_tokens, completion_tokens, attempt FROM ledger"
    ).fetchall()  # fmt: skip
    assert all(tokens > 0 and written >= 1 for *_, tokens, written, _ in rows)
    for kind, text, ok, finish, *_ in rows:
        if kind in ("feature", "intentions"):
            assert ok == (finish == "stop")
        if kind == "feature" and ok:
            assert set(json.loads(text)) == set(FeatureAnswer.__struct_fields__)
