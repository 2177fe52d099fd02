"""A workspace handed on as RDF: exported, asked, and checked."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyoxigraph as ox

from mindgraph.errors import SettingsError
from mindgraph.graph import Read
from mindgraph.rdf.batches import FrameTables, StoredTables
from mindgraph.rdf.model import PARTS, REJECTED
from mindgraph.rdf.rules import View, violations
from mindgraph.rdf.shapes import messages, shape_violations
from mindgraph.rdf.source import Source
from mindgraph.rdf.sparql import stored
from mindgraph.rdf.void import Description, write_beside
from mindgraph.rdf.writer import FORMATS, Dump, Tally, vocabulary, write_dumps
from mindgraph.records import (
    Cluster,
    CoBuy,
    Evidence,
    Generator,
    Intention,
    Membership,
    Merge,
    Product,
    Triple,
)
from mindgraph.settings import Settings
from mindgraph.workspace import Workspace

#: The tables that a dump is made from; their digests are its version.
TABLES = (Product, CoBuy, Generator, Intention, Merge, Triple, Evidence, Cluster, Membership)


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Say what goes into a dump: parts, profile, rejected candidates, and a part of the graph."""

    parts: Sequence[str] = PARTS
    profile: str = "rdf11"
    rejected: bool = False
    #: The tables of a chosen part, and what was chosen in words.
    read: Read | None = None
    words: str = ""


@dataclass(frozen=True)
class Exported:
    """Say what an export wrote."""

    folder: Path
    version: str
    dumps: Sequence[Dump]
    tally: Tally


def export_rdf(
    workspace: Workspace,
    settings: Settings,
    folder: Path,
    formats: Sequence[str] = ("nt",),
    choice: Choice | None = None,
) -> Exported:
    """Write dumps into a folder, with description, shapes, context, checksums and README beside them."""
    if folder.suffix.removeprefix(".") in (*FORMATS, "gz") or folder.is_file():
        raise SettingsError(
            f"{folder} is a folder: the dump, its description and checksums are written into it.",
            hint="Name a folder, and the format by --as.",
        )
    choice = choice or Choice()
    source = source_of(workspace, settings, choice)
    dumps, tally = write_dumps(source, settings, folder, formats, vocabulary(settings).dataset)
    description = _described(workspace, settings, source, choice)
    write_beside(folder, description, dumps, tally, settings)
    return Exported(folder, description.version, dumps, tally)


def open_sparql(workspace: Workspace, settings: Settings) -> ox.Store:
    """Return the store of the workspace's RDF, built now where the data has changed."""
    choice = Choice()
    source = source_of(workspace, settings, choice)
    version = _described(workspace, settings, source, choice).version
    return stored(source, settings, version, workspace.path / "rdf")


def table_violations(workspace: Workspace, settings: Settings) -> pl.DataFrame:
    """Return what breaks the rules in the whole workspace: columns rule, node and message."""
    found = violations(View(workspace.read, settings.dataset), settings.base_iri)
    return _explained(found, settings)


def shacl_violations(workspace: Workspace, settings: Settings, read: Read) -> pl.DataFrame:
    """Return what pyshacl finds in a part of the workspace: columns rule, node and message."""
    source = source_of(workspace, settings, Choice(read=read))
    with tempfile.TemporaryDirectory(prefix="mindgraph-") as scratch:
        dumps, _ = write_dumps(source, settings, Path(scratch), ["nt"], "part")
        found = shape_violations([dumps[0].path], settings)
    return _explained(found, settings)


def source_of(workspace: Workspace, settings: Settings, choice: Choice) -> Source:
    """Return what a dump of a workspace is made from."""
    unknown = sorted(set(choice.parts) - set(PARTS))
    if unknown:
        raise SettingsError(f"There is no part {unknown[0]!r}.", hint=f"There are: {', '.join(PARTS)}.")
    tables = StoredTables(workspace) if choice.read is None else FrameTables(choice.read)
    parts = frozenset([*choice.parts, REJECTED] if choice.rejected else choice.parts)
    return Source(tables, settings.dataset, settings.lang, workspace.manifests(), parts, choice.profile)


def _described(workspace: Workspace, settings: Settings, source: Source, choice: Choice) -> Description:
    digests = {record.table: workspace.digest_of(record) for record in TABLES}
    left_out = f"{sorted(source.parts)} {source.profile} {choice.words}"
    return Description(vocabulary(settings), settings, digests, source.runs, left_out)


def _explained(found: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    said: Iterable[tuple[str, str]] = messages(settings).items()
    table = pl.DataFrame(list(said), schema={"rule": pl.String, "message": pl.String}, orient="row")
    return found.join(table, on="rule", how="left", maintain_order="left")
