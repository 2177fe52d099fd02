"""Run the benchmarks: `python -m benchmarks [--scale 0.01] [NAME …]`.

Exit 1 where a bar is missed at scale 1, or where a bench cannot run though it must (MINDGRAPH_REQUIRE).
"""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from pathlib import Path

from benchmarks.harness import find_benches, print_rows, run_all


def main() -> None:
    """Run what was named and print one table."""
    names = sorted(find_benches())
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what is claimed.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--scale", type=float, default=1.0, help="1 is the size that the paper reports")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("bench-out"), help="folder of results.json")
    parser.add_argument("--workspace", type=Path, help="a synthetic workspace that is there already")
    options = parser.parse_args()
    for name in options.names:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1) or names
            parser.error(f"there is no bench {name!r}; did you mean {near[0]}?")
    rows = run_all(
        options.names, scale=options.scale, seed=options.seed, out=options.out, workspace=options.workspace
    )
    print_rows(rows, options.scale)
    missed = [row for row in rows if row.met is False and options.scale >= 1]
    left_out = [
        row for row in rows if row.work.startswith("left out") and os.environ.get("MINDGRAPH_REQUIRE")
    ]
    sys.exit(1 if missed or left_out else 0)


if __name__ == "__main__":
    main()
