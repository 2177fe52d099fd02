"""The graph as RDF: which properties say what, for a few thousand subjects at a time.

A block holds subjects of one kind, in the order of their IRIs, and a field for each property. Every
assertion is a named node and nothing is blank, so that a dump can be sorted, compared and merged.
The data set's name is given encoded, as it stands in IRIs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

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
    `rows`, the ascending positions of subjects, a subject may have any number of values.
    """

    predicate: str
    graph: str
    object: Object
    rows: pl.Series | None = None


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


def key_of(ids: pl.Series) -> pl.Series:
    """Return what orders subjects of one kind as their IRIs are ordered, byte by byte."""
    return encode(ids) + ">"


def in_order(frame: pl.DataFrame, column: str = "id") -> pl.DataFrame:
    """Return the rows in the order of their IRIs."""
    return frame.with_columns(key_of(frame[column]).alias("_key")).sort("_key").drop("_key")


def products_block(
    products: pl.DataFrame, bought_for: pl.DataFrame, related: pl.DataFrame, dataset: str
) -> Block:
    """Return products; `bought_for` has columns product, intention and `related` product, other."""
    rows, path = rows_of(products["id"]), f"product/{dataset}/"
    fields = [
        Field("rdf:type", "catalogue", Name(("schema:Product",))),
        Field("schema:name", "catalogue", _text(products["title"])),
        Field("schema:sku", "catalogue", _text(products["id"])),
        Field("schema:brand", "catalogue", _text(products["brand"])),
        Field("schema:description", "catalogue", _text(products["description"])),
        Field("schema:offers", "catalogue", Ref(f"offer/{dataset}/", _where(rows.ids, products["price"]))),
        Field("schema:image", "catalogue", Ref("image/", _encoded(products["image"]))),
        Field("dc:source", "catalogue", _text(_some(products["source"]))),
        rows.texts("schema:category", "catalogue", products["categories"]),
        rows.refs("schema:isRelatedTo", "cobuys", path, related, "product", "other"),
        rows.refs("mg:boughtFor", "intentions", "intention/", bought_for, "product", "intention"),
    ]
    return Block(path, rows.ids, fields)


def offers_block(products: pl.DataFrame, dataset: str) -> Block:
    """Return the offers of products with a price."""
    priced = products.filter(pl.col("price").is_not_null())
    fields = [
        Field("rdf:type", "catalogue", Name(("schema:Offer",))),
        Field("schema:price", "catalogue", Typed(doubles(priced["price"]), "xsd:double")),
    ]
    return Block(f"offer/{dataset}/", encode(priced["id"]), fields)


def images_block(images: pl.DataFrame) -> Block:
    """Return stored pictures, by column `image`."""
    fields = [
        Field("rdf:type", "catalogue", Name(("schema:ImageObject",))),
        Field("schema:identifier", "catalogue", _text(images["image"])),
    ]
    return Block("image/", encode(images["image"]), fields)


def cobuys_block(cobuys: pl.DataFrame, triples: pl.DataFrame, dataset: str) -> Block:
    """Return co-buys and, one property per relation, the intentions stated of them."""
    rows = rows_of(cobuys["id"])
    pair = cobuys.select(pl.concat_list("product_a", "product_b")).to_series()
    fields = [
        Field("rdf:type", "cobuys", Name(("mg:CoBuy",))),
        rows.listed("mg:product", "cobuys", f"product/{dataset}/", pair),
        Field("mg:weight", "cobuys", Typed(doubles(cobuys["weight"]), "xsd:double")),
        Field("mg:lift", "cobuys", Typed(doubles(cobuys["lift"]), "xsd:double")),
        rows.texts("dc:source", "cobuys", cobuys["source"]),
    ]
    stated = triples.select("cobuy", "relation", "intention").unique()
    for relation in sorted(set(stated["relation"])):
        of = stated.filter(pl.col("relation") == relation)
        name = f"mg:{relation_name(relation)}"
        fields.append(rows.refs(name, "intentions", "intention/", of, "cobuy", "intention"))
    return Block(f"cobuy/{dataset}/", rows.ids, fields)


