"""Processes of our own that hold the engine: how they are started, and how they answer.

A running statement, a listening port and an engine that fails can only be ended for certain by ending
a process. Such a process speaks lines of JSON over its pipes, ends when its parent does, and lets
nothing that a library prints reach anybody.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO, Any, BinaryIO

from mindgraph.errors import StoreError, StoreUnavailable


def spawn(module: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a module of this package as a process of its own, with pipes to and from it."""
    root = str(Path(__file__).parent.parent.parent)
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        process_group=0,
    )


def pipe(end: IO[bytes] | None) -> IO[bytes]:
    """Return a pipe that `spawn` has made."""
    assert end is not None
    return end


def end(child: subprocess.Popen[bytes]) -> None:
    """End a process at once."""
    child.kill()
    child.wait()
    pipe(child.stdin).close()
    pipe(child.stdout).close()


def raise_told(reply: dict[str, Any]) -> None:
    """Raise the error that a reply tells of, if it does."""
    if "error" in reply:
        kind = StoreUnavailable if reply["kind"] == "StoreUnavailable" else StoreError
        raise kind(reply["error"], hint=reply["hint"])


def begin() -> BinaryIO:
    """Return the pipe to the parent, in the process that was started.

    Whatever prints on standard output prints on nothing from here on.
    """
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 1)
    os.close(nothing)
    _end_with_parent()
    return os.fdopen(answers, "wb")


def send(answers: BinaryIO, reply: dict[str, Any]) -> None:
    """Send one reply to the parent."""
    answers.write(json.dumps(reply, ensure_ascii=False).encode("utf-8", "replace") + b"\n")
    answers.flush()


def told(error: StoreError) -> dict[str, Any]:
    """Return the reply that tells of an error."""
    return {"error": str(error), "hint": error.hint, "kind": type(error).__name__}


def _end_with_parent() -> None:
    """Ask the system to end this process when its parent ends, where it can."""
    if sys.platform == "linux":
        import ctypes
        import signal

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
