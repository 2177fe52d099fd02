"""RDF as text: a block of subjects rendered as N-Triples, N-Quads, Turtle, TriG or JSON-LD.

Text is put together column-wise; no row is touched in Python. In N-Triples and N-Quads the lines of
a block come in byte order, so a dump whose blocks come in order is sorted as a whole.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

from mindgraph.rdf.model import Block, Field, Name, Names, Object, Ref, Statement, Text, Typed


@dataclass(frozen=True)
class Gap:
    """Hold pieces that stand for nothing where one of them is null."""

    pieces: Pieces


#: What stands side by side in a line: text that is the same for all rows, a column, or a part with gaps.
Pieces: TypeAlias = list[str | pl.Series | Gap]
#: Texts up to this many bytes stand in the column itself, not in a buffer.
_INLINE = 12
#: The prefix of instance IRIs in JSON-LD.
THIS = "this"
_PLAIN = re.compile(r"[a-z]+:[A-Za-z]\w*")


@dataclass(frozen=True)
class Vocabulary:
    """Hold the base of instance IRIs, the encoded data set and the prefixes."""

    base: str
    dataset: str
    prefixes: dict[str, str] = field(default_factory=dict)

    def iri(self, curie: str) -> str:
        """Return the full IRI of a prefixed name.

        >>> Vocabulary("", "shop", {"mg": "https://example.org/ns#"}).iri("mg:CoBuy")
        'https://example.org/ns#CoBuy'
        """
        prefix, _, local = curie.partition(":")
        return self.prefixes[prefix] + local

    def short(self, curie: str) -> str:
        """Return a prefixed name as Turtle takes it; an awkward one as a full IRI."""
        return curie if _PLAIN.fullmatch(curie) else f"<{self.iri(curie)}>"

    def graph(self, part: str) -> str:
        """Return the IRI of the graph that holds one part."""
        return f"{self.base}graph/{self.dataset}/{part}"


class NTriples:
    """Write one statement a line; with `graphs`, N-Quads."""

    def __init__(self, words: Vocabulary, *, graphs: bool = False) -> None:
        self.words = words
        self.graphs = graphs
        self.header = self.footer = ""

    def render(self, block: Block) -> Iterator[str | pl.Series]:
        """Yield the lines of a block in byte order, one text a subject."""
        ordered = sorted(block.fields, key=lambda f: self.words.iri(f.predicate))
        yield _rows(block, [self._lines(block, each) for each in ordered])

    def _lines(self, block: Block, each: Field) -> Pieces:
        ids = block.ids if each.rows is None else block.ids.gather(each.rows)
        subject: Pieces = [f"<{self.words.base}{block.path}", ids, f"> <{self.words.iri(each.predicate)}> "]
        end = f" <{self.words.graph(each.graph)}> .\n" if self.graphs else " .\n"
        if isinstance(each.object, Name):
            names = sorted(f"<{self.words.iri(curie)}>{end}" for curie in each.object.curies)
            return [piece for name in names for piece in (*subject, name)]
        line: Pieces = [*subject, *_term(each.object, self.words), end]
        if each.rows is None:
            return _optional(line)
        lines = _joined(line) if each.in_order else _sorted(_joined(line), each.rows)
        return [_grouped(lines, each.rows, len(block.ids))]


class Turtle:
    """Write a paragraph a subject, with prefixes and relative IRIs; with `graphs`, TriG."""

    def __init__(self, words: Vocabulary, *, graphs: bool = False) -> None:
        self.words = words
        self.graphs = graphs
        lines = [f"@base <{words.base}> .\n"]
        lines += [f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in sorted(words.prefixes.items())]
        self.header = "".join([*lines, "\n"])
        self.footer = ""

    def render(self, block: Block) -> Iterator[str | pl.Series]:
        """Yield the paragraphs of a block; with graphs, those of each graph between its braces."""
        if not self.graphs:
            yield self._paragraphs(block)
            return
        for part in sorted({each.graph for each in block.fields}):
            yield f"<graph/{self.words.dataset}/{part}> {{\n\n"
            yield self._paragraphs(block.only([part]))
            yield "}\n\n"

    def _paragraphs(self, block: Block) -> pl.Series:
        opening: Pieces = [f"<{block.path}", block.ids, ">"]
        body = [self._clauses(each, len(block.ids)) for each in block.fields]
        return _rows(block, body, opening, [" .\n\n"])

    def _clauses(self, each: Field, count: int) -> Pieces:
        verb = "a" if each.predicate == "rdf:type" else self.words.short(each.predicate)
        if isinstance(each.object, Name):
            return [f"\n    {verb} {', '.join(each.object.curies)} ;"]
        line: Pieces = [f"\n    {verb} ", *_term(each.object, self.words, short=True), " ;"]
        if each.rows is None:
            return _optional(line)
        return [_grouped(_joined(line), each.rows, count)]


class JsonLd:
    """Write one JSON object a subject, in one array, with the context in front."""

    def __init__(self, words: Vocabulary, context: dict[str, object]) -> None:
        self.words = words
        #: The first node says nothing: every later one can then begin with a comma.
        first = f'{{"@id":"{THIS}:scheme/{words.dataset}"}}'
        self.header = f'{{"@context":{json.dumps(context, ensure_ascii=False)},\n"@graph":[\n{first}'
        self.footer = "\n]}\n"

    def render(self, block: Block) -> Iterator[str | pl.Series]:
        """Yield the objects of a block."""
        opening: Pieces = [f',\n{{"@id":"{THIS}:{block.path}', block.ids, '"']
        body = [self._members(each, len(block.ids)) for each in block.fields]
        yield _rows(block, body, opening, ["}"])

    def _members(self, each: Field, count: int) -> Pieces:
        key = "@type" if each.predicate == "rdf:type" else each.predicate
        if isinstance(each.object, Name):
            return [f',"{key}":{json.dumps(list(each.object.curies), separators=(",", ":"))}']
        value = _json_value(each.object)
        if each.rows is None:
            return _optional([f',"{key}":', *value])
        first, last = each.rows != each.rows.shift(1), each.rows != each.rows.shift(-1)
        opening = _either(first.fill_null(True), f',"{key}":[', ",")
        closing = _either(last.fill_null(True), "]", "")
        return [_grouped(_joined([opening, *value, closing]), each.rows, count)]


Syntax: TypeAlias = NTriples | Turtle | JsonLd


def _term(thing: Object, words: Vocabulary, *, short: bool = False) -> Pieces:
    """Return the pieces of an object in N-Triples, or shortened as Turtle allows."""
    if isinstance(thing, Ref):
        return [f"<{'' if short else words.base}{thing.path}", thing.ids, ">"]
    if isinstance(thing, Names):
        plain = short and bool(thing.locals.str.contains(r"^[A-Za-z]\w*$").all())
        return ["mg:", thing.locals] if plain else [f"<{words.prefixes['mg']}", thing.locals, ">"]
    if isinstance(thing, Text):
        return ['"', thing.values, '"'] if thing.lang is None else ['"', thing.values, '"@', thing.lang]
    if isinstance(thing, Typed):
        datatype = thing.datatype if short else f"<{words.iri(thing.datatype)}>"
        return ['"', thing.values, f'"^^{datatype}']
    if isinstance(thing, Statement):
        inside = (
            _term(part, words, short=short) for part in (thing.subjects, thing.predicates, thing.objects)
        )
        subject, predicate, object_ = inside
        return ["<<( ", *subject, " ", *predicate, " ", *object_, " )>>"]
    raise TypeError(f"no term: {type(thing).__name__}")


def _json_value(thing: Object) -> Pieces:
    if isinstance(thing, Ref):
        return [f'"{THIS}:{thing.path}', thing.ids, '"']
    if isinstance(thing, Names):
        return ['"mg:', thing.locals, '"']
    if isinstance(thing, Text) and thing.lang is not None:
        return ['{"@value":"', thing.values, '","@language":"', thing.lang, '"}']
    if isinstance(thing, Text | Typed):
        return ['"', thing.values, '"']
    raise TypeError(f"JSON-LD has no {type(thing).__name__}")


def _rows(
    block: Block, fields: Sequence[Pieces], opening: Pieces | None = None, closing: Pieces | None = None
) -> pl.Series:
    """Return one text a subject; nothing where nothing is said of it."""
    body = [piece for pieces in fields for piece in pieces]
    whole = [*(opening or []), *body, *(closing or [])]
    if not body:
        return pl.Series([""]).clear()
    if opening is None or any(isinstance(piece, str) for piece in body):
        return _joined(whole)
    said = _joined(body) != ""
    return _joined(whole).filter(said)


def _optional(line: Pieces) -> Pieces:
    """Return the pieces themselves, or, where a value is missing, as a part with gaps."""
    if any(isinstance(piece, pl.Series) and piece.null_count() for piece in line):
        return [Gap(line)]
    return line


def _joined(pieces: Pieces) -> pl.Series:
    """Return the pieces side by side as one column; null where a piece is null."""
    columns: list[pl.Series] = []
    whole = _expression(pieces, columns)
    return pl.DataFrame(columns).select(whole.alias("text")).to_series()


def _expression(pieces: Pieces, columns: list[pl.Series]) -> pl.Expr:
    """Return the pieces as an expression over columns, which are added to a list by number."""
    parts = []
    for piece in pieces:
        if isinstance(piece, Gap):
            parts.append(_expression(piece.pieces, columns).fill_null(""))
        elif isinstance(piece, str):
            parts.append(pl.lit(piece))
        else:
            parts.append(pl.col(str(len(columns))))
            columns.append(piece.alias(str(len(columns))))
    return pl.concat_str(parts)


def _either(mask: pl.Series, yes: str, no: str) -> pl.Series:
    return pl.select(pl.when(mask).then(pl.lit(yes)).otherwise(pl.lit(no))).to_series()


def _sorted(lines: pl.Series, rows: pl.Series) -> pl.Series:
    """Return the lines in byte order within each row; they mostly are already."""
    same_row = rows == rows.shift(1)
    if not (same_row & (lines < lines.shift(1))).any():
        return lines
    return pl.DataFrame({"row": rows, "line": lines}).sort("row", "line")["line"]


def _grouped(lines: pl.Series, rows: pl.Series, count: int) -> pl.Series:
    """Return for each of `count` rows its lines as one text, without copying: rows ascend."""
    if lines.is_empty():
        return pl.repeat("", count, dtype=pl.String, eager=True)
    offsets, data = _layout(lines)
    starts = np.searchsorted(rows.to_numpy(), np.arange(count + 1))
    coarse: Any = np.ascontiguousarray(offsets[starts])
    return pl.Series(pa.LargeStringArray.from_buffers(count, pa.py_buffer(coarse), data), dtype=pl.String)


def text_chunks(text: str | pl.Series) -> Iterator[memoryview]:
    """Yield what was rendered as bytes, one text after another."""
    if isinstance(text, str):
        yield memoryview(text.encode())
    elif len(text):
        views: Any = text.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
        data = [memoryview(buffer) for buffer in views.buffers()[2:]]
        if _in_sequence(views, [buffer.nbytes for buffer in data]):
            yield from data
        else:
            offsets, whole = _layout(text)
            yield memoryview(whole)[int(offsets[0]) : int(offsets[-1])]


def _in_sequence(views: Any, sizes: list[int]) -> bool:
    """Say whether texts lie in their buffers one after another, so that these are what is to be written.

    Freshly joined texts do, which saves a copy of everything.
    """
    layout = np.dtype([("length", "<u4"), ("prefix", "<u4"), ("buffer", "<u4"), ("offset", "<u4")])
    found = np.frombuffer(memoryview(views.buffers()[1]), dtype=layout)[
        views.offset : views.offset + len(views)
    ]
    lengths = found["length"].astype(np.int64)
    if (lengths <= _INLINE).any() or sum(sizes) != lengths.sum():
        return False
    begins = np.cumsum([0, *sizes])[found["buffer"]] + found["offset"]
    return bool((begins == np.cumsum(lengths) - lengths).all())


def _layout(texts: pl.Series) -> tuple[np.ndarray[Any, np.dtype[np.int64]], pa.Buffer]:
    """Return where each of some texts begins in one buffer, and the buffer."""
    array = texts.rechunk().to_arrow()
    _, offsets, data = array.buffers()
    assert offsets is not None
    begins = np.frombuffer(memoryview(offsets), dtype=np.int64)
    return begins[array.offset : array.offset + len(array) + 1], data or pa.py_buffer(b"")