def assertions_block(triples: pl.DataFrame, dataset: str, profile: str) -> Block:
    """Return the assertions; `triples` have a list column `generators` besides their own."""
    rows = rows_of(triples["id"])
    statement = Statement(
        Ref(f"cobuy/{dataset}/", encode(triples["cobuy"])),
        Names(_relation_names(triples["relation"])),
        Ref("intention/", encode(triples["intention"])),
    )
    fields = [
        Field("rdf:type", "intentions", Name(("mg:Assertion",))),
        *_reified(statement, profile),
        Field("mg:acceptance", "intentions", Typed(doubles(triples["acceptance"]), "xsd:double")),
        Field("mg:support", "intentions", Typed(triples["support"].cast(pl.String), "xsd:integer")),
        rows.listed("prov:wasGeneratedBy", "provenance", f"run/{dataset}/", triples["generators"]),
    ]
    return Block(f"triple/{dataset}/", rows.ids, fields)


def intentions_block(
    intentions: pl.DataFrame, variants: pl.DataFrame, memberships: pl.DataFrame, dataset: str
) -> Block:
    """Return canonical intentions; `variants` has columns canonical, text; memberships intention, cluster."""
    rows = rows_of(intentions["id"])
    lang = _languages(intentions["lang"])
    wordings = variants.join(intentions.select("id", "text"), left_on="canonical", right_on="id")
    wordings = wordings.filter(pl.col("text") != pl.col("text_right")).rename({"canonical": "subject"})
    fields = [
        Field("rdf:type", "intentions", Name(("mg:Intention", "skos:Concept"))),
        Field("skos:prefLabel", "intentions", Text(escape(intentions["text"]), lang)),
        rows.labels("skos:altLabel", "intentions", wordings, lang),
        Field("skos:inScheme", "intentions", _scheme(dataset, len(intentions))),
        rows.refs("skos:broader", "clusters", f"cluster/{dataset}/", memberships, "intention", "cluster"),
    ]
    return Block("intention/", rows.ids, fields)


def clusters_block(clusters: pl.DataFrame, dataset: str, lang: str) -> Block:
    """Return the clusters of every level."""
    rows, path, graph = rows_of(clusters["id"]), f"cluster/{dataset}/", "clusters"
    count = len(clusters)
    parent = _encoded(clusters["parent"])
    narrower = clusters.select("parent", pl.col("id").alias("child")).drop_nulls()
    top = _scheme(dataset, count).ids.set(parent.is_not_null(), None)
    fields = [
        Field("rdf:type", graph, Name(("mg:IntentionCluster", "skos:Concept"))),
        Field("skos:prefLabel", graph, Text(escape(clusters["label"]), _repeat(language(lang), count))),
        Field("skos:inScheme", graph, _scheme(dataset, count)),
        Field("skos:topConceptOf", graph, Ref("scheme/", top)),
        Field("skos:broader", graph, Ref(path, parent)),
        rows.refs("skos:narrower", graph, path, narrower, "parent", "child"),
        rows.texts("mg:keyword", graph, clusters["keywords"]),
        rows.listed("mg:example", graph, f"product/{dataset}/", clusters["examples"]),
        Field("mg:level", graph, Typed(clusters["level"].cast(pl.String), "xsd:integer")),
        Field("mg:size", graph, Typed(clusters["size"].cast(pl.String), "xsd:integer")),
    ]
    return Block(path, rows.ids, fields)


def scheme_block(tops: pl.DataFrame, dataset: str, title: str) -> Block:
    """Return the concept scheme of a data set; `tops` are its clusters without a parent."""
    rows = rows_of(pl.Series([title]))
    tops = tops.select(pl.lit(title).alias("scheme"), "id")
    fields = [
        Field("rdf:type", "intentions", Name(("skos:ConceptScheme",))),
        Field("dcterms:title", "intentions", _text(rows.raw)),
        rows.refs("skos:hasTopConcept", "clusters", f"cluster/{dataset}/", tops, "scheme", "id"),
    ]
    return Block("scheme/", _repeat(dataset, 1), fields)


