"""Run a command and write what it took, as JSON, to a file: `python launch.py FILE COMMAND …`.

A process of its own and small, because what a process is told about the memory of its child includes
its own at the moment it started the child.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time


def main() -> None:
    """Run the command with this process' own standard streams and exit as it does."""
    begun = time.perf_counter()
    child = subprocess.Popen(sys.argv[2:])
    _, status, usage = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - begun
    child.returncode = os.waitstatus_to_exitcode(status)
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    with open(sys.argv[1], "w") as file:  # noqa: PTH123 (pathlib is not free)
        json.dump({"seconds": seconds, "cpu": usage.ru_utime + usage.ru_stime, "memory": memory}, file)
    sys.exit(child.returncode)


if __name__ == "__main__":
    main()
