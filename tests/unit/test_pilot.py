"""The pilot: one sample asked in several ways, side by side, and nothing paid for twice."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from mindgraph.cli import cli
from mindgraph.errors import BudgetReached, SettingsError
from mindgraph.pilot import sample
from mindgraph.records import Candidate, CoBuy, Product
from mindgraph.tables import frame_of
from mindgraph.tally import Budget
from mindgraph.workspace import Workspace
from tests.stub_server import StubServer
from tests.unit.test_distill import served


def test_ways_stand_side_by_side(tmp_path: Path) -> None:
    """Each way has its row, the first is the settings as they are, and agrees with itself."""
    with StubServer() as server:
        pipeline = served(tmp_path, server, relations=["can", "usedFor"])
        found = pipeline.pilot([{"calls": "per-relation"}, {"model": "other"}], size=3)
    assert [way.way for way in found.ways] == ["as it is", "calls=per-relation", "model=other"]
    assert {way.cobuys for way in found.ways} == {3}
    first = found.ways[0]
    assert (first.candidates, first.accepted, first.agreement) == (6, 1.0, 1.0)
    assert (first.by_rule, first.unparsed, first.failed) == (0.0, 0.0, 0)
    assert first.score_25 == first.score_50 == first.score_75
    assert found.ways[1].tokens > first.tokens


def test_only_the_ledger_is_written_and_counts_for_the_full_run(tmp_path: Path) -> None:
    """No table changes; distilling afterwards does not ask again; the same pilot asks nothing."""
    with StubServer() as server:
        pipeline = served(tmp_path, server, relations=["can"])
        first = pipeline.pilot(size=2)
        assert not pipeline.workspace.has(Candidate)
        before = len(server.chats())
        again = pipeline.pilot(size=2)
        assert (len(server.chats()), again.ways) == (before, first.ways)
        stage = pipeline.distill()
    assert stage.counts["from the ledger"] > 0
    assert stage.counts["asked"] + stage.counts["from the ledger"] == stage.counts["read"]


def test_the_sheet_is_blind(tmp_path: Path) -> None:
    """What people judge does not name the way; the key beside it does."""
    with StubServer() as server:
        served(tmp_path, server, relations=["can"])
        words = [
            "-w", str(tmp_path / "workspace"), "pilot", "-n", "2", "--try", "images=none, style=paragraph",
            "--sheet", str(tmp_path / "sheet.csv"), "--format", "json",
        ]  # fmt: skip
        result = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert [row["way"] for row in json.loads(result.stdout)] == ["as it is", "images=none, style=paragraph"]
    with (tmp_path / "sheet.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert "way" not in rows[0] and rows[0]["plausible"] == ""
    with (tmp_path / "sheet-key.csv").open(newline="") as file:
        assert [row["row"] for row in csv.DictReader(file)] == [row["row"] for row in rows]


def test_a_budget_holds_here_too(tmp_path: Path) -> None:
    """The pilot stops as told."""
    with StubServer() as server:
        pipeline = served(tmp_path, server)
        with pytest.raises(BudgetReached):
            pipeline.pilot(size=3, budget=Budget(calls=4))
        assert len(server.chats()) == 4


@pytest.mark.parametrize(
    ("variant", "said"),
    [({"images": "sideways"}, "images"), ({"imags": "none"}, "imags"), ({"samples": "0"}, "samples")],
)
def test_a_wrong_variant_is_named(tmp_path: Path, variant: dict[str, str], said: str) -> None:
    """A setting that there is not, or a value it does not take, stops before anything is asked."""
    with StubServer() as server:
        pipeline = served(tmp_path, server)
        with pytest.raises(SettingsError, match=said):
            pipeline.pilot([variant])
        assert server.requests == 0


def test_a_way_without_a_value_is_usage(tmp_path: Path) -> None:
    """`--try images` says nothing."""
    result = CliRunner().invoke(cli, ["-w", str(tmp_path), "pilot", "--try", "images"])
    assert result.exit_code == 2


def test_a_sample_spans_categories_and_weights(tmp_path: Path) -> None:
    """One co-buy of each category and quarter of the weights comes before a second of any."""
    workspace = Workspace.create(tmp_path / "w")
    products = [Product(id=f"p{i:02}", title="t", categories=[f"c{i % 4}"]) for i in range(80)]
    bought = [CoBuy(id=f"b{i:02}", product_a=f"p{i:02}", product_b="z", weight=float(i)) for i in range(80)]
    workspace.write(Product, frame_of(Product, products))
    workspace.write(CoBuy, frame_of(CoBuy, bought))
    chosen = sample(workspace, 16)
    kinds = chosen.select(pl.col("weight") % 4, quarter=pl.col("weight") // 20)
    assert len(kinds.unique()) == 16
    assert sample(workspace, 16).equals(chosen)
    assert len(sample(workspace, 500)) == 80
