"""The rules over tables and the SHACL shapes find the same, for a violation of every rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import polars as pl
import pytest
import rdflib

from mindgraph.rdf.export import shacl_violations, table_violations
from mindgraph.rdf.rules import RULES
from mindgraph.rdf.shapes import messages
from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Evidence,
    Generator,
    Intention,
    Membership,
    Product,
    Record,
    Triple,
    content_id,
)
from mindgraph.relations import RELATIONS
from mindgraph.resources import schema
from mindgraph.workspace import Workspace
from tests.handon import small_tables, write_tables
from tests.needs import need_module

Tables = dict[type[Record], Sequence[Record]]


def changed(record: type[Record], place: int = 0, **values: object) -> Callable[[], Tables]:
    """Return the small shop with one record changed."""

    def tables() -> Tables:
        found = small_tables()
        rows = list(found[record])
        rows[place] = msgspec.structs.replace(rows[place], **values)
        return named({**found, record: rows})

    return tables


def named(tables: Tables) -> Tables:
    """Return the tables with triples named by content, as they always are, and evidence for them."""
    triples, names = [], {}
    for t in tables[Triple]:
        names[t.id] = content_id("triple", t.cobuy, t.relation, t.intention)
        triples.append(msgspec.structs.replace(t, id=names[t.id]))
    evidence = [msgspec.structs.replace(e, triple=names[e.triple]) for e in tables[Evidence]]
    return {**tables, Triple: triples, Evidence: evidence}


def added(record: type[Record], place: int = 0, **values: object) -> Callable[[], Tables]:
    """Return the small shop with a changed copy of one record beside it."""

    def tables() -> Tables:
        found = small_tables()
        more = msgspec.structs.replace(found[record][place], **values)
        return {**found, record: [*found[record], more]}

    return tables


def without(record: type[Record], place: int = 0) -> Callable[[], Tables]:
    """Return the small shop with one record left out."""

    def tables() -> Tables:
        found = small_tables()
        return {**found, record: [row for n, row in enumerate(found[record]) if n != place]}

    return tables


def circle() -> Tables:
    """Return the small shop with three clusters in a circle, one hanging on it, and one apart."""
    found = small_tables()
    make = {"level": 1, "label": "round", "size": 1}
    clusters = [
        Cluster(id=id_, parent=parent, **make)
        for id_, parent in (("a", "b"), ("b", "c"), ("c", "a"), ("d", "a"), ("e", None), ("f", "f"))
    ]
    return {**found, Cluster: [*found[Cluster], *clusters]}


PLANTED: list[tuple[str, str, Callable[[], Tables]]] = [
    ("ProductName", "an empty name", changed(Product, title="")),
    ("ProductName", "two names for one id", added(Product, title="another")),
    ("ProductSku", "an empty id", added(Product, id="")),
    ("ProductBoughtFor", "an intention that is not there", changed(Triple, intention="f" * 32)),
    ("OfferPrice", "a negative price", changed(Product, 1, price=-0.01)),
    ("OfferPrice", "a price that is no number", changed(Product, 1, price=float("nan"))),
    ("OfferPrice", "two prices", added(Product, 1, price=7.0)),
    ("CoBuyPair", "a product with itself", changed(CoBuy, 2, product_a="lamp", product_b="lamp")),
    ("CoBuyPair", "three products", added(CoBuy, 2, product_b="zzz")),
    ("CoBuyProduct", "a product that is not there", without(Product, 3)),
    ("CoBuyWeight", "no weight at all", changed(CoBuy, weight=0.0)),
    ("CoBuyWeight", "a negative weight", changed(CoBuy, weight=-1.0)),
    ("CoBuyWeight", "a weight that is no number", changed(CoBuy, weight=float("nan"))),
    ("CoBuyWeight", "two weights", added(CoBuy, weight=99.0)),
    ("CoBuyLift", "a negative lift", changed(CoBuy, 1, lift=-0.5)),
    ("AssertionSubject", "a co-buy that is not there", without(CoBuy, 1)),
    ("AssertionPredicate", "a relation that is not in the list", changed(Triple, relation="lovedBy")),
    ("AssertionPredicate", "a relation with marks in it", changed(Triple, relation="used for/~.é")),
    ("AssertionObject", "an intention that is not there", changed(Triple, 5, intention="f" * 32)),
    ("AssertionAcceptance", "above 1", changed(Triple, 3, acceptance=1.01)),
    ("AssertionAcceptance", "below 0", changed(Triple, 3, acceptance=-0.01)),
    ("AssertionAcceptance", "no number", changed(Triple, 3, acceptance=float("nan"))),
    ("AssertionSupport", "by nothing", changed(Triple, 4, support=0)),
    ("AssertionGenerated", "no evidence", without(Evidence, 2)),
    ("AssertionGenerated", "a candidate that is not there", without(Candidate, 3)),
    ("AssertionGenerated", "a generator that is not there", changed(Candidate, 6, generator="who")),
    ("AssertionGenerated", "all from a generator that is not there", without(Generator, 1)),
    ("IntentionLabel", "no words", changed(Intention, 2, text="")),
    ("IntentionLabel", "two labels", added(Intention, 2, text="in other words")),
    ("IntentionBroader", "a cluster that is not there", added(Membership, cluster="gone")),
    ("ClusterLabel", "no words", changed(Cluster, label="")),
    ("ClusterLabel", "two labels", added(Cluster, label="in other words")),
    ("ClusterParent", "a parent that is not there", changed(Cluster, parent="gone")),
    ("ClusterParent", "two parents", added(Cluster, parent="k2x")),
    ("ClusterLevel", "below 0", changed(Cluster, level=-1)),
    ("ClusterLevel", "two levels", added(Cluster, level=1)),
    ("ClusterSize", "nothing in it", changed(Cluster, 1, size=0)),
    ("ClusterExample", "a product that is not there", changed(Cluster, examples=["lamp", "gone"])),
    ("ClusterCycle", "a circle", circle),
    ("ClusterHigher", "a parent on the same level", changed(Cluster, level=2)),
    ("GeneratorModel", "no name", changed(Generator, model="")),
]


def both(workspace: Workspace) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return what the tables' rules find and what pyshacl finds."""
    settings = workspace.settings()
    tables = table_violations(workspace, settings)
    shapes = shacl_violations(workspace, settings, workspace.read)
    pairs: Callable[[pl.DataFrame], set] = lambda frame: set(frame.select("rule", "node").iter_rows())  # noqa: E731
    return pairs(tables), pairs(shapes)


