"""A real Neo4j for the tests, of both generations.

Found in this order: the server that `NEO4J_URI` names; a container where a Docker engine answers;
the server's jars, fetched once by Maven into a cache folder and run by a JDK; else none, with one
line that says what is missing. The jars are for tests alone: they are never shipped.

Run as a module it starts a server and says where: `python -m tests.servers 5` (or `2026`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import neo4j
from filelock import FileLock

PASSWORD = "mindgraph-test"

#: Flags with which the virtual machine is soon warm: tests ask little of it, and each thing once.
QUICK = ("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-XX:-UsePerfData")

OPENS = ("java.nio", "java.io", "sun.nio.ch", "java.util.concurrent")


@dataclass(frozen=True)
class Generation:
    """Name one generation of the server: its version, the Java it wants, how it is started."""

    name: str
    version: str
    java: int
    main: str
    flags: tuple[str, ...] = ()

    @property
    def image(self) -> str:
        """The image of the same version for Docker."""
        return f"neo4j:{self.version}-community"


GENERATIONS = {
    "5": Generation("5", "5.26.25", 17, "org.neo4j.server.CommunityEntryPoint"),
    "2026": Generation(
        "2026",
        "2026.09.0",
        25,
        "org.neo4j.server.Neo4jCommunity",
        ("--enable-native-access=ALL-UNNAMED", "--add-modules=jdk.incubator.vector"),
    ),
}

_ARTIFACTS = (
    ("org.neo4j", "neo4j", None),
    ("org.neo4j.app", "neo4j-server", None),
    ("org.neo4j", "neo4j-import-tool", None),
    ("org.neo4j.client", "neo4j-browser", "5.24.0"),
)

#: The newer importer reads Parquet by Hadoop, which wants these and does not bring them.
_HADOOP = (
    ("com.fasterxml.woodstox", "woodstox-core", "7.1.0"),
    ("org.apache.commons", "commons-collections4", "4.4"),
    ("org.apache.hadoop.thirdparty", "hadoop-shaded-guava", "1.4.0"),
)


class NoServer(Exception):
    """Say in one line why no server can be had here."""


@dataclass
class Server:
    """Be a running Neo4j; `close` ends it where it was started here."""

    uri: str
    user: str
    password: str
    http: str = ""
    home: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    command: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def auth(self) -> tuple[str, str]:
        """User and password, as the driver takes them."""
        return self.user, self.password

    def driver(self) -> neo4j.Driver:
        """Return a new driver for this server."""
        return neo4j.GraphDatabase.driver(self.uri, auth=self.auth)

    def start(self, timeout: float = 120.0) -> Server:
        """Start the process and wait until Bolt answers."""
        assert self.home is not None
        with (self.home / "logs" / "console.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, env={**os.environ, **self.environment}
            )
        until = time.monotonic() + timeout
        while time.monotonic() < until and self.process.poll() is None:
            if _answers(self.uri, self.auth):
                return self
            time.sleep(0.3)
        said = (self.home / "logs" / "console.log").read_text(errors="replace").strip().splitlines()
        self.kill()
        raise NoServer(f"Neo4j did not start: {said[-1] if said else 'it said nothing'}")

    def kill(self) -> None:
        """End the process at once, as a power cut does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> None:
        """End the process in good order, so that its files are whole."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def close(self) -> None:
        """End the process and remove its folder."""
        self.kill()
        if self.home is not None:
            shutil.rmtree(self.home, ignore_errors=True)


def cache_folder() -> Path:
    """Return the folder in which what is fetched once is kept."""
    return Path(os.environ.get("MINDGRAPH_CACHE", Path.home() / ".cache" / "mindgraph"))


def find_java(version: int) -> Path | None:
    """Return the `java` of a JDK of this major version: JAVA_HOME_<n>, JAVA_HOME, the usual folders."""
    homes = [os.environ.get(f"JAVA_HOME_{version}"), os.environ.get("JAVA_HOME")]
    folders = [Path("/usr/lib/jvm"), Path("/opt/java"), Path("/Library/Java/JavaVirtualMachines")]
    usual = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
    named = [path for path in usual if str(version) in path.name]
    on_path = shutil.which("java")
    candidates = [Path(home) for home in homes if home] + named
    binaries = [home / inner / "java" for home in candidates for inner in ("bin", "Contents/Home/bin")]
    for java in [*binaries, *([Path(on_path)] if on_path else [])]:
        if java.is_file() and _java_version(java) == version:
            return java
    return None


def jars(generation: Generation) -> Path:
    """Return the folder of the server's jars, fetched by Maven where it is not there yet."""
    wanted = hashlib.sha256(_pom(generation).encode()).hexdigest()[:8]
    lib = cache_folder() / f"neo4j-{generation.version}-{wanted}" / "lib"
    lib.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lib.parent / "lock"):
        if not lib.is_dir():
            _fetch(generation, lib)
    return lib


