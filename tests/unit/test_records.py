"""The nouns: one list of columns each, ids by content."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest

from mindgraph.records import RECORDS, Product, Record, Triple, arrow_schema, column_types, content_id
from mindgraph.relations import (
    ALIASES,
    BY_NAME,
    DEFAULT_RELATIONS,
    GROUPS,
    RELATIONS,
    USAGE_RELATIONS,
    canonical_relation,
)
from mindgraph.tables import frame_of, schema_of


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.table)
def test_every_record_is_a_table(record: type[Record]) -> None:
    """A record's Arrow and polars columns are its fields, and its order names some of them."""
    fields = list(record.__struct_fields__)
    assert arrow_schema(record).names == fields == schema_of(record).names()
    assert frame_of(record).schema == schema_of(record)
    assert record.order
    assert set(record.order) <= set(fields)


def test_tables_have_names_of_their_own() -> None:
    """No two records share a table."""
    names = [record.table for record in RECORDS]
    assert len(set(names)) == len(names)


def test_null_is_allowed_where_the_record_says_so() -> None:
    """What is optional in a record is nullable in its schema, nothing else is."""
    schema = arrow_schema(Product)
    assert {name for name in schema.names if schema.field(name).nullable} == {
        "brand",
        "description",
        "price",
        "image",
    }
    assert schema.field("categories").type == pa.list_(pa.string())
    assert column_types(Triple)["acceptance"] == (float, True)


def test_ids_hash_compact_json() -> None:
    """An id is blake2b-128 of the compact JSON array of kind and fields, in UTF-8."""
    expected = hashlib.blake2b('["cobuy","lämp","te\\"nt"]'.encode(), digest_size=16).hexdigest()
    assert content_id("cobuy", "lämp", 'te"nt') == expected


def test_ids_tell_fields_apart() -> None:
    """Kind, borders between fields, null and numbers all count."""
    ids = [
        content_id("a", "b", "c"),
        content_id("a", "bc"),
        content_id("b", "a", "c"),
        content_id("a", "b", None),
    ]
    ids += [content_id("a", "b", 1), content_id("a", "b", "1")]
    assert len(set(ids)) == len(ids)


def test_records_cannot_be_changed() -> None:
    """A record is frozen."""
    with pytest.raises(AttributeError):
        Product(id="a", title="b").title = "c"  # type: ignore[misc]


def test_eighteen_relations_are_asked_by_default() -> None:
    """17 typed ones and the open one, in four groups; the nineteenth is known and off."""
    assert len(DEFAULT_RELATIONS) == 18
    assert [relation.name for relation in RELATIONS if not relation.by_default] == ["causeDesire"]
    assert {relation.group for relation in RELATIONS} == set(GROUPS)
    assert set(USAGE_RELATIONS) == {"usedFor", "capableOf", "can", "effect", "cause"}


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("propertOf", "propertyOf"),
        ("other", "open"),
        (None, "open"),
        ("", "open"),
        ("  UsedFor ", "usedFor"),
        ("used_for", "usedFor"),
        ("is a", "isA"),
        ("made-of", "madeOf"),
        ("causeDesire", "causeDesire"),
        ("soldBy", None),
    ],
)
def test_relations_are_read_in_every_spelling(spelled: str | None, expected: str | None) -> None:
    """Many spellings are read, one is written; what is unknown is told as unknown."""
    assert canonical_relation(spelled) == expected


def test_aliases_lead_to_relations() -> None:
    """Every alias names a relation that there is."""
    assert set(ALIASES.values()) == set(BY_NAME)