def rejected_block(candidates: pl.DataFrame, reasons: pl.DataFrame, dataset: str) -> Block:
    """Return candidates that were not kept; `reasons` has columns candidate, text."""
    rows = rows_of(candidates["id"])
    fields = [
        Field("rdf:type", REJECTED, Name(("mg:RejectedCandidate",))),
        Field("mg:rejectedFor", REJECTED, Ref(f"cobuy/{dataset}/", encode(candidates["cobuy"]))),
        Field("rdf:predicate", REJECTED, Names(_relation_names(candidates["relation"]))),
        Field("rdfs:label", REJECTED, Text(escape(candidates["text"]), _languages(candidates["lang"]))),
        rows.labels("mg:reason", REJECTED, reasons.rename({"candidate": "subject"})),
        Field("prov:wasGeneratedBy", REJECTED, Ref(f"run/{dataset}/", encode(candidates["generator"]))),
    ]
    return Block(f"candidate/{dataset}/", rows.ids, fields)


def relation_name(relation: str) -> str:
    """Return the local name of a relation's property; an unknown one is encoded, for shapes to find."""
    return relation if relation in BY_NAME else encode(pl.Series([relation]))[0]


def _reified(statement: Statement, profile: str) -> list[Field]:
    if profile == "rdf12":
        return [Field("rdf:reifies", "intentions", statement)]
    return [
        Field("rdf:subject", "intentions", statement.subjects),
        Field("rdf:predicate", "intentions", statement.predicates),
        Field("rdf:object", "intentions", statement.objects),
    ]


def rows_of(subjects: pl.Series) -> Rows:
    """Return what makes fields with any number of values for these subjects, in this order."""
    return Rows(subjects)


class Rows:
    """Make fields with any number of values for subjects in a given order."""

    def __init__(self, subjects: pl.Series) -> None:
        self.raw = subjects
        self.ids = encode(subjects)
        self._index = pl.DataFrame({"_subject": subjects}).with_row_index("_row")

    def refs(
        self, predicate: str, graph: str, path: str, items: pl.DataFrame, subject: str, target: str
    ) -> Field:
        """Say which things of `path` each subject refers to."""
        found = self._found(items.select(pl.col(subject).alias("_subject"), pl.col(target).alias("_value")))
        return Field(predicate, graph, Ref(path, encode(found["_value"])), found["_row"])

    def texts(self, predicate: str, graph: str, lists: pl.Series) -> Field:
        """Say the texts of a list column."""
        found = self._exploded(lists)
        return Field(predicate, graph, _text(found["_value"]), found["_row"])

    def listed(self, predicate: str, graph: str, path: str, lists: pl.Series) -> Field:
        """Say the references of a list column."""
        found = self._exploded(lists)
        return Field(predicate, graph, Ref(path, encode(found["_value"])), found["_row"])

    def labels(self, predicate: str, graph: str, items: pl.DataFrame, lang: pl.Series | None = None) -> Field:
        """Say texts (columns subject, text), in the language of their subject where `lang` is given."""
        found = self._found(items.select(pl.col("subject").alias("_subject"), pl.col("text").alias("_value")))
        tags = None if lang is None else lang.gather(found["_row"])
        return Field(predicate, graph, Text(escape(found["_value"]), tags), found["_row"])

    def _found(self, items: pl.DataFrame) -> pl.DataFrame:
        joined = items.join(self._index, on="_subject").select("_row", "_value")
        return joined.unique().sort("_row", "_value")

    def _exploded(self, lists: pl.Series) -> pl.DataFrame:
        column = lists.alias("_value").to_frame().with_row_index("_row")
        return column.explode("_value").drop_nulls().unique().sort("_row", "_value")


def _relation_names(relations: pl.Series) -> pl.Series:
    known = relations.is_in(list(BY_NAME))
    return relations if known.all() else encode(relations)


def _languages(tags: pl.Series) -> pl.Series:
    return tags.replace({tag: language(tag) for tag in tags.unique()})


def _text(values: pl.Series) -> Text:
    return Text(escape(values))


def _some(values: pl.Series) -> pl.Series:
    return values.set(values == "", None)


def _encoded(ids: pl.Series) -> pl.Series:
    return encode(ids) if ids.null_count() < len(ids) else ids.cast(pl.String)


def _where(values: pl.Series, given: pl.Series) -> pl.Series:
    return values.set(given.is_null(), None)


def _repeat(value: str, count: int) -> pl.Series:
    return pl.repeat(value, count, dtype=pl.String, eager=True)


def _scheme(dataset: str, count: int) -> Ref:
    return Ref("scheme/", _repeat(dataset, count))
