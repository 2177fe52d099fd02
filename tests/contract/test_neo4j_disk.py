"""A database that may not be written, and a disk that is full: what the server says is passed on."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from mindgraph.errors import StoreError
from mindgraph.stores.bolt import Login, connect, synchronise, verify
from tests.needs import need
from tests.servers import GENERATIONS, Generation, NoServer, Server, prepare
from tests.shops import CAMPING, shop, spooled

#: Bytes that are left on the disk when it is called full.
LEFT = 200_000


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"neo4j-{name}")) for name in GENERATIONS]
)
def generation(request: pytest.FixtureRequest) -> Generation:
    """Each generation."""
    return GENERATIONS[request.param]


def started(generation: Generation, **settings: str) -> Server:
    """Start a server with these settings, in which two underscores stand for a dot."""
    try:
        named = {name.replace("__", "."): value for name, value in settings.items()}
        return prepare(generation, settings=named).start(timeout=300)
    except NoServer as lack:
        need("neo4j", False, str(lack))
        raise


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small disk, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here: it takes root")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
def test_a_read_only_database_is_named(generation: Generation, tmp_path: Path):
    """It can be compared; a load writes nothing, and the line says that the database is read-only."""
    server = started(generation)
    spool = spooled(shop(tmp_path / "shop"))
    try:
        with connect(server.uri, Login()) as bolt:
            synchronise(bolt, spool)
        server.stop()
        assert server.home is not None
        with (server.home / "conf" / "neo4j.conf").open("a") as settings:
            settings.write("server.databases.default_to_read_only=true\n")
        server.start(timeout=300)
        with connect(server.uri, Login()) as bolt:
            verify(bolt, spool)
            with pytest.raises(StoreError, match="read-only") as error:
                synchronise(bolt, spooled(shop(tmp_path / "shop", CAMPING[:2])))
            verify(bolt, spool)
    finally:
        server.close()
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_a_full_disk_is_told_and_the_load_finished_when_there_is_room(
    generation: Generation, disk: Path, tmp_path: Path
):
    """What the server says of its disk is passed on; with room again, the same load is finished."""
    sizes = {"db__tx_log__preallocate": "false", "db__tx_log__rotation__size": "1m"}
    server = started(generation, server__directories__data=str(disk), **sizes)
    filler = disk / "filler"
    said = [(f"a{n}", f"b{n}", "usedFor", f"{n} {'x' * 2_000}", 0.5) for n in range(1_500)]
    spool = spooled(shop(tmp_path / "shop", [*CAMPING, *said]))
    try:
        with connect(server.uri, Login()) as bolt:
            synchronise(bolt, spooled(shop(tmp_path / "before")))
            filler.write_bytes(b"0" * max(0, shutil.disk_usage(disk).free - LEFT))
            with pytest.raises(StoreError) as error:
                synchronise(bolt, spool)
        filler.unlink()
        server.kill()
        server.start(timeout=300)
        with connect(server.uri, Login()) as bolt:
            synchronise(bolt, spool)
            verify(bolt, spool)
    finally:
        server.close()
    assert str(error.value).startswith("cypher/load/") and "\n" not in str(error.value)
    assert "the server's disk" in str(error.value.hint)
