"""The health of a workspace: settings, lock, tables, runs, ledger, embedded graph."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing

from mindgraph.errors import MindgraphError
from mindgraph.findings import Finding
from mindgraph.lvlm.replies import Replies
from mindgraph.records import RECORDS, Product, Record
from mindgraph.settings import FORMAT
from mindgraph.spool import INPUTS
from mindgraph.status import status_of
from mindgraph.stores.embedded import EmbeddedStore
from mindgraph.stores.embedded_home import Home
from mindgraph.workspace import Workspace


def folder_findings(workspace: Workspace) -> Iterator[Finding]:
    """Yield what is found of a workspace."""
    if not workspace.exists():
        told = f"{workspace.path} is no workspace yet"
        yield Finding("workspace", "ok", told, "`mindgraph ingest` makes one; -w names another folder.")
        return
    yield _told("settings", lambda: _settings(workspace))
    yield _written(workspace)
    yield _lock(workspace)
    yield from _tables(workspace)
    yield _runs(workspace)
    yield _told("ledger", lambda: _ledger(workspace))
    yield _told("stages", lambda: _stages(workspace))
    yield _told("graph", lambda: _graph(workspace))


def _told(about: str, look: Callable[[], Finding]) -> Finding:
    """Return what is found, or the error that looking ended with."""
    try:
        return look()
    except MindgraphError as error:
        return Finding(about, "bad", str(error), error.hint)


def _settings(workspace: Workspace) -> Finding:
    settings = workspace.settings()
    told = f"{workspace.path}: data set {settings.dataset}, format {settings.format} of {FORMAT}"
    return Finding("settings", "ok", told)


def _written(workspace: Workspace) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=workspace.path):
            return Finding("write permission", "ok", f"{workspace.path} can be written")
    except OSError as error:
        told = f"{workspace.path} cannot be written: {error.strerror or error}"
        return Finding("write permission", "bad", told, "Mend the permissions; reading still works.")


def _lock(workspace: Workspace) -> Finding:
    owner = workspace.writer()
    if owner is None:
        return Finding("lock", "ok", "nobody writes")
    told = f"{workspace.path} is being written by another process (pid {owner})"
    return Finding("lock", "warn", told, "Wait until it is done; readers need not wait.")


def _tables(workspace: Workspace) -> Iterator[Finding]:
    """Yield one finding for each table that is not as a run left it, else one for all of them."""
    written = {table: (m.verb, digest) for m in workspace.manifests() for table, digest in m.writes.items()}
    wrong = [
        finding
        for record in RECORDS
        if (finding := _table(workspace, record, *written.get(record.table, ("", "")))) is not None
    ]
    held = [record for record in RECORDS if workspace.has(record)]
    if wrong:
        yield from wrong
    else:
        yield Finding("tables", "ok", f"{len(held)} tables, each as its stage wrote it")
    if workspace.has(Product) and not wrong:
        yield _pictures(workspace)


def _table(workspace: Workspace, record: type[Record], verb: str, digest: str) -> Finding | None:
    """Return what is wrong with one table: gone, damaged, or not the file that its stage wrote."""
    path = workspace.file(record)
    if not workspace.has(record):
        if not verb:
            return None
        return Finding("tables", "bad", f"{path} is gone", f"Run `mindgraph {verb}` again.")
    try:
        same = bool(digest) and workspace.digest_of(record) == digest
        workspace.count(record) if same else workspace.read(record)
    except (MindgraphError, OSError) as error:
        return Finding("tables", "bad", str(error), getattr(error, "hint", ""))
    if same or not verb:
        return None
    told = f"{path} can be read, and is not the file that `mindgraph {verb}` wrote"
    return Finding("tables", "warn", told, f"Run `mindgraph {verb}` again, unless it was changed on purpose.")


def _pictures(workspace: Workspace) -> Finding:
    """Say whether each picture that a product names is there."""
    wanted = workspace.scan(Product).select("image").drop_nulls().unique().collect()["image"]
    there = {path.stem for path in workspace.images.rglob("*") if path.is_file()}
    gone = wanted.filter(~wanted.is_in(list(there))) if len(wanted) else wanted
    if len(gone):
        told = f"{len(gone):,} of {len(wanted):,} pictures are gone, the first {gone.sort()[0]}"
        return Finding("pictures", "bad", told, "Run `mindgraph ingest` again with the pictures.")
    return Finding("pictures", "ok", f"{len(wanted):,} pictures, each there")


def _runs(workspace: Workspace) -> Finding:
    files = sorted((workspace.path / "runs").glob("*.json"))
    broken = len(files) - len(workspace.manifests())
    if broken:
        told = f"{broken} of {len(files)} manifests in {workspace.path / 'runs'} cannot be read"
        return Finding("runs", "warn", told, "Their stages run again; nothing is lost.")
    return Finding("runs", "ok", f"{len(files)} manifests")


def _ledger(workspace: Workspace) -> Finding:
    """Check the whole ledger: pages, indexes, and what refers to what."""
    if not workspace.ledger.is_file():
        return Finding("ledger", "ok", "none: no model was asked yet")
    with closing(Replies(workspace.ledger)) as replies:
        said = replies.check(full=True)
        if said == "ok":
            return Finding("ledger", "ok", f"{replies.count():,} answers, all of the file whole")
    told = f"{workspace.ledger} is damaged: {said}"
    advice = "`mindgraph replies export` saves what can be read; move the file away and import it."
    return Finding("ledger", "bad", told, advice)


def _stages(workspace: Workspace) -> Finding:
    stages = status_of(workspace).stages
    stale = [stage for stage in stages if stage.state == "stale"]
    if stale:
        told = "; ".join(f"{s.stage} is older than {', '.join(s.changed)}" for s in stale)
        advice = "Run again: " + ", ".join(f"`mindgraph {stage.stage}`" for stage in stale)
        return Finding("stages", "warn", told, advice)
    fresh = [stage.stage for stage in stages if stage.state == "fresh"]
    return Finding("stages", "ok", f"up to date: {', '.join(fresh) or 'none has run'}")


def _graph(workspace: Workspace) -> Finding:
    """Say whether the embedded graph answers, and whether it was made of the tables of today."""
    home = Home(workspace.graph)
    held = home.held()
    if held is None:
        return Finding("graph", "ok", "no embedded graph", "`mindgraph load` makes one.")
    with EmbeddedStore(workspace.graph) as store:
        store.query("RETURN 1 AS one", {})
    older = [r.table for r in INPUTS if held.made_of.get(r.table, "") != workspace.digest_of(r)]
    if older:
        told = f"the embedded graph is older than {', '.join(older)}"
        return Finding("graph", "warn", told, "`mindgraph load` makes it anew.")
    rows = sum(held.counts.values())
    return Finding("graph", "ok", f"the embedded graph answers: {rows:,} nodes and relationships")
