"""The data set's description of itself (VoID, DCAT), and what lies beside a dump."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from mindgraph.rdf.files import output
from mindgraph.rdf.syntax import Vocabulary
from mindgraph.rdf.terms import escape_one
from mindgraph.rdf.writer import Dump, Tally, context, own_names
from mindgraph.records import digest
from mindgraph.settings import Settings
from mindgraph.workspace import Manifest

VOID = "void.ttl"
SUMS = "SHA256SUMS"
README = "README.md"

_MEDIA = {
    "nt": "application/n-triples",
    "nq": "application/n-quads",
    "ttl": "text/turtle",
    "trig": "application/trig",
    "jsonld": "application/ld+json",
}
_LOADING = """\
    riot --validate {file}                              # Apache Jena: check
    tdb2.tdbloader --loc DB {file}                      # Apache Jena: load
    oxigraph load --location DB --file {file}           # Oxigraph
    importrdf load -f -i REPOSITORY {file}              # GraphDB
    mindgraph validate {file}                           # a full parse, counts and checksum
"""


class Description:
    """Describe one version of a data set."""

    def __init__(
        self,
        words: Vocabulary,
        settings: Settings,
        tables: dict[str, str],
        runs: Sequence[Manifest],
        choice: str = "",
    ) -> None:
        self.words, self.settings, self.runs = words, settings, runs
        #: Table → digest of its file.
        self.tables = {name: found for name, found in sorted(tables.items()) if found}
        ran = [digest(msgspec.json.encode(run, order="sorted")) for run in runs if run.writes]
        said = [settings.namespace, settings.base_iri, settings.dataset, settings.licence, choice, *ran]
        self.version = digest("\n".join([*self.tables.values(), *said]).encode())[:16]
        self.iri = f"{words.base}dataset/{words.dataset}"
        self.version_iri = f"{self.iri}/{self.version}"

    def turtle(self, dumps: Sequence[Dump], tally: Tally, previous: str | None) -> str:
        """Return void.ttl."""
        prefixes = "".join(f"@prefix {p}: <{iri}> .\n" for p, iri in sorted(self.words.prefixes.items()))
        nodes = [
            self._dataset(),
            self._version(dumps, tally, previous),
            *self._partitions(tally),
            *(text for dump in dumps for text in self._distribution(dump)),
        ]
        return "\n".join([prefixes, *nodes])

    def _dataset(self) -> str:
        title = escape_one(self.settings.dataset)
        return _node(
            self.iri,
            [
                ("a", ["void:Dataset", "dcat:Dataset"]),
                ("dcterms:title", [f'"{title}"']),
                ("dcterms:description", [f'"Why products of {title} are bought together."@en']),
                *self._licence(),
                ("dcat:hasCurrentVersion", [f"<{self.version_iri}>"]),
                ("void:uriSpace", [f'"{self.words.base}"']),
            ],
        )

    def _version(self, dumps: Sequence[Dump], tally: Tally, previous: str | None) -> str:
        graphs = [f"<{self.words.graph(part)}>" for part in sorted(tally.graphs) if tally.graphs[part]]
        earlier = [("dcat:previousVersion", [f"<{self.iri}/{previous}>"])] if previous else []
        return _node(
            self.version_iri,
            [
                ("a", ["void:Dataset", "dcat:Dataset"]),
                ("dcterms:title", [f'"{escape_one(self.settings.dataset)}, version {self.version}"']),
                ("dcterms:isVersionOf", [f"<{self.iri}>"]),
                ("dcat:version", [f'"{self.version}"']),
                *earlier,
                *self._licence(),
                *self._modified(),
                ("void:triples", [str(tally.triples)]),
                ("void:distinctSubjects", [str(tally.subjects.total())]),
                ("void:properties", [str(sum(n > 0 for n in tally.properties.values()))]),
                ("void:classes", [str(len(tally.classes))]),
                ("void:vocabulary", sorted(f"<{self.words.prefixes[p]}>" for p in _vocabularies(tally))),
                ("void:subset", graphs),
                ("void:classPartition", [f"<{self._class(name)}>" for name in sorted(tally.classes)]),
                ("void:propertyPartition", [f"<{self._property(name)}>" for name in _used(tally)]),
                ("void:dataDump", [f"<{dump.path.name}>" for dump in dumps]),
                ("dcat:distribution", [f"<{self._dump(dump)}>" for dump in dumps]),
                ("prov:wasDerivedFrom", [f"<{self.words.base}file/{d}>" for d in self.tables.values()]),
            ],
        )

    def _partitions(self, tally: Tally) -> Iterable[str]:
        for part in sorted(tally.graphs):
            if tally.graphs[part]:
                yield _node(
                    self.words.graph(part),
                    [("a", ["void:Dataset"]), ("void:triples", [str(tally.graphs[part])])],
                )
        for name in sorted(tally.classes):
            entities = ("void:entities", [str(tally.classes[name])])
            yield _node(
                self._class(name),
                [("a", ["void:Dataset"]), ("void:class", [self.words.short(name)]), entities],
            )
        for name in _used(tally):
            triples = ("void:triples", [str(tally.properties[name])])
            yield _node(
                self._property(name),
                [("a", ["void:Dataset"]), ("void:property", [self.words.short(name)]), triples],
            )

    def _distribution(self, dump: Dump) -> Iterable[str]:
        media = f"<https://www.iana.org/assignments/media-types/{_MEDIA[dump.format.removesuffix('.gz')]}>"
        packed = "<https://www.iana.org/assignments/media-types/application/gzip>"
        gz = [("dcat:compressFormat", [packed])] if dump.format.endswith(".gz") else []
        yield _node(
            self._dump(dump),
            [
                ("a", ["dcat:Distribution"]),
                ("dcterms:title", [f'"{escape_one(dump.path.name)}"']),
                ("dcat:downloadURL", [f"<{dump.path.name}>"]),
                ("dcat:mediaType", [media]),
                *gz,
                ("dcat:byteSize", [f'"{dump.size}"^^xsd:nonNegativeInteger']),
                ("spdx:checksum", [f"<{self._dump(dump)}/sha256>"]),
            ],
        )
        yield _node(
            f"{self._dump(dump)}/sha256",
            [
                ("a", ["spdx:Checksum"]),
                ("spdx:algorithm", ["spdx:checksumAlgorithm_sha256"]),
                ("spdx:checksumValue", [f'"{dump.sha256}"^^xsd:hexBinary']),
            ],
        )

    def _licence(self) -> list[tuple[str, list[str]]]:
        licence = self.settings.licence
        if not licence:
            return []
        return [("dcterms:license", [f"<{licence}>" if "://" in licence else f'"{escape_one(licence)}"'])]

    def _modified(self) -> list[tuple[str, list[str]]]:
        """Return when the tables were last written; never when the dump was."""
        moment = self._last_change()
        return [("dcterms:modified", [f'"{moment:%Y-%m-%dT%H:%M:%SZ}"^^xsd:dateTime'])] if moment else []

    def _last_change(self) -> datetime | None:
        if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
            return datetime.fromtimestamp(int(epoch), UTC)
        ends = [
            datetime.fromisoformat(run.started).astimezone(UTC) + timedelta(seconds=round(run.seconds))
            for run in self.runs
            if run.writes
        ]
        return max(ends, default=None)

    def _class(self, name: str) -> str:
        return f"{self.version_iri}/class/{name.replace(':', '.')}"

    def _property(self, name: str) -> str:
        return f"{self.version_iri}/property/{name.replace(':', '.')}"

    def _dump(self, dump: Dump) -> str:
        return f"{self.version_iri}/dump/{dump.format}"


def write_beside(
    folder: Path, description: Description, dumps: Sequence[Dump], tally: Tally, settings: Settings
) -> None:
    """Write void.ttl, shapes.ttl, context.jsonld, README.md and SHA256SUMS beside the dumps."""
    previous = previous_version(folder, description)
    texts = {
        VOID: description.turtle(dumps, tally, previous),
        "shapes.ttl": own_names("shapes.ttl", settings),
        "context.jsonld": json.dumps({"@context": context(settings)}, indent=2) + "\n",
        README: readme(description, dumps, tally),
    }
    sums = {dump.path.name: dump.sha256 for dump in dumps}
    for name, text in texts.items():
        with output(folder / name) as file:
            file.write(text.encode())
        sums[name] = file.sha256
    with output(folder / SUMS) as file:
        file.write("".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode())


def previous_version(folder: Path, description: Description) -> str | None:
    """Return the version that an earlier dump in the same folder had, or that it followed."""
    path = folder / VOID
    if not path.is_file():
        return None
    import pyoxigraph as ox

    try:
        quads = list(ox.parse(path=str(path), format=ox.RdfFormat.TURTLE, base_iri=path.resolve().as_uri()))
    except (SyntaxError, OSError, ValueError):
        return None
    dcat = description.words.prefixes["dcat"]
    found: dict[tuple[str, str], str] = {
        (q.subject.value, q.predicate.value): q.object.value
        for q in quads
        if q.predicate.value.startswith(dcat)
    }
    current = found.get((description.iri, f"{dcat}hasCurrentVersion"), "")
    if current and current != description.version_iri:
        return current.rpartition("/")[2]
    return found.get((current, f"{dcat}previousVersion"), "").rpartition("/")[2] or None


def readme(description: Description, dumps: Sequence[Dump], tally: Tally) -> str:
    """Return README.md: what is in the folder, how much of it, and how it is loaded."""
    rows = [f"| {name} | {count:,} |" for name, count in sorted(tally.classes.items())]
    files = [f"| {dump.path.name} | {dump.size:,} | {dump.sha256} |" for dump in dumps]
    loading = _LOADING.format(file=dumps[0].path.name) if dumps else ""
    return "\n".join(
        [
            f"# {description.settings.dataset}",
            "",
            "Why products are bought together, as RDF. Version "
            f"`{description.version}`, {tally.triples:,} statements about {tally.subjects.total():,} things.",
            "`void.ttl` counts each class and property, `shapes.ttl` says what holds (SHACL), "
            "`context.jsonld` is the JSON-LD context, `SHA256SUMS` is checked by `sha256sum -c SHA256SUMS`.",
            "",
            *([f"Licence: {description.settings.licence}", ""] if description.settings.licence else []),
            "| class | things |",
            "| --- | ---: |",
            *rows,
            "",
            "| file | bytes | SHA-256 |",
            "| --- | ---: | --- |",
            *files,
            "",
            "Loading it:",
            "",
            loading,
        ]
    )


def _node(iri: str, said: Sequence[tuple[str, Sequence[str]]]) -> str:
    lines = [f"    {verb} {', '.join(things)}" for verb, things in said if things]
    return f"<{iri}>\n" + " ;\n".join(lines) + " .\n"


def _used(tally: Tally) -> list[str]:
    return sorted(name for name, count in tally.properties.items() if count)


def _vocabularies(tally: Tally) -> set[str]:
    return {name.partition(":")[0] for name in [*_used(tally), *tally.classes]} - {"xsd"}
