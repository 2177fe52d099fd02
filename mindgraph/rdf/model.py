"""The graph as RDF: which properties say what, for a few thousand subjects at a time.

A block holds subjects of one kind, in the order of their IRIs, and a field for each property. Every
assertion is a named node and nothing is blank, so that a dump can be sorted, compared and merged.
The data set's name is given encoded, as it stands in IRIs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import polars as pl

from mindgraph.rdf.terms import doubles, encode, escape, language
from mindgraph.relations import BY_NAME

#: What a dump is made of; in formats with graphs each part is a graph of its own.
PARTS: tuple[str, ...] = ("catalogue", "cobuys", "intentions", "clusters", "provenance")
REJECTED = "rejected"


@dataclass(frozen=True)
class Ref:
    """Name things under the base: `path` + encoded id."""

    path: str
    ids: pl.Series


@dataclass(frozen=True)
class Name:
    """Name terms of vocabularies, such as `schema:Product`: the same for every subject."""

    curies: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """Name terms of our own vocabulary by their local names."""

    locals: pl.Series


@dataclass(frozen=True)
class Text:
    """Hold escaped texts, with one language, a column of languages, or none."""

    values: pl.Series
    lang: pl.Series | None = None


@dataclass(frozen=True)
class Typed:
    """Hold values in their canonical form, with a datatype such as `xsd:double`."""

    values: pl.Series
    datatype: str


@dataclass(frozen=True)
class Statement:
    """Hold statements as RDF 1.2 triple terms."""

    subjects: Ref
    predicates: Names
    objects: Ref


Object: TypeAlias = Ref | Name | Names | Text | Typed | Statement


@dataclass(frozen=True)
class Field:
    """Say one property of a block's subjects.

    Without `rows` the object's columns have one value a subject, null where there is none. With
    `rows`, the ascending positions of subjects, a subject may have any number of values; `in_order` says
    that these come in the order of bytes.
    """

    predicate: str
    graph: str
    object: Object
    rows: pl.Series | None = None
    in_order: bool = False

    def statements(self, subjects: int) -> int:
        """Return how many statements this makes of so many subjects."""
        if self.rows is not None:
            return len(self.rows)
        if isinstance(self.object, Name):
            return subjects * len(self.object.curies)
        return subjects - _missing(self.object)

    def slice(self, start: int, count: int) -> Field:
        """Return what is said of some subjects, from a position on."""
        if self.rows is None:
            return replace(self, object=_sliced(self.object, start, count))
        begin, end = np.searchsorted(self.rows.to_numpy(), [start, start + count]).tolist()
        rows = self.rows.slice(begin, end - begin) - start
        return replace(self, object=_sliced(self.object, begin, end - begin), rows=rows)


@dataclass(frozen=True)
class Block:
    """Hold subjects of one kind and all that is said of them."""

    path: str
    ids: pl.Series
    fields: Sequence[Field]

    def only(self, parts: Iterable[str]) -> Block:
        """Return the block with the fields of these parts."""
        kept = set(parts)
        return replace(self, fields=[field for field in self.fields if field.graph in kept])

    def pieces(self, statements: int) -> Iterator[Block]:
        """Yield the block in pieces of about so many statements."""
        count = len(self.ids)
        held = sum(each.statements(count) for each in self.fields)
        size = max(1, count * statements // max(held, 1))
        for start in range(0, count, size):
            ids = self.ids.slice(start, size)
            yield replace(self, ids=ids, fields=[each.slice(start, size) for each in self.fields])


@dataclass(frozen=True)
class Items:
    """Hold what some subjects refer to: ascending positions of subjects, and encoded ids in order."""

    rows: pl.Series
    ids: pl.Series


def products_block(
    ids: pl.Series, products: pl.DataFrame, related: Items, bought: Items, dataset: str
) -> Block:
    """Return products, one row of the table a subject."""
    path, graph = f"product/{dataset}/", "catalogue"
    offers = ids.set(products["price"].is_null(), None)
    fields = [
        Field("rdf:type", graph, Name(("schema:Product",))),
        Field("schema:name", graph, _text(products["title"])),
        Field("schema:sku", graph, _text(products["id"])),
        Field("schema:brand", graph, _text(products["brand"])),
        Field("schema:description", graph, _text(products["description"])),
        Field("schema:offers", graph, Ref(f"offer/{dataset}/", offers)),
        Field("schema:image", graph, Ref("image/", encode(products["image"]))),
        Field("dc:source", graph, _text(_some(products["source"]))),
        listed_texts("schema:category", graph, products["categories"]),
        _refs("schema:isRelatedTo", "cobuys", path, related),
        _refs("mg:boughtFor", "intentions", "intention/", bought),
    ]
    return Block(path, ids, fields)


def offers_block(ids: pl.Series, products: pl.DataFrame, dataset: str) -> Block:
    """Return the offers of products with a price."""
    priced = products["price"].is_not_null()
    prices = Typed(doubles(products["price"].filter(priced)), "xsd:double")
    fields = [
        Field("rdf:type", "catalogue", Name(("schema:Offer",))),
        Field("schema:price", "catalogue", prices),
    ]
    return Block(f"offer/{dataset}/", ids.filter(priced), fields)


def images_block(images: pl.Series) -> Block:
    """Return stored pictures, by their ids."""
    fields = [
        Field("rdf:type", "catalogue", Name(("schema:ImageObject",))),
        Field("schema:identifier", "catalogue", _text(images)),
    ]
    return Block("image/", encode(images), fields)


def cobuys_block(
    ids: pl.Series, cobuys: pl.DataFrame, products: Items, stated: Mapping[str, Items], dataset: str
) -> Block:
    """Return co-buys, one row of the table a subject, with the intentions `stated` by each relation."""
    graph = "cobuys"
    fields = [
        Field("rdf:type", graph, Name(("mg:CoBuy",))),
        _refs("mg:product", graph, f"product/{dataset}/", products),
        Field("mg:weight", graph, Typed(doubles(cobuys["weight"]), "xsd:double")),
        Field("mg:lift", graph, Typed(doubles(cobuys["lift"]), "xsd:double")),
        listed_texts("dc:source", graph, cobuys["source"]),
    ]
    for relation, items in stated.items():
        fields.append(_refs(f"mg:{relation_name(relation)}", "intentions", "intention/", items))
    return Block(f"cobuy/{dataset}/", ids, fields)


def assertions_block(
    statement: Statement, triples: pl.DataFrame, spoken: Items, dataset: str, profile: str
) -> Block:
    """Return the assertions with the statements that they name; acceptance comes as canonical text."""
    fields = [
        Field("rdf:type", "intentions", Name(("mg:Assertion",))),
        *_reified(statement, profile),
        Field("mg:acceptance", "intentions", Typed(triples["acceptance"], "xsd:double")),
        Field("mg:support", "intentions", Typed(triples["support"].cast(pl.String), "xsd:integer")),
        _refs("prov:wasGeneratedBy", "provenance", f"run/{dataset}/", spoken),
    ]
    return Block(f"triple/{dataset}/", encode(triples["id"]), fields)


def intentions_block(
    ids: pl.Series,
    intentions: pl.DataFrame,
    variants: tuple[pl.Series, pl.Series],
    clusters: Items,
    dataset: str,
) -> Block:
    """Return canonical intentions; `variants` are positions of subjects and other wordings."""
    lang = _languages(intentions["lang"])
    rows, wordings = variants
    other = Text(escape(wordings), lang.gather(rows))
    fields = [
        Field("rdf:type", "intentions", Name(("mg:Intention", "skos:Concept"))),
        Field("skos:prefLabel", "intentions", Text(escape(intentions["text"]), lang)),
        Field("skos:altLabel", "intentions", other, rows),
        Field("skos:inScheme", "intentions", _scheme(dataset, len(ids))),
        _refs("skos:broader", "clusters", f"cluster/{dataset}/", clusters),
    ]
    return Block("intention/", ids, fields)


def clusters_block(clusters: pl.DataFrame, dataset: str, lang: str) -> Block:
    """Return the clusters of every level, in the order of their IRIs."""
    path, graph, count = f"cluster/{dataset}/", "clusters", len(clusters)
    parent = encode(clusters["parent"])
    scheme = _scheme(dataset, count)
    children = clusters.select("parent", pl.col("id").alias("child")).drop_nulls()
    below = (
        clusters.select("id")
        .unique()
        .join(children, left_on="id", right_on="parent")
        .group_by("id")
        .agg("child")
    )
    narrower = clusters.select("id").join(below, on="id", how="left", maintain_order="left")["child"]
    fields = [
        Field("rdf:type", graph, Name(("mg:IntentionCluster", "skos:Concept"))),
        Field("skos:prefLabel", graph, Text(escape(clusters["label"]), _repeat(language(lang), count))),
        Field("skos:inScheme", graph, scheme),
        Field("skos:topConceptOf", graph, Ref("scheme/", scheme.ids.set(parent.is_not_null(), None))),
        Field("skos:broader", graph, Ref(path, parent)),
        listed_refs("skos:narrower", graph, path, narrower),
        listed_texts("mg:keyword", graph, clusters["keywords"]),
        listed_refs("mg:example", graph, f"product/{dataset}/", clusters["examples"]),
        Field("mg:level", graph, Typed(clusters["level"].cast(pl.String), "xsd:integer")),
        Field("mg:size", graph, Typed(clusters["size"].cast(pl.String), "xsd:integer")),
    ]
    return Block(path, encode(clusters["id"]), fields)


def scheme_block(tops: pl.Series, dataset: str, title: str) -> Block:
    """Return the concept scheme of a data set; `tops` are the ids of clusters without a parent."""
    fields = [
        Field("rdf:type", "intentions", Name(("skos:ConceptScheme",))),
        Field("dcterms:title", "intentions", _text(pl.Series([title]))),
        listed_refs("skos:hasTopConcept", "clusters", f"cluster/{dataset}/", tops.implode()),
    ]
    return Block("scheme/", _repeat(dataset, 1), fields)


def rejected_block(candidates: pl.DataFrame, dataset: str) -> Block:
    """Return candidates that were not kept, with a list column `reasons`."""
    graph = REJECTED
    fields = [
        Field("rdf:type", graph, Name(("mg:RejectedCandidate",))),
        Field("mg:rejectedFor", graph, Ref(f"cobuy/{dataset}/", encode(candidates["cobuy"]))),
        Field("rdf:predicate", graph, Names(relation_names(candidates["relation"]))),
        Field("rdfs:label", graph, Text(escape(candidates["text"]), _languages(candidates["lang"]))),
        listed_texts("mg:reason", graph, candidates["reasons"]),
        Field("prov:wasGeneratedBy", graph, Ref(f"run/{dataset}/", encode(candidates["generator"]))),
    ]
    return Block(f"candidate/{dataset}/", encode(candidates["id"]), fields)


def relation_name(relation: str) -> str:
    """Return the local name of a relation's property; an unknown one is encoded, for shapes to find."""
    return relation if relation in BY_NAME else encode(pl.Series([relation]))[0]