def prepare(
    generation: Generation,
    *,
    auth: bool = False,
    settings: Mapping[str, str] | None = None,
    flags: Sequence[str] = QUICK,
) -> Server:
    """Return a server in a temporary folder on free ports, not started yet; raises NoServer.

    `flags` are those of the virtual machine; without the usual ones it is slow at first and fast later.
    """
    java = find_java(generation.java)
    if java is None:
        raise NoServer(
            f"Neo4j {generation.version} wants a JDK {generation.java}: set JAVA_HOME_{generation.java}"
        )
    lib = jars(generation)
    home = Path(tempfile.mkdtemp(prefix=f"mindgraph-neo4j-{generation.name}-"))
    bolt, http = free_port(), free_port()
    _configure(home, bolt, http, auth, settings or {})
    environment = {"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}
    virtual_machine = [*_java(java, lib, generation), *flags]
    if auth:
        _admin(virtual_machine, environment, "dbms", "set-initial-password", PASSWORD)
    command = [
        *virtual_machine,
        generation.main,
        f"--home-dir={home}",
        f"--config-dir={home / 'conf'}",
        "--console-mode",
    ]
    return Server(
        f"bolt://127.0.0.1:{bolt}",
        "neo4j",
        PASSWORD,
        f"http://127.0.0.1:{http}",
        home,
        command=command,
        environment=environment,
    )


def run_admin(generation: Generation, home: Path, *arguments: str) -> str:
    """Run neo4j-admin on a server's folder and return what it said; raises CalledProcessError."""
    java = find_java(generation.java)
    assert java is not None
    environment = {"NEO4J_HOME": str(home), "NEO4J_CONF": str(home / "conf")}
    return _admin(_java(java, jars(generation), generation), environment, *arguments)


def write_admin_script(generation: Generation, home: Path, path: Path) -> Path:
    """Write a `neo4j-admin` that a shell script can call, and return it."""
    java = find_java(generation.java)
    assert java is not None
    command = " ".join(f"'{part}'" for part in _java(java, jars(generation), generation))
    path.write_text(
        f"#!/bin/sh\nexport NEO4J_HOME='{home}' NEO4J_CONF='{home / 'conf'}'\n"
        f'exec {command} org.neo4j.cli.AdminTool "$@"\n'
    )
    path.chmod(0o755)
    return path


def open_server(generation: Generation) -> Server:
    """Return a running server of a generation, from wherever one can be had; raises NoServer."""
    if os.environ.get("NEO4J_URI"):
        return _named_server(generation)
    if docker_answers():
        return _container(generation)
    return prepare(generation, auth=True).start()


def wipe(driver: neo4j.Driver) -> None:
    """Remove every node, constraint and index of the database."""
    with driver.session() as session:
        for name in session.run("SHOW CONSTRAINTS YIELD name").value():
            session.run(f"DROP CONSTRAINT `{name}`").consume()
        for name in session.run("SHOW INDEXES YIELD name, type WHERE type <> 'LOOKUP' RETURN name").value():
            session.run(f"DROP INDEX `{name}`").consume()
        session.run("MATCH (n) CALL (n) { DETACH DELETE n } IN TRANSACTIONS OF 5000 ROWS").consume()


def docker_answers() -> bool:
    """Say whether a Docker engine answers here."""
    if shutil.which("docker") is None:
        return False
    try:
        asked = subprocess.run(
            ["docker", "version", "--format", "{{.Server.Version}}"], capture_output=True, timeout=10
        )
    except subprocess.TimeoutExpired:
        return False
    return asked.returncode == 0


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _named_server(generation: Generation) -> Server:
    """Return the server of NEO4J_URI; it serves the tests of its own generation alone."""
    uri = os.environ["NEO4J_URI"]
    user = os.environ.get("NEO4J_USER", "neo4j")
    server = Server(uri, user, os.environ.get("NEO4J_PASSWORD", ""))
    try:
        with server.driver() as driver:
            agent = driver.get_server_info().agent
            nodes = driver.execute_query("MATCH (n) RETURN count(n) AS nodes").records[0]["nodes"]
    except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError) as error:
        raise NoServer(f"NEO4J_URI={uri} does not answer: {error}") from error
    if not agent.removeprefix("Neo4j/").startswith(f"{generation.name}."):
        raise NoServer(f"NEO4J_URI is {agent}, not of the generation {generation.name}")
    if nodes:
        raise NoServer(
            f"NEO4J_URI={uri} holds {nodes} nodes: the tests wipe their database, so give an empty one"
        )
    return server


