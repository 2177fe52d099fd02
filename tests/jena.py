"""Apache Jena for the tests: its jars, fetched once by Maven, run by a JDK. Never shipped."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from functools import cache
from pathlib import Path

from filelock import FileLock

from tests.needs import need
from tests.servers import QUICK, cache_folder

VERSION = "5.6.0"
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>mindgraph.tests</groupId><artifactId>jena</artifactId><version>1</version><dependencies><dependency>
<groupId>org.apache.jena</groupId><artifactId>jena-cmds</artifactId><version>{VERSION}</version>
</dependency></dependencies></project>"""


def jena(main: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run one of Jena's commands, such as `riotcmd.riot`; skip the test where it cannot be had."""
    folder = jars()
    need("jena", folder, "Apache Jena's jars: they need java, mvn and a package registry, once")
    command = ["java", *QUICK, "-cp", f"{folder}/*", main, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    done.stderr = "".join(line for line in done.stderr.splitlines(True) if not line.startswith("SLF4J"))
    return done


def select(query: Path, *, data: Path) -> list[dict[str, str]]:
    """Return the rows of a SELECT over a file."""
    done = jena("arq.arq", "--query", query, "--data", data, "--results", "CSV")
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(io.StringIO(done.stdout)))


@cache
def jars() -> Path | None:
    """Return the folder of Jena's jars, fetched now where they are not there; None where it cannot be."""
    home = cache_folder() / f"jena-{VERSION}"
    if (home / "done").is_file():
        return home / "lib"
    if not (shutil.which("java") and shutil.which("mvn")):
        return None
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "lock"):
        if not (home / "done").is_file():
            (home / "pom.xml").write_text(_POM)
            goal = [
                "dependency:copy-dependencies",
                f"-DoutputDirectory={home / 'lib'}",
                "-DincludeScope=runtime",
            ]
            got = subprocess.run(
                ["mvn", "-q", "-B", "-f", str(home / "pom.xml"), *goal], check=False, capture_output=True
            )
            if got.returncode:
                return None
            (home / "done").touch()
    return home / "lib"
