"""What a dump holds, in every format, and that readers give it back."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
from collections import Counter
from pathlib import Path

import msgspec
import polars as pl
import pyoxigraph as ox
import pytest
import rdflib

from mindgraph.errors import SettingsError, WorkspaceError
from mindgraph.graph import graph_of
from mindgraph.pipeline import Pipeline
from mindgraph.rdf import Choice
from mindgraph.rdf.batches import StoredTables
from mindgraph.rdf.source import Source
from mindgraph.rdf.syntax import text_chunks
from mindgraph.rdf.writer import syntax_of, vocabulary
from mindgraph.records import CoBuy, Merge, Product, Triple
from mindgraph.relations import RELATIONS
from mindgraph.workspace import Workspace
from tests.handon import IDS, NASTY, small_tables, write_tables

BASE = "https://w3id.org/mindgraph/id/"
MG = "https://w3id.org/mindgraph/ns#"
FORMATS = {
    "nt": ox.RdfFormat.N_TRIPLES,
    "nq": ox.RdfFormat.N_QUADS,
    "ttl": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "jsonld": ox.RdfFormat.JSON_LD,
}


def pipeline_of(workspace: Workspace) -> Pipeline:
    return Pipeline(workspace, workspace.settings())


def triples_of(path: Path) -> list[ox.Triple]:
    return [quad.triple for quad in ox.parse(path=str(path), format=FORMATS[path.suffix[1:]])]


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small shop in every format."""
    folder = tmp_path_factory.mktemp("dumps")
    pipeline_of(write_tables(folder / "ws")).export_rdf(folder / "out", tuple(FORMATS))
    return folder / "out"


def test_every_format_says_the_same(dumps: Path):
    """Turtle, TriG, JSON-LD and N-Quads hold exactly the statements of N-Triples, each once."""
    first = triples_of(dumps / "shop.nt")
    assert len(first) == len(set(first)) > 300
    for name in FORMATS:
        assert Counter(triples_of(dumps / f"shop.{name}")) == Counter(first), name


@pytest.mark.parametrize(("name", "format_"), [("nt", "nt"), ("ttl", "turtle"), ("jsonld", "json-ld")])
def test_rdflib_reads_the_same_as_pyoxigraph(dumps: Path, name: str, format_: str):
    """Two readers that share no code agree on every statement."""
    graph = rdflib.Graph(bind_namespaces="none").parse(dumps / f"shop.{name}", format=format_)
    read = {
        (str(s), str(p), _plain(o, o.datatype, o.language))
        for s, p, o in graph
        if isinstance(o, rdflib.Literal)
    }
    read |= {(str(s), str(p), str(o)) for s, p, o in graph if isinstance(o, rdflib.URIRef)}
    assert len(read) == len(graph)
    assert read == {
        (t.subject.value, t.predicate.value, _term(t.object)) for t in triples_of(dumps / "shop.nt")
    }


def _term(term: ox.NamedNode | ox.Literal) -> object:
    if isinstance(term, ox.NamedNode):
        return term.value
    tagged_or_text = term.language or term.datatype.value.endswith("#string")
    return _plain(term.value, None if tagged_or_text else term.datatype.value, term.language)


def _plain(value: str, datatype: str | None, language: str | None) -> object:
    """Return a literal so that 0.1 and 1.0E-1 are the same: rdflib respells doubles as it reads."""
    double = datatype is not None and str(datatype).endswith("#double")
    return (float(value) if double else str(value), datatype and str(datatype), language)


def test_rdflib_reads_the_graphs(dumps: Path):
    """N-Quads and TriG put the same statements into the same graphs."""
    read = {}
    for name, format_ in (("nq", "nquads"), ("trig", "trig")):
        data = rdflib.Dataset()
        data.parse(dumps / f"shop.{name}", format=format_)
        read[name] = {(s, p, o, g) for s, p, o, g in data.quads()}
    assert read["nq"] == read["trig"]
    assert {str(g) for *_, g in read["nq"]} == {
        f"{BASE}graph/shop/{part}" for part in ("catalogue", "cobuys", "intentions", "clusters", "provenance")
    }


