"""The door to models: what a request costs the client, and what the ledger stores and finds."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Bench, LeftOut, Row, bench
from benchmarks.model_client import make_pictures
from benchmarks.model_stub import stub

_CLIENT = "benchmarks.model_client"


@bench("requests")
def requests(given: Bench) -> Iterator[Row]:
    """Two pictures and a schema, 5,000 co-buys of four calls, beside the `openai` client."""
    if importlib.util.find_spec("openai") is None:
        raise LeftOut("openai is not installed")
    count = max(200, int(20_000 * given.scale))
    make_pictures(given.scratch)
    with stub() as address:
        ours = given.run("-m", _CLIENT, "ours", str(count), address, given.scratch)
        tenth = given.run("-m", _CLIENT, "ours", str(count // 10), address, given.scratch)
        few = given.run("-m", _CLIENT, "ours", "1", address, given.scratch)
        peer = given.run("-m", _CLIENT, "openai", str(count // 10), address, given.scratch)
        none = given.run("-m", _CLIENT, "openai", "1", address, given.scratch)
    mine = 1000 * (ours.cpu - few.cpu) / count
    theirs = 1000 * (peer.cpu - none.cpu) / (count // 10)
    yield Row(
        work="client CPU of a request, two pictures and a schema",
        ours=f"{mine:.2f} ms",
        peer=f"{theirs:.2f} ms (openai)",
        ratio=theirs / mine,
        bar="≥ 2×, ≤ 4 ms",
        met=theirs >= 2 * mine and mine <= 4,
        cpu=ours.cpu,
        memory=ours.memory,
        size=f"{count:,} requests",
    )
    yield _flat("memory of that run beside a tenth of it", ours.memory, tenth.memory, limit=500e6)


@bench("ledger")
def ledger(given: Bench) -> Iterator[Row]:
    """100 requests in flight, every answer stored; then keys looked up among millions."""
    count = max(1000, int(100_000 * given.scale))
    folders = [_folder(given, name) for name in ("tenth", "whole")]
    with stub() as address:
        tenth = given.run("-m", _CLIENT, "ledger", str(count // 10), address, folders[0])
        whole = given.run("-m", _CLIENT, "ledger", str(count), address, folders[1])
    rate = count / whole.seconds
    yield Row(
        work="answers stored a second, 100 in flight",
        ours=f"{rate:,.0f}/s",
        bar="≥ 200/s",
        met=rate >= 200,
        cpu=whole.cpu,
        memory=whole.memory,
        size=f"{count:,} answers",
    )
    yield _flat("memory of that run beside a tenth of it", whole.memory, tenth.memory)
    yield _found(given)


@bench("stages")
def stages(given: Bench) -> Iterator[Row]:
    """Distil and filter 5,000 co-buys against an instant stub, then the same again from the ledger."""
    cobuys = max(50, int(5000 * given.scale))
    folders = {}
    for count in (cobuys // 10, cobuys):
        folders[count] = given.copy("products")
        given.run("-m", _CLIENT, "cobuys", str(count), str(given.workspace.path), folders[count])
    with stub() as address:
        for verb in ("distill", "filter"):
            first = {n: given.run("-m", _CLIENT, verb, "0", address, at) for n, at in folders.items()}
            again = given.run("-m", _CLIENT, verb, "0", address, folders[cobuys])
            whole, tenth = first[cobuys], first[cobuys // 10]
            yield _flat(f"memory of {verb}, whole process", whole.memory, tenth.memory, limit=500e6)
            found = json.loads(again.output.splitlines()[-1])
            yield Row(
                work=f"{verb} again with its stamp deleted, from the ledger",
                ours=f"{found['found'] / found['seconds']:,.0f} a CPU second",
                bar="≥ 20,000, nothing asked",
                met=found["found"] >= 20_000 * found["seconds"] and not found["asked"],
                cpu=again.cpu,
                memory=again.memory,
                size=f"{found['found']:,} answers",
            )


def _found(given: Bench) -> Row:
    stored, keys = int(5_000_000 * given.scale), max(100, int(100_000 * given.scale))
    path = given.scratch / "large.sqlite"
    given.run("-m", _CLIENT, "fill", str(stored), "-", path)
    run = given.run("-m", _CLIENT, "look-up", str(keys), "-", path)
    path.unlink()
    seconds = float(run.output)
    return Row(
        work="look up keys in the ledger, half of them there",
        ours=f"{seconds:.2f} s",
        bar="≤ 5 s",
        met=seconds <= 5,
        cpu=run.cpu,
        memory=run.memory,
        size=f"{keys:,} among {stored:,}",
    )


def _flat(work: str, whole: int, tenth: int, *, limit: float | None = None) -> Row:
    ratio = whole / tenth
    bar = "≤ 1.2×" + (f", ≤ {limit / 1e6:.0f} MB" if limit else "")
    met = ratio <= 1.2 and (limit is None or whole <= limit)
    return Row(
        work=work,
        ours=f"{whole / 1e6:.0f} MB",
        peer=f"{tenth / 1e6:.0f} MB (a tenth)",
        ratio=ratio,
        bar=bar,
        met=met,
        memory=whole,
    )


def _folder(given: Bench, name: str) -> Path:
    folder = given.scratch / name
    folder.mkdir()
    return folder
