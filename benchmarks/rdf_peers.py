"""The peers of the RDF writer: each does a piece of the same work, alone in a process, and prints seconds.

python -m benchmarks.rdf_peers rdflib FILE.nt OUT      build a graph of its terms, serialize it
python -m benchmarks.rdf_peers pyoxigraph FILE.nt OUT  make its terms, write them
python -m benchmarks.rdf_peers copy FILE.nt OUT        write and sync the same bytes
python -m benchmarks.rdf_peers shacl FILE.nt SHAPES    validate with pyshacl
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pyoxigraph as ox

#: Plain texts of a term: kind, value, datatype, language.
Term = tuple[str, str | None, str | None]
_CHUNK = 1 << 24


def main() -> None:
    """Run one peer and print the seconds of its work alone."""
    name, source, target = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    print({"rdflib": rdflib, "pyoxigraph": pyoxigraph, "copy": copy, "shacl": shacl}[name](source, target))


def rdflib(source: Path, target: Path) -> float:
    """Build an rdflib graph from plain texts and serialize it."""
    from rdflib import Graph, Literal, URIRef

    rows = list(plain(source))
    begun = time.perf_counter()
    graph = Graph()
    for subject, predicate, (value, datatype, language) in rows:
        plain_iri = datatype is None and language is None
        thing = (
            URIRef(value)
            if plain_iri
            else Literal(value, lang=language, datatype=None if language else datatype)
        )
        graph.add((URIRef(subject), URIRef(predicate), thing))
    graph.serialize(target, format="nt", encoding="utf-8")
    return time.perf_counter() - begun


def pyoxigraph(source: Path, target: Path) -> float:
    """Make pyoxigraph's terms from plain texts and write them."""
    rows = list(plain(source))
    begun = time.perf_counter()
    ox.serialize((_triple(*row) for row in rows), str(target), format=ox.RdfFormat.N_TRIPLES)
    return time.perf_counter() - begun


def copy(source: Path, target: Path) -> float:
    """Write and sync the bytes of a file, read beforehand piece by piece."""
    seconds = 0.0
    with source.open("rb") as file, target.open("wb") as out:
        while data := file.read(_CHUNK):
            begun = time.perf_counter()
            out.write(data)
            seconds += time.perf_counter() - begun
        begun = time.perf_counter()
        out.flush()
        os.fsync(out.fileno())
    return seconds + time.perf_counter() - begun


def shacl(source: Path, shapes: Path) -> float:
    """Read a graph and validate it with pyshacl."""
    import pyshacl
    from rdflib import Graph

    graph = Graph().parse(source, format="nt")
    begun = time.perf_counter()
    conforms, _, _ = pyshacl.validate(graph, shacl_graph=Graph().parse(shapes))
    assert conforms
    return time.perf_counter() - begun


def plain(source: Path, most: int | None = None) -> Iterator[tuple[str, str, Term]]:
    """Yield the statements of a file as plain texts."""
    for quad in islice(ox.parse(path=str(source)), most):
        thing: Any = quad.object
        if isinstance(thing, ox.NamedNode):
            yield quad.subject.value, quad.predicate.value, (thing.value, None, None)
        else:
            yield (
                quad.subject.value,
                quad.predicate.value,
                (thing.value, thing.datatype.value, thing.language),
            )


def _triple(subject: str, predicate: str, thing: Term) -> ox.Triple:
    value, datatype, language = thing
    if datatype is None:
        term: Any = ox.NamedNode(value)
    elif language:
        term = ox.Literal(value, language=language)
    else:
        term = ox.Literal(value, datatype=ox.NamedNode(datatype))
    return ox.Triple(ox.NamedNode(subject), ox.NamedNode(predicate), term)


if __name__ == "__main__":
    main()