def test_every_nasty_text_comes_back_equal(dumps: Path):
    """Titles, descriptions, brands, categories and labels are read back as they stand in the tables."""
    found = {
        (quad.predicate.value.rpartition("/")[2].rpartition("#")[2], quad.object.value)
        for quad in triples_of(dumps / "shop.nt")
        if isinstance(quad.object, ox.Literal)
    }
    for product in small_tables()[Product]:
        assert ("name", product.title) in found
        assert ("sku", product.id) in found
        for category in product.categories:
            assert ("category", category) in found
    labels = {value for name, value in found if name in ("prefLabel", "altLabel")}
    assert labels == {*NASTY, "everything"}


def test_no_node_is_blank(dumps: Path):
    """Every subject and object of a dump and of its description has a name."""
    for name in ("shop.nt", "void.ttl"):
        for quad in ox.parse(path=str(dumps / name), base_iri="file:///x/"):
            assert not isinstance(quad.subject, ox.BlankNode)
            assert not isinstance(quad.object, ox.BlankNode)


@pytest.mark.parametrize("name", ["nt", "nq"])
def test_lines_come_in_byte_order_and_once(dumps: Path, name: str):
    """N-Triples and N-Quads are sorted and unique as `LC_ALL=C sort -u` would have them."""
    lines = (dumps / f"shop.{name}").read_bytes().splitlines(keepends=True)
    assert lines == sorted(set(lines))


def test_the_same_workspace_gives_the_same_bytes(tmp_path: Path):
    """Exporting twice, gzip included, writes identical dumps and descriptions."""
    pipeline = pipeline_of(write_tables(tmp_path / "ws"))
    names = ("nt", "nt.gz", "ttl", "jsonld.gz", "trig")
    one, two = (pipeline.export_rdf(tmp_path / out, names).folder for out in ("one", "two"))
    assert {p.name: p.read_bytes() for p in one.iterdir()} == {p.name: p.read_bytes() for p in two.iterdir()}


def test_parts_of_any_size_give_the_same_bytes(tmp_path: Path):
    """How many subjects are held at a time shows nowhere."""
    workspace = write_tables(tmp_path / "ws", many_triples())
    settings = workspace.settings()
    syntax = syntax_of("nt", vocabulary(settings), settings)
    written = []
    for statements in (1, 1000, 1_000_000):
        source = Source(StoredTables(workspace), "shop", statements=statements)
        scratch = tmp_path / str(statements)
        texts = [syntax.render(block) for block in source.blocks(scratch)]
        written.append(b"".join(chunk for ts in texts for t in ts for chunk in text_chunks(t)))
    assert written[0] == written[1] == written[2]
    assert written[0].splitlines() == sorted(set(written[0].splitlines()))


def many_triples() -> dict:
    """Return the small shop with some hundred more products and triples."""
    tables = small_tables()
    template = tables[Triple][0]
    extra = [Product(id=f"p{n}", title=f"Product {n}") for n in range(300)]
    triples = [
        msgspec.structs.replace(
            template, id=f"{n:032x}", product_a=f"p{n % 300}", intention=tables[Triple][n % 20].intention
        )
        for n in range(500)
    ]
    return {**tables, Product: [*tables[Product], *extra], Triple: [*tables[Triple], *triples]}


def test_the_dump_agrees_with_the_graph(dumps: Path, tmp_path: Path):
    """Counts and accepted statements are those of the graph that stores load, merges included."""
    workspace = write_tables(tmp_path / "ws")
    graph = graph_of(workspace.read, "shop")
    store = ox.Store()
    store.bulk_load(path=str(dumps / "shop.nt"), format=FORMATS["nt"])
    prefixes = {"mg": MG, "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#"}
    said = store.query(
        "SELECT ?t ?p ?a ?n WHERE { ?t rdf:predicate ?p ; mg:support ?n OPTIONAL { ?t mg:acceptance ?a } }",
        prefixes=prefixes,
    )
    found = {
        (
            s["t"].value.rpartition("/")[2],
            s["p"].value.rpartition("#")[2],
            s["a"] and float(s["a"].value),
            int(s["n"].value),
        )
        for s in said
    }
    rows = graph.edges["HAS_INTENTION"].rows
    assert found == set(rows.select("id", "relation", "acceptance", "support").iter_rows())
    pairs = graph.edges["BOUGHT_FOR"].rows.select("source", "target").unique()
    assert len(pairs) == int(
        next(store.query("SELECT (COUNT(*) AS ?n) WHERE { ?p mg:boughtFor ?i }", prefixes=prefixes))[
            "n"
        ].value
    )


