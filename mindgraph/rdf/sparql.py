"""SPARQL over the workspace's RDF: an embedded store, built on demand, kept until the data changes."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import pyoxigraph as ox

from mindgraph.errors import NotFound, StoreError
from mindgraph.rdf.source import Source
from mindgraph.rdf.terms import prefixes
from mindgraph.rdf.writer import write_dumps
from mindgraph.resources import folder, schema
from mindgraph.settings import Settings

Row: TypeAlias = dict[str, Any]

#: Strings, IRIs and comments, in which a word means nothing.
_QUIET = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'(?:[^'\\\n]|\\.)*'"
    r"|<[^<>\"{}|^`\\\s]*>|#[^\n]*",
    re.S,
)
_NUMBERS = {"integer": int, "double": float, "decimal": float, "float": float}


def stored(source: Source, settings: Settings, version: str, home: Path) -> ox.Store:
    """Return the store of this version, built now where it is not there; older ones are removed."""
    place = home / version
    if not place.is_dir():
        _build(source, settings, place)
    for other in home.iterdir():
        if other != place and other.is_dir():
            shutil.rmtree(other, ignore_errors=True)
    try:
        return ox.Store.read_only(str(place))
    except OSError as error:
        raise StoreError(
            f"{place} cannot be opened: {error}", hint="Remove that folder; it is built again when asked."
        ) from error


def ask(
    store: ox.Store, query: str, settings: Settings, parameters: Mapping[str, str] | None = None
) -> Iterator[Row]:
    """Yield the answers of a query: a row a solution, a statement, or one row for ASK.

    `parameters` are values for the query's variables: an IRI in angle brackets, or text.
    """
    if re.search(r"\bSERVICE\b", _bare(query), re.I):
        raise StoreError(
            "SERVICE asks another server.", hint="Ask this graph alone: nothing leaves the machine."
        )
    whole = with_values(query, parameters or {})
    try:
        yield from _rows(store.query(whole, prefixes=dict(prefixes(settings)), base_iri=settings.base_iri))
    except (SyntaxError, ValueError) as error:
        raise StoreError(
            f"The query cannot be read: {_first_line(error)}", hint="It is SPARQL 1.1, and reads only."
        ) from error
    except (OSError, RuntimeError) as error:
        raise StoreError(f"The query failed: {_first_line(error)}") from error


def with_values(query: str, parameters: Mapping[str, str]) -> str:
    """Return a query whose pattern begins with values for some of its variables.

    >>> with_values("SELECT ?p WHERE { ?p schema:sku ?s }", {"s": "lamp"})
    'SELECT ?p WHERE { VALUES ?s { "lamp" } ?p schema:sku ?s }'
    """
    bare = _bare(query)
    opening = re.search(r"\bWHERE\s*\{", bare, re.I) or re.search(r"\{", bare)
    if not parameters or opening is None:
        return query
    values = "".join(f" VALUES ?{_variable(n, bare)} {{ {_term(v)} }}" for n, v in parameters.items())
    return query[: opening.end()] + values + query[opening.end() :]


def query_names() -> list[str]:
    """Return the names of the example queries."""
    return sorted(path.stem for path in (folder("schemas") / "queries").glob("*.rq"))


def query_text(name: str) -> str:
    """Return an example query by its name; NotFound suggests the nearest."""
    import difflib

    if name not in query_names():
        near = difflib.get_close_matches(name, query_names(), n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(query_names())}."
        raise NotFound(f"No SPARQL query is named {name!r}, and no file.", hint=hint)
    return schema(f"queries/{name}.rq")


def _build(source: Source, settings: Settings, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=place.parent) as scratch:
        dumps, _ = write_dumps(source, settings, Path(scratch) / "dump", ["nt"], "graph")
        fresh = Path(scratch) / "store"
        store = ox.Store(str(fresh))
        store.bulk_load(path=str(dumps[0].path), format=ox.RdfFormat.N_TRIPLES)
        store.flush()
        del store
        if not place.is_dir():  # another process may have been faster
            fresh.rename(place)


def _rows(answer: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples) -> Iterator[Row]:
    if isinstance(answer, ox.QueryBoolean):
        yield {"answer": bool(answer)}
    elif isinstance(answer, ox.QuerySolutions):
        names = [variable.value for variable in answer.variables]
        for solution in answer:
            yield {name: _value(solution[name]) for name in names}
    else:
        for triple in answer:
            yield {
                "subject": _value(triple.subject),
                "predicate": _value(triple.predicate),
                "object": _value(triple.object),
            }


def _value(term: Any) -> Any:
    if term is None:
        return None
    if isinstance(term, ox.Literal):
        kind = term.datatype.value.rpartition("#")[2]
        if kind == "boolean":
            return term.value == "true"
        return _NUMBERS[kind](term.value) if kind in _NUMBERS else term.value
    return str(term) if isinstance(term, ox.Triple) else term.value


def _term(value: str) -> ox.NamedNode | ox.Literal:
    if not (value.startswith("<") and value.endswith(">")):
        return ox.Literal(value)
    try:
        return ox.NamedNode(value[1:-1])
    except ValueError as error:
        raise StoreError(f"{value} is no IRI: {_first_line(error)}") from error


def _variable(name: str, bare: str) -> str:
    if not re.search(rf"[?$]{re.escape(name)}\b", bare):
        known = sorted(set(re.findall(r"[?$](\w+)", bare)))
        raise StoreError(f"The query has no variable ?{name}.", hint=f"It has: {', '.join(known)}.")
    return name


def _bare(query: str) -> str:
    """Return a query with spaces for strings, IRIs and comments: words and braces there mean nothing."""
    return _QUIET.sub(lambda match: " " * len(match[0]), query)


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
