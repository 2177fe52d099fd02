"""The health of a Neo4j server, for whoever will load into it or ask it."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from neo4j.exceptions import DriverError, Neo4jError

from mindgraph.errors import StoreError
from mindgraph.findings import Finding, gigabytes
from mindgraph.resources import cypher, statements
from mindgraph.stores.bolt.connection import Bolt, Login, connect
from mindgraph.stores.bolt.errors import message

#: Seconds that two clocks may differ before it is worth a word.
CLOCK = 5.0
#: Bytes of a server's heap below which large loads are slow or fail.
HEAP = 2**30

_LOAD = "`mindgraph load {uri}` makes what is missing."


def server_findings(uri: str, login: Login, database: str | None = None) -> Iterator[Finding]:
    """Yield what is found of a server; where it cannot be reached, one finding says why."""
    try:
        with connect(uri, login, database) as bolt:
            yield from _looked_at(bolt)
    except StoreError as error:
        yield Finding("server", "bad", str(error), error.hint)


def _looked_at(bolt: Bolt) -> Iterator[Finding]:
    looks = (_release, _database, _user, _write, _clock, _memory, _disk, _loads)
    for look in looks:
        yield _told(look.__name__.strip("_"), lambda look=look: look(bolt))
    yield from _schema(bolt)


def _told(about: str, look: Any) -> Finding:
    """Return what is found, or that the server does not tell it to this user."""
    try:
        found: Finding = look()
    except StoreError as error:
        return Finding(f"server {about}", "warn", str(error), error.hint or "Ask as an administrator.")
    return found


def _release(bolt: Bolt) -> Finding:
    row = _rows(bolt, "components")[0]
    return Finding(
        "server release", "ok", f"Neo4j {row['version']}, {row['edition']} edition, at {bolt.name}"
    )


def _database(bolt: Bolt) -> Finding:
    rows = {row["name"]: row for row in _rows(bolt, "databases")}
    home = next((name for name, row in rows.items() if row["home"]), "neo4j")
    name = bolt.database or home
    row = rows.get(name)
    if row is None:
        return Finding("server database", "warn", f"{name} is not listed to this user")
    told = f"{name}: {row['status']}, {row['access']}"
    if row["status"] != "online":
        return Finding("server database", "bad", f"{told}: {row['message']}", f"START DATABASE {name}")
    if row["access"] != "read-write":
        return Finding("server database", "bad", told, "Loads want a database that can be written.")
    return Finding("server database", "ok", told)


def _user(bolt: Bolt) -> Finding:
    row = _rows(bolt, "user")[0]
    may = "no roles: everything is allowed" if row["roles"] is None else f"roles {', '.join(row['roles'])}"
    return Finding("server user", "ok", f"{row['user'] or 'nobody, for no login is asked'} ({may})")


def _write(bolt: Bolt) -> Finding:
    """Create a node and take it back: what is allowed is tried, and nothing is left behind."""
    try:
        with bolt.session() as session, session.begin_transaction() as transaction:
            transaction.run(cypher("doctor/write")).consume()
            transaction.rollback()
    except (Neo4jError, DriverError) as error:
        advice = "Reading works; a load wants a user and a database that may be written."
        return Finding("server write", "bad", f"this user may not write: {message(error)}", advice)
    return Finding("server write", "ok", "this user may write (tried, and taken back)")


def _clock(bolt: Bolt) -> Finding:
    before = time.time()
    theirs = _rows(bolt, "clock")[0]["milliseconds"] / 1000
    return clock(theirs - (before + time.time()) / 2)


def clock(ahead: float) -> Finding:
    """Judge by how many seconds the server's clock is ahead of ours."""
    told = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} this machine's"
    if abs(ahead) > CLOCK:
        advice = "Set both by NTP: times in logs cannot be compared, and certificates may seem expired."
        return Finding("server clock", "warn", told, advice)
    return Finding("server clock", "ok", told)


def _memory(bolt: Bolt) -> Finding:
    row = _rows(bolt, "memory")[0]
    return memory(row["heap"], _pagecache(bolt), row["machine"])


def memory(heap: int, pagecache: int | None, machine: int) -> Finding:
    """Judge a server's heap and page cache beside its machine's memory, in bytes."""
    cache = "of its own choice" if pagecache is None else gigabytes(pagecache)
    told = f"heap {gigabytes(heap)}, page cache {cache}, machine {gigabytes(machine)}"
    if heap < HEAP:
        return Finding("server memory", "warn", told, "server.memory.heap.max_size=2g in neo4j.conf")
    if heap + (pagecache or 0) > machine:
        return Finding("server memory", "warn", told, "Together they are more than there is: lower one.")
    return Finding("server memory", "ok", told)


