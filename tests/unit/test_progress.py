"""What is said while a model is asked: how far it is, what it takes, and how much cannot be read."""

from __future__ import annotations

import re
from pathlib import Path

from mindgraph.cli.progress import Lines, figures
from mindgraph.tally import News
from tests.stub_server import StubServer, chat
from tests.unit.test_distill import COBUYS, behave, is_about, served


def test_a_line_tells_rate_tokens_money_rejects_and_time_left(tmp_path: Path) -> None:
    """Where there is no terminal a line is said now and then, and holds all that there is to know."""
    said: list[str] = []
    wrong = behave(lambda seen: chat("no JSON") if is_about(seen, '"isA"') else None)
    with StubServer(wrong) as server:
        pipeline = served(tmp_path, server, usd_prompt=1000.0, usd_completion=1000.0)
        pipeline.distill(tell=Lines(said.append, every=0))
    assert said
    shape = (
        r"^(?:products|co-buys): [\d,]+ of [\d,]+, [\d,.]+ answers/s · [\d,]+ tokens/s · [\d,.]+ USD · "
        r"\d+\.\d% rejected, \d+:\d\d:\d\d left$"
    )
    assert [line for line in said if not re.match(shape, line)] == []


def test_lines_come_now_and_then(tmp_path: Path) -> None:
    """Within a minute of the last line there is no other."""
    said: list[str] = []
    with StubServer() as server:
        served(tmp_path, server).distill(tell=Lines(said.append))
    assert said == []


def test_what_is_not_known_is_left_out() -> None:
    """Without prices or counted tokens there is neither money nor a rate of tokens."""
    assert (
        figures(News(rate=12.34, tokens_per_second=0, usd=0, rejected=0.5))
        == "12.3 answers/s · 50.0% rejected"
    )


def test_a_plain_function_is_told_as_before(tmp_path: Path) -> None:
    """Who only wants to count is told what is done, once each."""
    told: list[str] = []
    with StubServer() as server:
        served(tmp_path, server).distill(tell=lambda what, total: told.append(what))
    assert told.count("co-buys") == 4 * len(COBUYS)