def test_every_statement_is_said_and_named(dumps: Path):
    """For each assertion the triple itself stands in the dump, and the other way round."""
    triples = set(triples_of(dumps / "shop.nt"))
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    ends = {}
    for t in triples:
        if t.predicate.value.startswith(rdf) and "/triple/" in t.subject.value:
            ends.setdefault(t.subject, {})[t.predicate.value.removeprefix(rdf)] = t.object
    named = {(said["subject"], said["predicate"], said["object"]) for said in ends.values()}
    relations = {f"{MG}{r.name}" for r in RELATIONS}
    assert named == {(t.subject, t.predicate, t.object) for t in triples if t.predicate.value in relations}


def test_rdf12_names_the_same_triples(tmp_path: Path, dumps: Path):
    """The profile rdf12 reifies, under the same IRIs, the triple terms of what rdf11 spells out."""
    pipeline = pipeline_of(write_tables(tmp_path / "ws"))
    out = pipeline.export_rdf(tmp_path / "out", ("nt", "nq", "ttl", "trig"), Choice(profile="rdf12")).folder
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    spelled = {
        t.subject: t.object for t in triples_of(dumps / "shop.nt") if t.predicate.value == f"{rdf}object"
    }
    for name in ("nt", "nq", "ttl", "trig"):
        reified = {
            t.subject: t.object
            for t in triples_of(out / f"shop.{name}")
            if t.predicate.value == f"{rdf}reifies"
        }
        assert {subject: term.object for subject, term in reified.items()} == spelled
        assert set(reified.values()) <= set(triples_of(out / f"shop.{name}"))


def test_json_ld_has_no_rdf12(tmp_path: Path):
    """What a format cannot say is told in one line before anything is written."""
    pipeline = pipeline_of(write_tables(tmp_path / "ws"))
    with pytest.raises(SettingsError, match=r"JSON-LD has no RDF 1\.2"):
        pipeline.export_rdf(tmp_path / "out", ("jsonld",), Choice(profile="rdf12"))
    assert not (tmp_path / "out").exists()


def test_rejected_candidates_stand_apart(tmp_path: Path):
    """With `rejected`, candidates that nothing rests on come in a graph of their own, with the reason."""
    pipeline = pipeline_of(write_tables(tmp_path / "ws"))
    out = pipeline.export_rdf(tmp_path / "out", ("nq",), Choice(rejected=True)).folder
    quads = [q for q in ox.parse(path=str(out / "shop.nq")) if q.graph_name.value.endswith("/rejected")]
    assert len({q.subject for q in quads}) == 2
    assert f"rule:generic: {NASTY[0]}" in {q.object.value for q in quads}
    assert all("/candidate/shop/" in q.subject.value for q in quads)


def test_rejected_candidates_need_graphs(tmp_path: Path):
    """Formats without graphs refuse rejected candidates."""
    pipeline = pipeline_of(write_tables(tmp_path / "ws"))
    with pytest.raises(SettingsError, match="nt has no graphs"):
        pipeline.export_rdf(tmp_path / "out", ("nt",), Choice(rejected=True))


def test_parts_choose_what_goes_in(tmp_path: Path, dumps: Path):
    """A dump of some parts holds exactly the statements of these graphs."""
    pipeline = pipeline_of(write_tables(tmp_path / "ws"))
    out = pipeline.export_rdf(
        tmp_path / "out", ("nq", "trig", "ttl", "jsonld"), Choice(parts=("cobuys", "clusters"))
    ).folder
    wanted = {f"{BASE}graph/shop/{part}" for part in ("cobuys", "clusters")}
    whole = {str(q) for q in ox.parse(path=str(dumps / "shop.nq")) if q.graph_name.value in wanted}
    assert {str(q) for q in ox.parse(path=str(out / "shop.nq"))} == whole
    assert {str(q) for q in ox.parse(path=str(out / "shop.trig"))} == whole
    assert len(triples_of(out / "shop.ttl")) == len(triples_of(out / "shop.jsonld")) == len(whole)


