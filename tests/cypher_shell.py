"""The real cypher-shell for the tests: its jars, fetched once by Maven, run by a JDK. Never shipped."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from filelock import FileLock

from tests.needs import need
from tests.servers import QUICK, cache_folder, find_java

#: The newest of the long-term line that stands in Maven's index; it speaks to newer servers, too.
VERSION = "5.26.30"
JAVA = 17

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>mindgraph.tests</groupId><artifactId>shell</artifactId><version>1</version><dependencies><dependency>
<groupId>org.neo4j</groupId><artifactId>cypher-shell</artifactId><version>{VERSION}</version>
</dependency></dependencies></project>"""


def write_cypher_shell(path: Path) -> Path:
    """Write a `cypher-shell` that a script can call, and return it; skip the test where none can be had."""
    java, lib = find_java(JAVA), _jars()
    need("neo4j", java and lib, f"cypher-shell {VERSION} wants a JDK {JAVA}, mvn and, once, Maven Central")
    flags = " ".join(QUICK)
    path.write_text(f"#!/bin/sh\nexec '{java}' {flags} -cp '{lib}/*' org.neo4j.shell.Main \"$@\"\n")
    path.chmod(0o755)
    return path


def _jars() -> Path | None:
    home = cache_folder() / f"cypher-shell-{VERSION}"
    maven = shutil.which("mvn")
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "lock"):
        if not (home / "done").is_file() and maven:
            (home / "pom.xml").write_text(_POM)
            goal = [
                "dependency:copy-dependencies",
                f"-DoutputDirectory={home / 'lib'}",
                "-DincludeScope=runtime",
            ]
            command = [maven, "-q", "-B", "-f", str(home / "pom.xml"), *goal]
            if subprocess.run(command, check=False, capture_output=True).returncode == 0:
                (home / "done").touch()
    return home / "lib" if (home / "done").is_file() else None