def test_a_clean_workspace_breaks_nothing(tmp_path: Path):
    """The small shop holds every rule, with nasty texts and all."""
    need_module("pyshacl", "pyshacl")
    assert both(write_tables(tmp_path / "ws")) == (set(), set())


@pytest.mark.parametrize(("rule", "what", "tables"), PLANTED, ids=[f"{r}-{w}" for r, w, _ in PLANTED])
def test_tables_and_shapes_agree(tmp_path: Path, rule: str, what: str, tables: Callable[[], Tables]):
    """A planted violation is found by the rule of its name, and both ways find the same nodes."""
    need_module("pyshacl", "pyshacl")
    by_tables, by_shapes = both(write_tables(tmp_path / "ws", tables()))
    assert rule in {name for name, _ in by_tables}, what
    assert by_tables == by_shapes


def test_every_rule_has_a_planted_violation():
    """No rule goes untested."""
    assert {rule for rule, _, _ in PLANTED} == {rule.name for rule in RULES}


def test_every_shape_is_a_rule():
    """Each named shape of shapes.ttl is checked over tables under the same name, and says what holds."""
    said = messages_of_default()
    assert set(said) == {rule.name for rule in RULES}
    names = re.findall(r"^:(\w+) a sh:(?:PropertyShape|SPARQLConstraint)", schema("shapes.ttl"), re.M)
    assert sorted(names) == sorted(said)


def messages_of_default() -> dict[str, str]:
    from mindgraph.settings import Settings

    return messages(Settings(dataset="shop"))


def test_the_list_of_predicates_is_the_list_of_relations():
    """The shapes name exactly the relations there are."""
    shapes = rdflib.Graph().parse(data=schema("shapes.ttl"), format="turtle")
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    (listed,) = shapes.objects(None, sh["in"])
    found = {str(item).rpartition("#")[2] for item in rdflib.collection.Collection(shapes, listed)}
    assert found == {relation.name for relation in RELATIONS}


def test_the_vocabulary_has_every_word():
    """Each term in use is defined with label and comment; each relation links to ConceptNet."""
    mg = rdflib.Namespace("https://w3id.org/mindgraph/ns#")
    words = rdflib.Graph().parse(data=schema("mindgraph.ttl"), format="turtle")
    sources = [schema("shapes.ttl"), schema("context.jsonld")]
    sources += [path.read_text() for path in Path(__file__).parents[2].joinpath("mindgraph/rdf").glob("*.py")]
    used = {name for text in sources for name in re.findall(r"\bmg:(\w+)", text)}
    for name in used | {relation.name for relation in RELATIONS}:
        assert words.value(mg[name], rdflib.RDFS.label), name
        assert words.value(mg[name], rdflib.RDFS.comment), name
    for relation in RELATIONS:
        link = words.value(mg[relation.name], rdflib.RDFS.seeAlso)
        assert (link and str(link).rpartition("/")[2]) == relation.conceptnet
        assert words.value(mg[relation.name], rdflib.RDFS.domain) == mg.CoBuy
        assert words.value(mg[relation.name], rdflib.RDFS.range) == mg.Intention


def test_domains_and_ranges_are_honest(tmp_path: Path):
    """In a dump, subjects and objects of our properties are what the vocabulary says they are."""
    from mindgraph.pipeline import Pipeline

    workspace = write_tables(tmp_path / "ws")
    Pipeline(workspace, workspace.settings()).export_rdf(tmp_path / "out")
    words = rdflib.Graph().parse(data=schema("mindgraph.ttl"), format="turtle")
    data = rdflib.Graph().parse(tmp_path / "out" / "shop.nt")
    types = {(s, o) for s, o in data.subject_objects(rdflib.RDF.type)}
    for name in set(data.predicates()):
        domain, range_ = words.value(name, rdflib.RDFS.domain), words.value(name, rdflib.RDFS.range)
        for subject, thing in data.subject_objects(name):
            assert domain is None or (subject, domain) in types, (name, subject)
            if isinstance(thing, rdflib.Literal):
                assert range_ is None or (thing.datatype or rdflib.XSD.string) == range_, (name, thing)
            else:
                assert range_ is None or (thing, range_) in types, (name, thing)
