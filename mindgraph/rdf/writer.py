"""A dump: every block of the source, rendered into one file a format."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from mindgraph.errors import SettingsError
from mindgraph.rdf.files import output
from mindgraph.rdf.model import REJECTED, Block, Name
from mindgraph.rdf.source import Source
from mindgraph.rdf.syntax import THIS, JsonLd, NTriples, Syntax, Turtle, Vocabulary, text_chunks
from mindgraph.rdf.terms import encode_one, prefixes
from mindgraph.resources import schema
from mindgraph.settings import Settings

#: What a dump may be written as; each also with `.gz`.
FORMATS: tuple[str, ...] = ("nt", "nq", "ttl", "trig", "jsonld")
WITH_GRAPHS = ("nq", "trig")
PROFILES: tuple[str, ...] = ("rdf11", "rdf12")
#: Statements rendered at a time: few enough for their text to stay near the processor.
_PIECE = 50_000
_OWN = "https://w3id.org/mindgraph/ns#"


@dataclass
class Tally:
    """Count what is said, without reading it again."""

    properties: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    graphs: Counter[str] = field(default_factory=Counter)
    subjects: Counter[str] = field(default_factory=Counter)

    def add(self, block: Block) -> None:
        """Count a block's statements."""
        self.subjects[block.path.partition("/")[0]] += len(block.ids)
        for each in block.fields:
            count = each.statements(len(block.ids))
            self.properties[each.predicate] += count
            self.graphs[each.graph] += count
            if isinstance(each.object, Name) and each.predicate == "rdf:type":
                self.classes.update(dict.fromkeys(each.object.curies, len(block.ids)))

    @property
    def triples(self) -> int:
        """The number of statements."""
        return self.properties.total()


@dataclass(frozen=True)
class Dump:
    """Say what was written: one file, its size and its hash."""

    path: Path
    format: str
    size: int
    sha256: str


def vocabulary(settings: Settings) -> Vocabulary:
    """Return the names that a workspace's settings give to things."""
    return Vocabulary(settings.base_iri, encode_one(settings.dataset), dict(prefixes(settings)))


def write_dumps(
    source: Source, settings: Settings, folder: Path, formats: Sequence[str], name: str
) -> tuple[list[Dump], Tally]:
    """Write one file a format into a folder, all in one walk; return what was written and counted."""
    check_formats(formats, source)
    words = vocabulary(settings)
    folder.mkdir(parents=True, exist_ok=True)
    tally = Tally()
    with ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix=".rdf-", dir=folder))
        syntaxes = [syntax_of(each, words, settings) for each in formats]
        files = [stack.enter_context(output(folder / f"{name}.{each}")) for each in formats]
        for syntax, file in zip(syntaxes, files, strict=True):
            file.write(syntax.header.encode())
        for block in source.blocks(Path(scratch)):
            tally.add(block)
            for piece in block.pieces(_PIECE):
                for syntax, file in zip(syntaxes, files, strict=True):
                    for text in syntax.render(piece):
                        file.write_all(text_chunks(text))
        for syntax, file in zip(syntaxes, files, strict=True):
            file.write(syntax.footer.encode())
    written = zip(files, formats, strict=True)
    return [Dump(file.path, each, file.size, file.sha256) for file, each in written], tally


def check_formats(formats: Iterable[str], source: Source) -> None:
    """Raise SettingsError where a format cannot say what is asked for."""
    for each in formats:
        plain = each.removesuffix(".gz")
        if plain not in FORMATS:
            raise SettingsError(f"There is no RDF format {each!r}.", hint=f"There are: {', '.join(FORMATS)}.")
        if REJECTED in source.parts and plain not in WITH_GRAPHS:
            raise SettingsError(
                f"Rejected candidates stand in a graph of their own, and {plain} has no graphs.",
                hint="Choose --as nq or --as trig.",
            )
        if source.profile == "rdf12" and plain == "jsonld":
            raise SettingsError("JSON-LD has no RDF 1.2 form.", hint="Choose --as nt, nq, ttl or trig.")


def syntax_of(format_: str, words: Vocabulary, settings: Settings) -> Syntax:
    """Return what renders blocks in a format."""
    plain = format_.removesuffix(".gz")
    if plain == "jsonld":
        return JsonLd(words, context(settings))
    if plain in ("ttl", "trig"):
        return Turtle(words, graphs=plain == "trig")
    return NTriples(words, graphs=plain == "nq")


def context(settings: Settings) -> dict[str, object]:
    """Return the JSON-LD context with base and namespace of the settings.

    Instance IRIs have a prefix: relative ones are read wrongly by some where they are encoded.
    """
    words: dict[str, object] = json.loads(own_names("context.jsonld", settings))["@context"]
    return {THIS: {"@id": settings.base_iri, "@prefix": True}, **words}


def own_names(name: str, settings: Settings) -> str:
    """Return a schema's text with the namespace of the settings in place of the default."""
    return schema(name).replace(_OWN, settings.namespace)
