"""Killed at any moment, the same command asks for what is missing only."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from mindgraph.records import Candidate, Verdict
from mindgraph.workspace import Workspace
from tests.stub_server import Answer, Seen, StubServer, good

PRODUCTS, COBUYS, CONCURRENCY = 30, 40, 8


def slowly(seen: Seen, number: int) -> Answer:
    """Answer well, after a while."""
    answer = good(seen, number)
    answer.delay = 0.02
    return answer


def command(workspace: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "mindgraph", "-w", str(workspace), *words]


def ingest(folder: Path) -> Path:
    """A shop of products in a ring."""
    products = "\n".join(f"p{i:02},Thing {i}" for i in range(PRODUCTS))
    pairs = "\n".join(f"p{i % PRODUCTS:02},p{(i + 1 + i // PRODUCTS) % PRODUCTS:02}" for i in range(COBUYS))
    (folder / "products.csv").write_text(f"id,title\n{products}\n")
    (folder / "cobuys.csv").write_text(f"product_a,product_b\n{pairs}\n")
    workspace = folder / "workspace"
    files = (str(folder / "products.csv"), str(folder / "cobuys.csv"))
    subprocess.run(command(workspace, "-q", "ingest", *files), check=True)
    return workspace


def kill_after(words: list[str], seconds: float) -> bool:
    """Run a command and kill it after a while; return whether it was still running."""
    process = subprocess.Popen(words, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        process.wait(timeout=seconds)
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True


def questions(server: StubServer) -> Counter[str]:
    """How often each question arrived."""
    return Counter(str([seen.body["messages"], seen.body["seed"]]) for seen in server.chats())


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_kill_nine_repeats_only_what_was_in_flight(tmp_path: Path, seed: int) -> None:
    """Over several kills, no question is asked more often than it was in flight at a kill."""
    chance = random.Random(seed)
    with StubServer(slowly) as server:
        workspace = ingest(tmp_path)
        how = ["--base-url", server.base_url, "--model", "stub", "--concurrency", str(CONCURRENCY)]
        distil = command(workspace, "distill", *how)
        kills = sum(kill_after(distil, chance.uniform(0.6, 1.4)) for _ in range(4))
        subprocess.run(distil, check=True)
        asked = questions(server)
        needed = PRODUCTS + 4 * COBUYS
        assert kills >= 1
        assert len(asked) == needed
        assert sum(asked.values()) <= needed + kills * CONCURRENCY
        before = len(server.chats())
        filtering = command(workspace, "filter")
        kills = sum(kill_after(filtering, chance.uniform(0.6, 1.4)) for _ in range(2))
        subprocess.run(filtering, check=True)
        candidates = Workspace(workspace).read(Candidate)
        assert len(candidates) == COBUYS * 18
        judged = Workspace(workspace).read(Verdict)["candidate"].n_unique()
        shopped = Workspace(workspace).read(Verdict).filter(judge="shopper")
        assert judged == len(candidates)
        assert len(server.chats()) - before <= len(shopped) + kills * CONCURRENCY


def test_a_finished_command_run_again_is_quick_and_asks_nothing(tmp_path: Path) -> None:
    """The second run says that nothing has changed, within two seconds."""
    with StubServer() as server:
        workspace = ingest(tmp_path)
        distil = command(workspace, "distill", "--base-url", server.base_url, "--relations", "can")
        subprocess.run(distil, check=True, capture_output=True)
        before, begun = len(server.chats()), time.monotonic()
        again = subprocess.run(command(workspace, "distill"), check=True, capture_output=True, text=True)
        assert time.monotonic() - begun < 2
        assert again.stderr == "distill: unchanged, nothing was asked.\n"
        assert again.stdout == ""
        assert len(server.chats()) == before