def _pagecache(bolt: Bolt) -> int | None:
    value = _settings(bolt).get("server.memory.pagecache.size")
    found = re.fullmatch(r"([\d.]+)\s*([KMGT]?)(iB|B)?", value or "")
    return int(float(found[1]) * 1024 ** " KMGT".index(found[2] or " ")) if found else None


def _disk(bolt: Bolt) -> Finding:
    """Say how much disk is free where the server's files are, where that is this machine's disk."""
    folder = Path(_settings(bolt).get("server.directories.data") or "/data")
    if urlsplit(bolt.name).hostname not in ("localhost", "127.0.0.1", "::1") or not folder.is_dir():
        return Finding("server disk", "ok", f"{folder}, on the server's machine: not seen from here")
    free = shutil.disk_usage(folder).free
    told = f"{gigabytes(free)} free at {folder}"
    if free < HEAP:
        return Finding("server disk", "warn", told, "Free some: a load of millions takes gigabytes.")
    return Finding("server disk", "ok", told)


def _loads(bolt: Bolt) -> Finding:
    rows = _rows(bolt, "loads")
    broken = [row["dataset"] for row in rows if not row["finished"]]
    if broken:
        told = f"a load is running or was interrupted: {', '.join(broken)}"
        return Finding("server loads", "warn", told, "The same `mindgraph load` finishes it.")
    if not rows:
        return Finding("server loads", "ok", "nothing was loaded yet", f"mindgraph load {bolt.name}")
    return Finding("server loads", "ok", f"data sets: {', '.join(row['dataset'] for row in rows)}")


def _schema(bolt: Bolt) -> Iterator[Finding]:
    """Yield a finding for constraints and one for indexes; before the first load none is expected."""
    try:
        indexes = {row["name"]: row for row in _rows(bolt, "indexes")}
        constraints = {row["name"] for row in _rows(bolt, "constraints")}
        loaded = bool(_rows(bolt, "loads"))
        vectors = any(row["vectors"] for row in _rows(bolt, "vectors"))
    except StoreError as error:
        yield Finding("server schema", "warn", str(error), error.hint)
        return
    for kind, wanted in ours(vectors=vectors).items():
        there = constraints if kind == "constraints" else set(indexes)
        yield _judged(bolt, kind, wanted, there, indexes, loaded)


def ours(*, vectors: bool = False) -> dict[str, list[str]]:
    """Return the names of our constraints and indexes, as the schema's files say them.

    Those of vectors are there where vectors were loaded.
    """
    found: dict[str, list[str]] = {"constraints": [], "indexes": []}
    for file in ("schema.cypher", "schema_neo4j.cypher", *(["schema_vectors.cypher"] if vectors else [])):
        for statement in statements(file):
            said = re.match(r"CREATE (?:\w+ )?(CONSTRAINT|INDEX) (\w+)", statement)
            assert said is not None, statement
            found["constraints" if said[1] == "CONSTRAINT" else "indexes"].append(said[2])
    return found


def _judged(
    bolt: Bolt,
    kind: str,
    wanted: list[str],
    there: set[str],
    indexes: dict[str, dict[str, Any]],
    loaded: bool,
) -> Finding:
    about = f"server {kind}"
    missing = [name for name in wanted if name not in there]
    failed = [name for name in wanted if name in indexes and indexes[name]["state"] == "FAILED"]
    filling = [name for name in wanted if name in indexes and indexes[name]["state"] == "POPULATING"]
    advice = _LOAD.format(uri=bolt.name)
    if failed:
        why = indexes[failed[0]]["failure"].strip().splitlines()[:1] or ["no reason given"]
        told = f"failed: {', '.join(failed)}: {why[0]}"
        return Finding(about, "bad", told, f"DROP it, then {advice}")
    if missing and loaded:
        return Finding(about, "bad", f"missing: {', '.join(missing)}", advice)
    if missing:
        return Finding(about, "ok", f"{len(wanted) - len(missing)} of {len(wanted)} there", advice)
    if filling:
        told = ", ".join(f"{name} ({indexes[name]['filled']:.0f} %)" for name in filling)
        return Finding(about, "warn", f"being filled: {told}", "Wait: questions are slow until then.")
    return Finding(about, "ok", f"{len(wanted)} of ours, all online")


def _settings(bolt: Bolt) -> dict[str, str | None]:
    return {row["name"]: row["value"] for row in _rows(bolt, "settings")}


def _rows(bolt: Bolt, name: str) -> list[dict[str, Any]]:
    return bolt.run(cypher(f"doctor/{name}"), f"cypher/doctor/{name}")
