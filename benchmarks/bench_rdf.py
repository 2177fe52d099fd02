"""The graph as RDF, beside rdflib, pyoxigraph, sort and the disk; its checks; and the other exports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from benchmarks.harness import GB, Bench, Row, Run, bench, versus
from benchmarks.synthetic import make_workspace
from mindgraph.exports import KINDS

#: Statements of the sample that slow peers are measured on.
SAMPLE = 200_000
MEMORY = 0.7 * GB
#: An export is not forced to the disk; where the disk is what is compared with, this is added.
_FORCE = "import os, sys; os.fsync(os.open(sys.argv[1], os.O_RDONLY))"


@bench("rdf")
def rdf(given: Bench) -> Iterator[Row]:
    """Export, hold against the peers, parse whole, and check the rules."""
    folder, out = given.copy(), given.scratch / "out"
    ours = given.mindgraph(folder, "export", "rdf", out)
    dump = out / "synthetic.nt"
    forced = given.run("-c", _FORCE, dump)
    with dump.open("rb") as file:
        count = sum(1 for _ in file)
    size = f"{count:,} statements"
    sample = _sample(dump, given.scratch / "sample.nt", count)
    for name, faster in (("rdflib", 60.0), ("pyoxigraph", 6.0)):
        seconds = _peer(given, name, sample, given.scratch / "peer.nt")
        yield _per_triple(f"nt, against {name}", ours, count, seconds, min(count, SAMPLE), faster, size)
    seconds = _peer(given, "copy", dump, given.scratch / "copy.nt")
    synced = replace(ours, seconds=ours.seconds + forced.seconds)
    yield _share("nt and syncing it, against writing and syncing the same bytes", synced, seconds, 0.5, size)
    (given.scratch / "copy.nt").unlink()
    yield _memory(given, ours, size)
    yield _sorted(given, ours, dump, size)
    packed = given.mindgraph(folder, "export", "rdf", given.scratch / "gz", "--as", "nt.gz")
    yield _at_most("nt.gz, against nt", packed, ours, 1.5, size)
    yield from _checks(given, folder, dump, count, size)


@bench("exports")
def exports(given: Bench) -> Iterator[Row]:
    """Write every other format once; listed without a bar."""
    folder = given.copy()
    for kind in KINDS:
        done = given.mindgraph(folder, "export", kind, given.scratch / kind)
        written = sum(path.stat().st_size for path in (given.scratch / kind).iterdir())
        yield Row(
            work=f"export {kind}",
            ours=f"{done.seconds:.2f} s",
            cpu=done.cpu,
            memory=done.memory,
            size=f"{written:,} bytes",
        )


def _checks(given: Bench, folder: Path, dump: Path, count: int, size: str) -> Iterator[Row]:
    parsed = given.mindgraph(folder, "validate", dump)
    each = parsed.seconds / count * 1e6
    yield Row(
        work="full parse and count",
        ours=f"{each:.2f} µs a triple",
        bar="≤ 3 µs",
        met=each <= 3,
        cpu=parsed.cpu,
        memory=parsed.memory,
        size=size,
    )
    rules = given.mindgraph(folder, "validate")
    part = given.scratch / "part"
    given.mindgraph(folder, "export", "rdf", part, "--top", "20")
    with (part / "synthetic.nt").open("rb") as file:
        held = sum(1 for _ in file)
    seconds = _peer(given, "shacl", part / "synthetic.nt", part / "shapes.ttl")
    ratio = (rules.seconds / count) / (seconds / held)
    yield Row(
        work="table rules over the whole workspace, against pyshacl, per triple",
        ours=f"{rules.seconds:.2f} s",
        peer=f"{seconds:.2f} s for {held:,}",
        ratio=ratio,
        bar="≤ 0.05×",
        met=ratio <= 0.05,
        cpu=rules.cpu,
        memory=rules.memory,
        size=size,
    )


def _memory(given: Bench, ours: Run, size: str) -> Row:
    """Hold the memory against that of a tenth of the size."""
    tenth = make_workspace(given.scratch / "tenth", given.scale / 10, 0)
    small = given.mindgraph(tenth.path, "export", "rdf", given.scratch / "small")
    ratio = ours.memory / small.memory
    return Row(
        work="nt, memory against a tenth of the size",
        ours=f"{ours.memory / 1e6:.0f} MB",
        peer=f"{small.memory / 1e6:.0f} MB",
        ratio=ratio,
        bar="≤ 1.2×, ≤ 700 MB",
        met=ratio <= 1.2 and ours.memory <= MEMORY,
        memory=ours.memory,
        size=size,
    )


def _sorted(given: Bench, ours: Run, dump: Path, size: str) -> Row:
    """Hold the export, which comes sorted, against sorting the file alone with the same memory."""
    script = "import subprocess, sys; subprocess.run(sys.argv[1:], check=True)"
    command = [
        "sort",
        "-u",
        "-S",
        f"{ours.memory // 1024}K",
        "-T",
        str(given.scratch),
        "-o",
        str(given.scratch / "s.nt"),
    ]
    peer = given.run("-c", script, *command, str(dump), environment={"LC_ALL": "C"})
    (given.scratch / "s.nt").unlink()
    return versus("sorted and unique nt, against sort -u of the nt file", ours, peer, faster=1, size=size)


def _sample(dump: Path, path: Path, count: int) -> Path:
    """Write about `SAMPLE` lines from all over a dump."""
    with dump.open("rb") as file, path.open("wb") as out:
        out.writelines(islice(file, 0, None, max(1, count // SAMPLE)))
    return path


def _peer(given: Bench, name: str, source: Path, target: Path) -> float:
    return float(given.run("-m", "benchmarks.rdf_peers", name, source, target).output)


def _per_triple(
    work: str, ours: Run, count: int, seconds: float, sample: int, faster: float, size: str
) -> Row:
    ratio = (seconds / sample) / (ours.seconds / count)
    return Row(
        work=work,
        ours=f"{count / ours.seconds / 1e6:.2f} M/s",
        peer=f"{sample / seconds / 1e6:.3f} M/s",
        ratio=ratio,
        bar=f"≥ {faster:g}×",
        met=ratio >= faster,
        cpu=ours.cpu,
        memory=ours.memory,
        size=size,
    )


def _share(work: str, ours: Run, seconds: float, least: float, size: str) -> Row:
    ratio = seconds / ours.seconds
    return Row(
        work=work,
        ours=f"{ours.seconds:.2f} s",
        peer=f"{seconds:.2f} s",
        ratio=ratio,
        bar=f"≥ {least:g}×",
        met=ratio >= least,
        cpu=ours.cpu,
        memory=ours.memory,
        size=size,
    )


def _at_most(work: str, ours: Run, other: Run, most: float, size: str) -> Row:
    ratio = ours.seconds / other.seconds
    return Row(
        work=work,
        ours=f"{ours.seconds:.2f} s",
        peer=f"{other.seconds:.2f} s",
        ratio=ratio,
        bar=f"≤ {most:g}×",
        met=ratio <= most,
        cpu=ours.cpu,
        memory=ours.memory,
        size=size,
    )
