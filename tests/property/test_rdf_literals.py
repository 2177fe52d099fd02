"""Whatever a text, an id or a number is, every reader gives it back."""

from __future__ import annotations

import json
import math
from pathlib import Path

import polars as pl
import pyoxigraph as ox
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mindgraph.rdf.terms import double, doubles, encode, encode_one, escape, language
from mindgraph.records import Product
from mindgraph.tables import frame_of
from mindgraph.texts import clean
from tests.handon import write_tables

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_every_text_is_read_back(texts: list[str]):
    """pyoxigraph reads what is escaped as it was, in N-Triples and in Turtle; JSON reads it, too."""
    escaped = escape(pl.Series(texts, dtype=pl.String)).to_list()
    lines = "".join(f'<a:s{n}> <a:p> "{text}" .\n' for n, text in enumerate(escaped))
    for format_ in (ox.RdfFormat.N_TRIPLES, ox.RdfFormat.TURTLE):
        assert [quad.object.value for quad in ox.parse(lines.encode(), format=format_)] == texts
    assert [json.loads(f'"{text}"') for text in escaped] == texts


@given(TEXTS)
def test_rdflib_reads_every_clean_text(text: str):
    """rdflib gives back every text that was cleaned at ingest."""
    text = clean(text)
    (escaped,) = escape(pl.Series([text]))
    graph = rdflib.Graph().parse(data=f'<a:s> <a:p> "{escaped}" .\n', format="nt")
    assert [str(thing) for thing in graph.objects()] == [text]


@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_every_id_is_one_segment(ids: list[str]):
    """An encoded id is a valid segment of an IRI, different ids stay different, and rows agree with one."""
    encoded = encode(pl.Series(ids, dtype=pl.String)).to_list()
    assert encoded == [encode_one(id_) for id_ in ids]
    assert len(set(encoded)) == len(set(ids))
    for one in encoded:
        assert ox.NamedNode(f"https://example.org/{one}").value.count("/") == 3


@given(st.lists(st.none() | st.floats(), max_size=20))
def test_doubles_are_canonical(numbers: list[float | None]):
    """The text of a number is canonical, is that number again, and rows agree with one."""
    written = doubles(pl.Series(numbers, dtype=pl.Float64)).to_list()
    assert written == [None if n is None else double(n) for n in numbers]
    for number, text in zip(numbers, written, strict=True):
        if number is None or text is None or not math.isfinite(number):
            continue
        assert float(text) == number
        mantissa, _, exponent = text.partition("E")
        whole, _, fraction = mantissa.lstrip("-").partition(".")
        assert len(whole) == 1
        assert fraction == "0" or not fraction.endswith("0")
        assert (whole != "0") == (number != 0)
        assert str(int(exponent)) == exponent


@given(st.text(max_size=12) | st.from_regex(r"[a-zA-Z]{1,4}([-_][a-zA-Z0-9]{1,9}){0,3}", fullmatch=True))
def test_every_language_tag_is_one(tag: str):
    """Whatever stands for a language becomes a tag that readers take."""
    assert ox.Literal("x", language=language(tag)).language == language(tag)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
        TEXTS,
        min_size=1,
        max_size=8,
    )
)
def test_any_catalogue_is_read_back(tmp_path: Path, titles: dict[str, str]):
    """A dump of any catalogue gives back each product's id and title, sorted and unique."""
    from mindgraph.pipeline import Pipeline

    workspace = write_tables(tmp_path / "ws", {})
    workspace.write(Product, frame_of(Product, [Product(id=i, title=t) for i, t in titles.items()]))
    out = Pipeline(workspace, workspace.settings()).export_rdf(tmp_path / "out").folder
    said: dict[str, dict[str, str]] = {}
    for quad in ox.parse(path=str(out / "shop.nt")):
        said.setdefault(quad.subject.value, {})[quad.predicate.value.rpartition("/")[2]] = quad.object.value
    products = [about for about in said.values() if "sku" in about]
    assert {about["sku"]: about["name"] for about in products} == titles
    lines = (out / "shop.nt").read_bytes().split(b"\n")[:-1]
    assert lines == sorted(set(lines))
