"""`transformers serve` as a process of its own: a real OpenAI-compatible server with pictures."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

from tests.needs import need, need_module

#: Seconds until the server answers; importing torch takes most of it.
_PATIENCE = 180


@contextmanager
def transformers_server(model: str) -> Iterator[str]:
    """Serve a folder with a model and yield the base URL; skipped with one line where that cannot be."""
    for module in ("torch", "transformers", "fastapi", "uvicorn", "accelerate"):
        need_module("serving", module)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", model]
    process = subprocess.Popen(
        [*command, "--device", "cpu", "--host", "127.0.0.1", "--port", str(port)],
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        need("serving", _answers(process, port), "transformers serve did not start")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait()


def _answers(process: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server says that it is well; no where it ends or takes too long."""
    until = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
                return True
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    return False
