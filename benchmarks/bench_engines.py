"""The engines: what sharing saves, and that nothing is lost or paid twice when things go wrong."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from _pytest.outcomes import Skipped

from benchmarks.harness import Bench, LeftOut, Row, bench
from tests.models import llama_server
from tests.stub_server import MISDEEDS, Seen, StubServer, at_random

_RUNS = "benchmarks.engine_runs"
_FLYING = 16
#: What a server may do wrong; not all of it, for what never ends takes the time allowed each time.
_WRONG = [misdeed for misdeed in MISDEEDS if misdeed not in ("endless", "drip", "heads")]


@bench("prefill")
def prefill(given: Bench) -> Iterator[Row]:
    """18 relations of a co-buy, what they share read once against each by itself: a tiny LLaVA."""
    for module in ("torch", "transformers", "llguidance"):
        if importlib.util.find_spec(module) is None:
            raise LeftOut(f"{module} is not installed")
    run = given.run("-m", _RUNS, "prefill", given.scratch)
    found = json.loads(run.output.splitlines()[-1])
    ratio = found["apart"] / found["shared"]
    yield Row(
        work="18 relations, shared prefill against separate calls (CPU)",
        ours=f"{found['shared']:.2f} s",
        peer=f"{found['apart']:.2f} s (apart)",
        ratio=ratio,
        bar="≥ 2.5×, same answers",
        met=ratio >= 2.5 and found["same"],
        memory=run.memory,
        size="3 co-buys",
    )


@bench("cached")
def cached(given: Bench) -> Iterator[Row]:
    """Prompt tokens that llama.cpp had kept: what is shared first, against the relation first."""
    cobuys = max(1, int(4 * given.scale))
    try:
        with llama_server(parallel=1) as address:
            run = given.run("-m", _RUNS, "cached", address, str(cobuys))
    except Skipped as why:
        raise LeftOut(str(why)) from None
    found = json.loads(run.output.splitlines()[-1])
    yield Row(
        work="prompt tokens that llama.cpp had kept",
        ours=f"{found['ours']:.0%}",
        peer=f"{found['relation first']:.0%} (relation first)",
        bar="more than relation first",
        met=found["ours"] > found["relation first"],
        size=f"{cobuys} co-buys of 18 questions",
    )


@bench("plan")
def plan(given: Bench) -> Iterator[Row]:
    """Prompt tokens as planned from a sample against what llama.cpp then reads."""
    cobuys = max(3, int(120 * given.scale))
    try:
        with llama_server(parallel=2) as address:
            folder = given.copy("products", "cobuys", "features")
            run = given.run("-m", _RUNS, "plan", address, folder, str(cobuys))
    except Skipped as why:
        raise LeftOut(str(why)) from None
    found = json.loads(run.output.splitlines()[-1])
    ratio = found["planned"] / found["used"]
    yield Row(
        work=f"prompt tokens planned ({found['basis']}) against read",
        ours=f"{found['planned']:,}",
        peer=f"{found['used']:,} (read)",
        ratio=ratio,
        bar="within 5 %",
        met=abs(ratio - 1) <= 0.05,
        size=f"{cobuys} co-buys, {found['calls']} calls",
    )


@bench("misdeeds")
def misdeeds(given: Bench) -> Iterator[Row]:
    """A fifth of the answers are wrong in one way or another."""
    count = max(100, int(3000 * given.scale))
    with StubServer(at_random(0.2, seed=1, misdeeds=_WRONG), keep=False) as server:
        ledger = given.scratch / "replies.sqlite"
        run = given.run("-m", _RUNS, "answers", server.base_url, ledger, str(count))
        put = server.requests
    found = json.loads(run.output.splitlines()[-1])
    whole = found["items"] == found["distinct"] == count
    yield Row(
        work="a fifth of the answers wrong: answered or told why",
        ours=f"{found['items'] - found['errors']:,} + {found['errors']} told",
        bar="every item, none twice",
        met=whole,
        cpu=run.cpu,
        memory=run.memory,
        size=f"{count:,} items, {put:,} requests",
    )


@bench("kills")
def kills(given: Bench) -> Iterator[Row]:
    """kill -9 at 20 random moments, and the same command again each time."""
    count = max(400, int(8000 * given.scale))
    chance, ended = random.Random(4), 0
    ledger = given.scratch / "replies.sqlite"
    with StubServer(_steady, keep=False) as server:
        command = [sys.executable, "-m", _RUNS, "answers", server.base_url, str(ledger), str(count)]
        while ended < 20:
            ended += _killed(command, server, chance.uniform(0.0, 0.5), ledger)
            if server.answered >= count:
                break
        run = given.run(*command[1:])
        put = server.requests
    found = json.loads(run.output.splitlines()[-1])
    yield Row(
        work=f"kill -9 at {ended} random moments: requests made",
        ours=f"{put:,}",
        bar=f"≤ {count:,} + {_FLYING} a kill",
        met=put <= count + ended * _FLYING and found["distinct"] == count,
        size=f"{count:,} items",
    )


def _steady(seen: Seen, number: int) -> None:
    time.sleep(0.001)


def _killed(command: list[str], server: StubServer, pause: float, ledger: Path) -> int:
    """Start the command, wait until it asks and a little longer, and kill it; 0 where it was done before."""
    before = server.requests
    with (ledger.parent / "said").open("wb") as said:
        process = subprocess.Popen(command, stdout=said)
        while process.poll() is None and server.requests == before:
            time.sleep(0.005)
        time.sleep(pause)
        alive = process.poll() is None
        process.kill()
        process.wait()
    return int(alive)