def relation_names(relations: pl.Series) -> pl.Series:
    """Return the local names of relations' properties."""
    names = {name: relation_name(name) for name in relations.unique()}
    known = all(name == relation for relation, name in names.items())
    return relations if known else relations.replace(names)


def listed_texts(predicate: str, graph: str, lists: pl.Series) -> Field:
    """Say the texts of a list column, each once."""
    rows, values = _exploded(lists)
    return Field(predicate, graph, _text(values), rows)


def listed_refs(predicate: str, graph: str, path: str, lists: pl.Series) -> Field:
    """Say the references of a list column, each once."""
    rows, values = _exploded(lists)
    return Field(predicate, graph, Ref(path, encode(values)), rows)


def in_order(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows in the order of the IRIs of their ids."""
    keys = (encode(frame["id"]) + ">").alias("_key")
    return frame.with_columns(keys).sort("_key", maintain_order=True).drop("_key")


def _refs(predicate: str, graph: str, path: str, items: Items) -> Field:
    return Field(predicate, graph, Ref(path, items.ids), items.rows, in_order=True)


def _reified(statement: Statement, profile: str) -> list[Field]:
    if profile == "rdf12":
        return [Field("rdf:reifies", "intentions", statement)]
    return [
        Field("rdf:subject", "intentions", statement.subjects),
        Field("rdf:predicate", "intentions", statement.predicates),
        Field("rdf:object", "intentions", statement.objects),
    ]


def _missing(thing: Object) -> int:
    if isinstance(thing, Ref):
        return thing.ids.null_count()
    if isinstance(thing, Names):
        return thing.locals.null_count()
    if isinstance(thing, Text | Typed):
        return thing.values.null_count()
    return thing.subjects.ids.null_count() if isinstance(thing, Statement) else 0


def _sliced(thing: Object, start: int, count: int) -> Object:
    """Return an object with the same rows of each of its columns."""
    if isinstance(thing, Ref):
        return replace(thing, ids=thing.ids.slice(start, count))
    if isinstance(thing, Names):
        return Names(thing.locals.slice(start, count))
    if isinstance(thing, Text):
        lang = None if thing.lang is None else thing.lang.slice(start, count)
        return Text(thing.values.slice(start, count), lang)
    if isinstance(thing, Typed):
        return replace(thing, values=thing.values.slice(start, count))
    if isinstance(thing, Statement):
        subjects, objects = (
            replace(each, ids=each.ids.slice(start, count)) for each in (thing.subjects, thing.objects)
        )
        return Statement(subjects, Names(thing.predicates.locals.slice(start, count)), objects)
    return thing


def _exploded(lists: pl.Series) -> tuple[pl.Series, pl.Series]:
    column = lists.alias("value").to_frame().with_row_index("row")
    values = column.explode("value").drop_nulls().unique().sort("row", "value")
    return values["row"], values["value"]


def _languages(tags: pl.Series) -> pl.Series:
    return tags.replace({tag: language(tag) for tag in tags.unique()})


def _text(values: pl.Series) -> Text:
    return Text(escape(values))


def _some(values: pl.Series) -> pl.Series:
    return values.set(values == "", None)


def _repeat(value: str, count: int) -> pl.Series:
    return pl.repeat(value, count, dtype=pl.String, eager=True)


def _scheme(dataset: str, count: int) -> Ref:
    return Ref("scheme/", _repeat(dataset, count))