def test_an_unknown_part_is_told(tmp_path: Path):
    """A part that is not there is named, with those that are."""
    with pytest.raises(SettingsError, match="no part 'shelves'") as caught:
        pipeline_of(write_tables(tmp_path / "ws")).export_rdf(
            tmp_path / "out", ("nt",), Choice(parts=("shelves",))
        )
    assert "catalogue" in caught.value.hint


def test_an_empty_workspace_is_an_empty_dump(tmp_path: Path):
    """Nothing but the scheme is said of a workspace without tables, in every format."""
    out = pipeline_of(write_tables(tmp_path / "ws", {})).export_rdf(tmp_path / "out", tuple(FORMATS)).folder
    for name in FORMATS:
        assert {t.subject.value for t in triples_of(out / f"shop.{name}")} == {f"{BASE}scheme/shop"}


def test_a_workspace_without_merges_and_clusters(tmp_path: Path):
    """A workspace that was only built is exported as it is."""
    tables = {
        r: rows for r, rows in small_tables().items() if r.table not in ("merges", "clusters", "memberships")
    }
    workspace = write_tables(tmp_path / "ws", tables)
    out = pipeline_of(workspace).export_rdf(tmp_path / "out").folder
    types = Counter(
        t.object.value.rpartition("#")[2]
        for t in triples_of(out / "shop.nt")
        if t.predicate.value.endswith("#type")
    )
    assert types["Assertion"] == len(workspace.read(Triple))
    assert types["IntentionCluster"] == 0


def test_ids_of_the_shop_are_encoded(dumps: Path):
    """An id with slashes, spaces, dots or marks is one segment of its product's IRI."""
    subjects = {t.subject.value for t in triples_of(dumps / "shop.nt") if "/product/" in t.subject.value}
    assert len(subjects) == len(IDS)
    assert f"{BASE}product/shop/10%2F4%20caf%C3%A9" in subjects
    assert f"{BASE}product/shop/%2E%2E" in subjects


def test_a_data_set_name_is_encoded(tmp_path: Path):
    """A data set's name may hold anything; it is encoded in IRIs and in the file's name."""
    out = (
        pipeline_of(write_tables(tmp_path / "ws", dataset="my shop/äß"))
        .export_rdf(tmp_path / "out", ("nt", "ttl"))
        .folder
    )
    assert (out / "my%20shop%2F%C3%A4%C3%9F.nt").is_file()
    assert set(triples_of(out / "my%20shop%2F%C3%A4%C3%9F.ttl")) == set(
        triples_of(out / "my%20shop%2F%C3%A4%C3%9F.nt")
    )


def test_base_and_namespace_are_settings(tmp_path: Path):
    """Instance IRIs and vocabulary follow the settings, in the files beside the dump too."""
    workspace = write_tables(
        tmp_path / "ws", base_iri="https://shop.example/id/", namespace="https://shop.example/ns#"
    )
    out = pipeline_of(workspace).export_rdf(tmp_path / "out", ("nt", "jsonld")).folder
    for name in ("shop.nt", "shop.jsonld", "void.ttl", "context.jsonld"):
        assert MG not in (out / name).read_text(), name
        assert BASE not in (out / name).read_text(), name
    assert set(triples_of(out / "shop.nt")) == set(triples_of(out / "shop.jsonld"))


def test_what_lies_beside_a_dump(dumps: Path):
    """Description, shapes, context, checksums and README are there, and every checksum holds."""
    names = {path.name for path in dumps.iterdir()}
    assert names == {
        *(f"shop.{n}" for n in FORMATS),
        "void.ttl",
        "shapes.ttl",
        "context.jsonld",
        "README.md",
        "SHA256SUMS",
    }
    for line in (dumps / "SHA256SUMS").read_text().splitlines():
        digest, _, name = line.partition("  ")
        assert hashlib.sha256((dumps / name).read_bytes()).hexdigest() == digest
    assert (
        subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=dumps, check=False).returncode == 0
    )


