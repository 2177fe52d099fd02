"""A dump, checked from the file alone: a full parse, counts against VoID, checksums."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyoxigraph as ox
from isal import igzip

from mindgraph.errors import NotFound, ShapeError
from mindgraph.rdf.terms import VOCABULARIES
from mindgraph.rdf.void import SUMS, VOID
from mindgraph.rdf.writer import FORMATS

_PARSERS = {
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "jsonld": ox.RdfFormat.JSON_LD,
}
_VOID = VOCABULARIES["void"]


@dataclass
class Checked:
    """Say what a dump holds and what is wrong with it."""

    path: Path
    triples: int = 0
    properties: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    #: One line a fault.
    faults: list[str] = field(default_factory=list)
    #: What could not be compared, for want of a file.
    unknown: list[str] = field(default_factory=list)


def check_dump(path: Path) -> Checked:
    """Parse a dump whole and compare it with the void.ttl and SHA256SUMS beside it.

    Raises NotFound for no such file, ShapeError with the place for a file that cannot be parsed.
    """
    if not path.is_file():
        raise NotFound(f"There is no file {path}.", hint="Name a dump that `mindgraph export rdf` wrote.")
    checked = Checked(path)
    _count(checked)
    _compare_counts(checked)
    _compare_sum(checked)
    return checked


def format_of(path: Path) -> str:
    """Return the RDF format that a file's name says; NotFound where it says none."""
    suffixes = [suffix[1:] for suffix in path.suffixes if suffix != ".gz"]
    if not suffixes or suffixes[-1] not in FORMATS:
        raise NotFound(
            f"{path}: the name says no RDF format.", hint=f"Known are: {', '.join(FORMATS)}, each with .gz."
        )
    return suffixes[-1]


def _count(checked: Checked) -> None:
    kind = _PARSERS[format_of(checked.path)]
    packed: Any = igzip
    opened: Any = packed.open(checked.path) if checked.path.suffix == ".gz" else checked.path.open("rb")
    with opened as file:
        try:
            checked.properties, checked.classes = _tally(ox.parse(file, format=kind))
        except (SyntaxError, ValueError, EOFError, OSError) as error:
            raise ShapeError(
                f"{checked.path}{_place(error)}: {error}", hint="The file is damaged: export it again."
            ) from error
    checked.triples = checked.properties.total()


def _tally(quads: Iterator[ox.Quad]) -> tuple[Counter[str], Counter[str]]:
    """Count statements by property and things by class, in one walk."""
    type_ = ox.NamedNode(f"{VOCABULARIES['rdf']}type")
    classes: list[Any] = []
    keep = classes.append

    def predicates() -> Iterator[Any]:
        for quad in quads:
            predicate = quad.predicate
            if predicate == type_:
                keep(quad.object)
            yield predicate

    properties = Counter(predicates())
    return _named(properties), _named(Counter(classes))


def _named(counts: Counter[Any]) -> Counter[str]:
    return Counter({term.value: count for term, count in counts.items()})


def _compare_counts(checked: Checked) -> None:
    path = checked.path.with_name(VOID)
    if not path.is_file():
        checked.unknown.append(f"no {VOID} beside it: counts are not compared")
        return
    said = _Void(path)
    _compare(checked, "statements", checked.triples, said.triples)
    for name in sorted({*said.properties, *checked.properties}):
        _compare(checked, name, checked.properties[name], said.properties[name])
    for name in sorted({*said.classes, *checked.classes}):
        _compare(checked, name, checked.classes[name], said.classes[name])


def _compare(checked: Checked, what: str, found: int, said: int) -> None:
    if found != said:
        checked.faults.append(f"{what}: {found:,} in the file, {said:,} in {VOID}")


class _Void:
    """Read the counts of a void.ttl."""

    def __init__(self, path: Path) -> None:
        quads = ox.parse(path=str(path), format=ox.RdfFormat.TURTLE, base_iri=path.resolve().as_uri())
        about: dict[Any, dict[str, list[Any]]] = {}
        for quad in quads:
            about.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
        self.properties = self._counts(about, "property", "triples")
        self.classes = self._counts(about, "class", "entities")
        versions = [said for said in about.values() if f"{_VOID}propertyPartition" in said]
        self.triples = int(versions[0][f"{_VOID}triples"][0].value) if versions else 0

    def _counts(self, about: dict[Any, dict[str, list[Any]]], what: str, count: str) -> Counter[str]:
        partitions = (said for said in about.values() if f"{_VOID}{what}" in said)
        return Counter(
            {said[f"{_VOID}{what}"][0].value: int(said[f"{_VOID}{count}"][0].value) for said in partitions}
        )


def _compare_sum(checked: Checked) -> None:
    path = checked.path.with_name(SUMS)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    sums = {name: value for value, _, name in (line.partition("  ") for line in lines)}
    if checked.path.name not in sums:
        checked.unknown.append(f"not named in {SUMS}: its checksum is not compared")
        return
    with checked.path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sums[checked.path.name]:
        checked.faults.append(f"its SHA-256 is not the one in {SUMS}")


def _place(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    return f":{line}" if line else ""
