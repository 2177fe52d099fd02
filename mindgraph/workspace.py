"""The door to files: one folder with a Parquet file for each record type.

Files are written beside and renamed into place, so a killed run leaves the previous file. One
writer at a time holds an operating-system lock; readers are never blocked. Each run leaves a
manifest with the digests of what it read and wrote; a stage whose inputs are those of its last run
has nothing to do.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import filelock
import msgspec
import polars as pl

from mindgraph.errors import WorkspaceError
from mindgraph.records import (
    Candidate,
    CoBuy,
    Evidence,
    Generator,
    Intention,
    Product,
    Record,
    Reject,
    Triple,
    Verdict,
)
from mindgraph.settings import FILE, Settings, load_settings, stored_settings, write_settings
from mindgraph.tables import frame_of, is_ordered, schema_of

LEDGER = "replies.sqlite"

#: Tables that, once written, nobody takes away: without them a stage would quietly make nothing.
_LASTING = (Product, CoBuy, Generator, Candidate, Verdict, Intention, Triple, Evidence)


class Manifest(msgspec.Struct, kw_only=True):
    """Describe one run: what it read and wrote, with which settings, how many, how long."""

    verb: str
    version: str
    started: str
    seconds: float = 0.0
    #: Digest of each input: a table's name or a file's path.
    reads: dict[str, str] = {}
    writes: dict[str, str] = {}
    #: The settings that shape the result.
    settings: dict[str, Any] = {}
    counts: dict[str, Any] = {}
    #: Versions of the libraries that shape the bytes.
    libraries: dict[str, str] = {}


class Workspace:
    """Read and write the tables of one folder."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, path: Path | str, **settings: Any) -> Workspace:
        """Make the folder and its settings file where there is none, and return the workspace.

        Settings given here are added to those in the file.
        """
        workspace = cls(path)
        workspace.path.mkdir(parents=True, exist_ok=True)
        stored = stored_settings(workspace.path)
        chosen = {name: value for name, value in settings.items() if value is not None}
        if {**stored, **chosen} != stored or not (workspace.path / FILE).exists():
            write_settings(workspace.path, {**stored, **chosen})
        return workspace

    def exists(self) -> bool:
        """Say whether the folder is a workspace."""
        return (self.path / FILE).is_file()

    def require(self) -> Workspace:
        """Return this workspace, or raise WorkspaceError where the folder is none."""
        if not self.exists():
            raise WorkspaceError(
                f"{self.path} is no workspace: it has no {FILE}.",
                hint="Begin with `mindgraph ingest PRODUCTS COBUYS`, or name another folder with -w.",
            )
        return self

    def settings(self, options: Mapping[str, Any] | None = None) -> Settings:
        """Return the settings, overridden by environment and options."""
        return load_settings(self.path, options)

    @property
    def images(self) -> Path:
        """The folder of thumbnails."""
        return self.path / "images"

    @property
    def ledger(self) -> Path:
        """The SQLite file of everything a model was asked and answered."""
        return self.path / LEDGER

    @property
    def graph(self) -> Path:
        """The folder of the embedded graph database."""
        return self.path / "graph"

    @property
    def graph_tables(self) -> Path:
        """The folder of the graph's rows as files, made when they are sent somewhere."""
        return self.path / "graph-tables"

    def file(self, record: type[Record]) -> Path:
        """Return the file of a record's table, whether it exists or not."""
        return self.path / f"{record.table}.parquet"

    def has(self, record: type[Record]) -> bool:
        """Say whether a table has been written."""
        return self.file(record).is_file()

    def scan(self, record: type[Record]) -> pl.LazyFrame:
        """Return a table lazily; an empty one where it has not been written."""
        path = self.file(record)
        if not path.is_file():
            return frame_of(record).lazy()
        with self._reading(record):
            found = pl.scan_parquet(path)
            columns = found.collect_schema()
        schema = schema_of(record)
        wrong = [f"no column {name}" for name in schema if name not in columns] + [
            f"{columns[name]} in column {name}, not {dtype}"
            for name, dtype in schema.items()
            if name in columns and columns[name] != dtype
        ]
        if wrong:
            raise WorkspaceError(
                f"{path} has {', '.join(wrong)}.", hint=f"Run the stage that writes {record.table} again."
            )
        return found.select(list(schema))

    def read(self, record: type[Record], columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Return a whole table, or these columns of it; an empty one where it has not been written."""
        with self._reading(record):
            found = self.scan(record)
            return (found if columns is None else found.select(columns)).collect()

    def count(self, record: type[Record]) -> int:
        """Return the number of rows of a table."""
        with self._reading(record):
            return int(self.scan(record).select(pl.len()).collect().item())

    @contextmanager
    def _reading(self, record: type[Record]) -> Iterator[None]:
        """Name the file where a table cannot be read."""
        try:
            yield
        except (pl.exceptions.PolarsError, OSError) as error:
            raise WorkspaceError(
                f"{self.file(record)} cannot be read: {_first_line(error)}.",
                hint=f"Remove it and run the stage that writes {record.table} again.",
            ) from error

    def write(self, record: type[Record], frame: pl.DataFrame) -> str:
        """Write a table in its order, beside and renamed, and return the file's digest."""
        ordered = frame.select(pl.col(name).cast(dtype) for name, dtype in schema_of(record).items())
        if not is_ordered(ordered, record.order):
            ordered = ordered.sort(record.order, nulls_last=False, maintain_order=True)
        path = self.file(record)
        with _replacing(path) as beside, beside.open("wb") as file:
            ordered.write_parquet(file, compression="zstd", compression_level=1)
            file.flush()
            os.fsync(file.fileno())
        return file_digest(path)

    def digest_of(self, record: type[Record]) -> str:
        """Return the digest of a table's file; empty where it has not been written."""
        path = self.file(record)
        return file_digest(path) if path.is_file() else ""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the writer's lock; raise WorkspaceError at once where another process holds it."""
        lock = filelock.FileLock(self.path / ".lock", timeout=0)
        note = self.path / ".lock.pid"
        try:
            lock.acquire()
        except filelock.Timeout as error:
            owner = note.read_text() if note.is_file() else "unknown"
            raise WorkspaceError(
                f"{self.path} is being written by another process (pid {owner}).",
                hint="Wait until it is done; readers need not wait.",
            ) from error
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        try:
            with suppress(OSError):  # the note is for a message alone
                note.write_text(str(os.getpid()))
            yield
        finally:
            note.unlink(missing_ok=True)
            lock.release()

    def writer(self) -> str | None:
        """Return the pid of the process that writes now; None where nobody does."""
        try:
            with filelock.FileLock(self.path / ".lock", timeout=0):
                return None
        except filelock.Timeout:
            note = self.path / ".lock.pid"
            return note.read_text() if note.is_file() else "unknown"
        except OSError:  # a folder that cannot be written has no writer
            return None

    @contextmanager
    def stage(
        self,
        verb: str,
        *,
        reads: Sequence[type[Record]] = (),
        writes: Sequence[type[Record]] = (),
        settings: Mapping[str, Any] | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Iterator[Stage]:
        """Run one stage under the writer's lock and leave its manifest.

        `stage.unchanged` is True where inputs, settings and outputs are those of the last run; the
        body then has nothing to do and no manifest is written. `files` are digests of inputs that
        are no tables. Rejects of the same verb are replaced when the body ends without an error.
        """
        with self.require().locked():
            stage = Stage(self, verb, reads, writes, dict(settings or {}), dict(files or {}))
            try:
                yield stage
            except pl.exceptions.PolarsError:
                for record in reads:  # a damaged table is told by its name
                    self.read(record)
                raise
            if not stage.unchanged:
                stage.finish()

    def manifests(self) -> list[Manifest]:
        """Return the manifests of all runs, oldest first; one that cannot be read counts as none."""
        found = (_manifest(path) for path in sorted((self.path / "runs").glob("*.json")))
        return [manifest for manifest in found if manifest is not None]

    def last(self, verb: str) -> Manifest | None:
        """Return the manifest of the last finished run of a verb."""
        found = sorted((self.path / "runs").glob(f"*Z-{verb}.json"), reverse=True)
        return next(filter(None, map(_manifest, found)), None)

    def require_tables(self, records: Sequence[type[Record]]) -> None:
        """Raise WorkspaceError where a table is gone that a run wrote and that nobody does without."""
        gone = [r for r in records if r in _LASTING and not self.has(r)]
        for manifest in reversed(self.manifests()) if gone else ():
            for record in gone:
                if record.table in manifest.writes:
                    raise WorkspaceError(
                        f"{self.file(record)} is gone, though `mindgraph {manifest.verb}` wrote it.",
                        hint=f"Run `mindgraph {manifest.verb}` again.",
                    )

    def replace_rejects(self, stage: str, rejects: Sequence[Reject] | pl.DataFrame) -> None:
        """Replace the rejects of one stage by these."""
        others = self.read(Reject).filter(pl.col("stage") != stage)
        fresh = rejects if isinstance(rejects, pl.DataFrame) else frame_of(Reject, rejects)
        if len(fresh) or self.has(Reject):
            self.write(Reject, pl.concat([others, fresh.select(others.columns)]))


class Stage:
    """Be one run of one stage: collect what it writes, and leave the manifest."""

    def __init__(
        self,
        workspace: Workspace,
        verb: str,
        reads: Sequence[type[Record]],
        writes: Sequence[type[Record]],
        settings: dict[str, Any],
        files: dict[str, str],
    ) -> None:
        workspace.require_tables(reads)
        self.workspace = workspace
        self.verb = verb
        self.counts: dict[str, Any] = {}
        self._begun = time.perf_counter()
        self._rejects: list[Reject] | pl.DataFrame | None = None
        self._writes: dict[str, str] = {}
        self._manifest = Manifest(
            verb=verb,
            version=metadata.version("mindgraph-kg"),
            started=datetime.now(UTC).isoformat(timespec="seconds"),
            reads={**{r.table: workspace.digest_of(r) for r in reads}, **files},
            settings=settings,
            libraries={name: metadata.version(name) for name in ("polars", "msgspec")},
        )
        self.previous = workspace.last(verb)
        self._outputs = writes
        self.unchanged = self.same_but()
        if self.previous is not None and self.unchanged:
            self.counts = dict(self.previous.counts)

    @property
    def made_of(self) -> dict[str, str]:
        """What the result follows from: the digest of each input, and the version."""
        return {**self._manifest.reads, "version": self._manifest.version}

    def digests(self, records: Sequence[type[Record]]) -> dict[str, str]:
        """Return the digests of some of the tables that are read, by table."""
        return {record.table: self._manifest.reads[record.table] for record in records}

    @property
    def seconds(self) -> float:
        """How long it took, in seconds; 0 where it is not finished."""
        return self._manifest.seconds

    def write(self, record: type[Record], frame: pl.DataFrame) -> None:
        """Write a table and note its digest and number of rows."""
        self._writes[record.table] = self.workspace.write(record, frame)
        self.counts[record.table] = len(frame)

    def reject(self, rejects: list[Reject] | pl.DataFrame) -> None:
        """Set the rejects of this stage, replacing those of its last run."""
        self._rejects = rejects

    def finish(self) -> None:
        """Write the rejects and the manifest."""
        if self._rejects is not None:
            self.workspace.replace_rejects(self.verb, self._rejects)
            self.counts["rejects"] = len(self._rejects)
        manifest = self._manifest
        manifest.writes, manifest.counts = self._writes, self.counts
        manifest.seconds = round(time.perf_counter() - self._begun, 3)
        runs = self.workspace.path / "runs"
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
        with _replacing(runs / f"{stamp}-{self.verb}.json") as beside:
            beside.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))

    def same_but(self, *settings: str) -> bool:
        """Say whether inputs, outputs and settings, but those named, are those of the last run."""
        last, writes = self.previous, self._outputs
        if last is None or not writes:
            return False
        now = msgspec.json.decode(msgspec.json.encode(self._manifest.settings))
        same = (
            last.reads == self._manifest.reads
            and {**last.settings, **{name: now[name] for name in settings}} == now
            and last.version == self._manifest.version
            and last.libraries == self._manifest.libraries
        )
        return same and all(last.writes.get(r.table) == self.workspace.digest_of(r) != "" for r in writes)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a file to be written beside, and let it take its place when the body ends."""
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(exist_ok=True)
        yield beside
        beside.replace(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        beside.unlink(missing_ok=True)
        raise _cannot_write(path, error) from error


def _cannot_write(path: Path, error: Exception) -> WorkspaceError:
    why = error.strerror if isinstance(error, OSError) and error.strerror else _first_line(error)
    why = re.sub(r"^.*IO error: (.*?)(?: \(os error \d+\))?$", r"\1", why)
    return WorkspaceError(
        f"{path} cannot be written: {why}.",
        hint="The previous file is untouched. Free some space, or mend the permissions, and run it again.",
    )


def _manifest(path: Path) -> Manifest | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, OSError):
        return None


def file_digest(path: Path) -> str:
    """Return blake2b-128 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