def test_the_description_counts_what_is_there(dumps: Path):
    """VoID's counts per class, property and graph are those of the dump."""
    triples = triples_of(dumps / "shop.nt")
    void = rdflib.Graph().parse(dumps / "void.ttl")
    ns = rdflib.Namespace("http://rdfs.org/ns/void#")
    said = {
        str(void.value(p, ns.property)): int(void.value(p, ns.triples)) for p in void.subjects(ns.property)
    }
    assert said == Counter(t.predicate.value for t in triples)
    classes = {
        str(void.value(c, ns["class"])): int(void.value(c, ns.entities)) for c in void.subjects(ns["class"])
    }
    assert classes == Counter(t.object.value for t in triples if t.predicate.value.endswith("#type"))
    graphs = Counter(q.graph_name.value for q in ox.parse(path=str(dumps / "shop.nq")))
    assert graphs == {str(g): int(void.value(g, ns.triples)) for g in void.objects(None, ns.subset)}


def test_a_new_version_names_the_one_before(tmp_path: Path):
    """An export over an older one points to it; exporting the same again changes nothing."""
    workspace = write_tables(tmp_path / "ws")
    pipeline = pipeline_of(workspace)
    first = pipeline.export_rdf(tmp_path / "out")
    workspace.write(CoBuy, workspace.read(CoBuy).with_columns(pl.col("weight") + 1))
    second = pipeline.export_rdf(tmp_path / "out")
    assert first.version != second.version
    text = (tmp_path / "out" / "void.ttl").read_text()
    assert f"dcat:previousVersion <{BASE}dataset/shop/{first.version}>" in text
    pipeline.export_rdf(tmp_path / "out")
    assert (tmp_path / "out" / "void.ttl").read_text() == text


def test_a_file_in_the_way_is_told(tmp_path: Path):
    """A name that is a file, or looks like one, is refused with a hint."""
    pipeline = pipeline_of(write_tables(tmp_path / "ws"))
    with pytest.raises(SettingsError, match="is a folder"):
        pipeline.export_rdf(tmp_path / "graph.nt")


def test_a_damaged_table_is_told(tmp_path: Path):
    """A table that cannot be read is named, and nothing is left of the export."""
    workspace = write_tables(tmp_path / "ws")
    whole = workspace.file(Triple).read_bytes()
    workspace.file(Triple).write_bytes(whole[:-200])
    with pytest.raises(WorkspaceError, match=r"triples\.parquet"):
        pipeline_of(workspace).export_rdf(tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_dumps_of_two_shops_merge(tmp_path: Path):
    """Concatenated dumps of two data sets share intentions and nothing else of the shops."""
    for name in ("one", "two"):
        pipeline_of(write_tables(tmp_path / name, dataset=name)).export_rdf(tmp_path / "out" / name)
    subjects = [
        {t.subject.value for t in triples_of(tmp_path / "out" / n / f"{n}.nt")} for n in ("one", "two")
    ]
    shared = {iri.removeprefix(BASE).partition("/")[0] for iri in subjects[0] & subjects[1]}
    assert shared == {"intention", "generator", "image"}


def test_the_context_types_every_property(dumps: Path):
    """Every reference and typed value of the dump has its type in the JSON-LD context."""
    context = json.loads((dumps / "context.jsonld").read_text())["@context"]
    text = json.loads((dumps / "shop.jsonld").read_text())
    assert text["@context"] == context
    keys = {key for node in text["@graph"] for key in node if not key.startswith("@")}
    untyped = keys - set(context)
    for node in text["@graph"]:
        for key in untyped & set(node):
            assert isinstance(node[key], str | list | dict)
            assert not str(node[key]).startswith(("product/", "intention/"))


def test_merged_wordings_are_other_labels(dumps: Path):
    """What was merged is an altLabel of its canonical intention and no intention itself."""
    tables = small_tables()
    (merge,) = tables[Merge]
    triples = triples_of(dumps / "shop.nt")
    assert not any(t.subject.value.endswith(merge.intention) for t in triples)
    labels = {
        t.object.value
        for t in triples
        if t.subject.value.endswith(merge.canonical) and "altLabel" in t.predicate.value
    }
    assert labels == {NASTY[1]}


def test_sources_are_frozen(tmp_path: Path):
    """A source says what goes in; another choice is another source."""
    source = Source(StoredTables(write_tables(tmp_path / "ws")), "shop")
    with pytest.raises(dataclasses.FrozenInstanceError):
        source.profile = "rdf12"  # type: ignore[misc]