def _container(generation: Generation) -> Server:
    from testcontainers.neo4j import Neo4jContainer

    container = Neo4jContainer(generation.image, password=PASSWORD)
    container.start()
    server = Server(container.get_connection_url(), "neo4j", PASSWORD)
    server.close = container.stop  # type: ignore[method-assign]
    return server


def _java_version(java: Path) -> int | None:
    said = subprocess.run([str(java), "-version"], capture_output=True, text=True).stderr
    quoted = said.split('"')
    number = quoted[1].split(".")[0] if len(quoted) > 1 else ""
    return int(number) if number.isdigit() else None


def _fetch(generation: Generation, lib: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NoServer(f"Neo4j {generation.version} is fetched by Maven: install mvn, or set NEO4J_URI")
    beside = lib.with_name("lib.new")
    shutil.rmtree(beside, ignore_errors=True)
    pom = lib.with_name("pom.xml")
    pom.write_text(_pom(generation))
    asked = subprocess.run(
        [
            *(maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"),
            *(f"-DoutputDirectory={beside}", "-DincludeScope=runtime"),
        ],
        capture_output=True,
        text=True,
    )
    if asked.returncode:
        said = (asked.stdout + asked.stderr).strip().splitlines()
        raise NoServer(f"Maven could not fetch Neo4j {generation.version}: {said[0] if said else ''}")
    beside.replace(lib)


def _pom(generation: Generation) -> str:
    wanted = "".join(
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>{version or generation.version}</version></dependency>"
        for group, name, version in (*_ARTIFACTS, *(_HADOOP if generation.java > 17 else ()))
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>mindgraph</groupId><artifactId>test-server</artifactId><version>1</version>"
        f"<dependencies>{wanted}</dependencies></project>"
    )


def _configure(home: Path, bolt: int, http: int, auth: bool, settings: Mapping[str, str]) -> None:
    folders = ("data", "logs", "run", "import", "plugins", "licenses")
    for name in (*folders, "conf"):
        (home / name).mkdir()
    lines = {
        **{f"server.directories.{name}": str(home / name) for name in folders},
        "server.bolt.listen_address": f"127.0.0.1:{bolt}",
        "server.bolt.advertised_address": f"127.0.0.1:{bolt}",
        "server.http.listen_address": f"127.0.0.1:{http}",
        "server.https.enabled": "false",
        "dbms.security.auth_enabled": str(auth).lower(),
        "dbms.usage_report.enabled": "false",
        "server.memory.pagecache.size": "512m",
        "db.tx_log.rotation.retention_policy": "keep_none",
        **settings,
    }
    text = "".join(f"{name}={value}\n" for name, value in lines.items())
    (home / "conf" / "neo4j.conf").write_text(text)


def _java(java: Path, lib: Path, generation: Generation) -> list[str]:
    opens = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENS]
    return [str(java), "-Xmx2g", *opens, *generation.flags, "-cp", f"{lib}/*"]


def _admin(java: Sequence[str], environment: Mapping[str, str], *arguments: str) -> str:
    asked = subprocess.run(
        [*java, "org.neo4j.cli.AdminTool", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    said = asked.stdout + asked.stderr
    if asked.returncode:
        raise subprocess.CalledProcessError(asked.returncode, arguments, said)
    return said


def _answers(uri: str, auth: tuple[str, str]) -> bool:
    host, _, port = uri.partition("://")[2].partition(":")
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((host, int(port))):
            return False
    try:
        with neo4j.GraphDatabase.driver(uri, auth=auth, connection_timeout=2) as driver:
            driver.verify_connectivity()
    except (neo4j.exceptions.Neo4jError, neo4j.exceptions.DriverError):
        return False
    return True


if __name__ == "__main__":
    started = open_server(GENERATIONS[sys.argv[1] if len(sys.argv) > 1 else "5"])
    print(started.uri, started.http, started.process.pid if started.process else "", flush=True)
    try:
        while True:
            time.sleep(3600)
    finally:
        started.close()
