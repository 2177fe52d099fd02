"""The nouns. Every table of the workspace is a list of one of these records.

The Arrow schema of a table and the JSON Schema of an input are derived from the record: there is
no second list of columns anywhere. Ids come from content, so that the same input gives the same
ids on any day, machine and store.
"""

from __future__ import annotations

import hashlib
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec

if TYPE_CHECKING:
    import pyarrow as pa


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Be one row of one table of the workspace."""

    table: ClassVar[str]
    #: The columns that order the table's file, so that it is the same bytes every time.
    order: ClassVar[tuple[str, ...]]


class Product(Record, frozen=True, kw_only=True):
    """Describe one thing that the shop sells; `id` is the shop's own."""

    table: ClassVar[str] = "products"
    order: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    title: str
    #: False where the catalogue had no usable title and brand and category stand in for it.
    titled: bool = True
    brand: str | None = None
    #: Paths from broad to narrow, levels joined by " > ".
    categories: list[str] = []
    description: str | None = None
    price: float | None = None
    #: Id of the stored picture: a hash of the source bytes and of the resize rule.
    image: str | None = None
    #: Where it was read: "file:line".
    source: str = ""


class CoBuy(Record, frozen=True, kw_only=True):
    """Say that two products were bought together; product_a < product_b, so a pair is one row."""

    table: ClassVar[str] = "cobuys"
    order: ClassVar[tuple[str, ...]] = ("product_a", "product_b")

    id: str
    product_a: str
    product_b: str
    #: How often, added up over all lines that name the pair in either order.
    weight: float = 1.0
    #: P(a, b) / (P(a) P(b)) over baskets; known where orders were read.
    lift: float | None = None
    #: Where it was read: "file:line" of each line.
    source: list[str] = []


class Generator(Record, frozen=True, kw_only=True):
    """Say who said it: a model with its parameters and prompts; an id by content, no time in it."""

    table: ClassVar[str] = "generators"
    order: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    #: "model", or "import" for finished intentions that were read from a file.
    kind: str = "model"
    model: str
    revision: str = ""
    #: Canonical JSON of what shaped the answers: decoding, modes, the images' rule.
    parameters: str = "{}"
    prompt_version: str = ""


class Feature(Record, frozen=True, kw_only=True):
    """Hold what the model saw in one product (step 1)."""

    table: ClassVar[str] = "features"
    order: ClassVar[tuple[str, ...]] = ("product",)

    product: str
    text: str
    images_seen: int
    generator: str
    reply: str


class Candidate(Record, frozen=True, kw_only=True):
    """Hold one intention that the model gave for one co-buy and relation (step 2)."""

    table: ClassVar[str] = "candidates"
    order: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    cobuy: str
    relation: str
    #: The short phrase that completes the relation's phrase.
    text: str
    #: A sentence of evidence: what the model saw.
    detail: str | None = None
    lang: str = "en"
    images_seen: int = 0
    generator: str
    sample: int = 0
    #: Key of the answer in the ledger; "file:line" for finished intentions.
    reply: str


class Verdict(Record, frozen=True, kw_only=True):
    """Hold what one judge said of one candidate: each rule is a judge, the shopper is one."""

    table: ClassVar[str] = "verdicts"
    order: ClassVar[tuple[str, ...]] = ("candidate", "judge")

    candidate: str
    #: "shopper", "imported", or "rule:NAME".
    judge: str
    #: "yes", "no" or "unparsed".
    answer: str
    #: p(Yes) / (p(Yes) + p(No)), 0..1.
    score: float | None = None
    reason: str | None = None
    generator: str | None = None
    reply: str | None = None


class Intention(Record, frozen=True, kw_only=True):
    """Name one purpose in words; the same sentence is the same intention for every shop."""

    table: ClassVar[str] = "intentions"
    order: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    text: str
    lang: str = "en"


class Merge(Record, frozen=True, kw_only=True):
    """Say that an intention is a near-duplicate of its canonical one."""

    table: ClassVar[str] = "merges"
    order: ClassVar[tuple[str, ...]] = ("intention",)

    intention: str
    canonical: str
    #: Cosine similarity of the two, 0..1.
    score: float


class Triple(Record, frozen=True, kw_only=True):
    """State why two products are bought together: (a) –relation→ intention ←relation– (b)."""

    table: ClassVar[str] = "triples"
    order: ClassVar[tuple[str, ...]] = ("id",)

    id: str
    cobuy: str
    product_a: str
    product_b: str
    relation: str
    intention: str
    #: Mean score of the shopper over the kept candidates; None where no score is known.
    acceptance: float | None = None
    #: How many kept candidates say it.
    support: int = 1


class Evidence(Record, frozen=True, kw_only=True):
    """Say which candidate a triple rests on."""

    table: ClassVar[str] = "evidence"
    order: ClassVar[tuple[str, ...]] = ("triple", "candidate")

    triple: str
    candidate: str


class Neighbour(Record, frozen=True, kw_only=True):
    """Say that two intentions are near in words; kept, so that what follows is the same bytes."""

    table: ClassVar[str] = "neighbours"
    order: ClassVar[tuple[str, ...]] = ("intention", "neighbour")

    intention: str
    neighbour: str
    #: Cosine of their vectors, -1..1.
    score: float


class Apart(Record, frozen=True, kw_only=True):
    """Say that a person set an intention apart: it merges with no other, on later runs too."""

    table: ClassVar[str] = "apart"
    order: ClassVar[tuple[str, ...]] = ("intention",)

    intention: str


class Cluster(Record, frozen=True, kw_only=True):
    """Name one purpose that many intentions share, at one level of detail."""

    table: ClassVar[str] = "clusters"
    order: ClassVar[tuple[str, ...]] = ("level", "id")

    id: str
    parent: str | None = None
    #: 0 fine, 1 middle, 2 broad.
    level: int
    label: str
    keywords: list[str] = []
    #: Number of canonical intentions.
    size: int
    #: Products that stand for it, strongest first.
    examples: list[str] = []
    #: JSON object: relation → share of its triples.
    relations: str = "{}"
    #: Shannon entropy of the categories it serves, in bits.
    category_entropy: float | None = None
    #: Mean Jaccard with the best match over seeds or resolutions, 0..1.
    stability: float | None = None
    #: Mean cosine of members to the centre.
    cohesion: float | None = None
    #: Ids of the co-buy communities it spans.
    communities: list[str] = []


class Label(Record, frozen=True, kw_only=True):
    """Say what a model called a cluster, beside the phrase that was made from its members."""

    table: ClassVar[str] = "labels"
    order: ClassVar[tuple[str, ...]] = ("cluster",)

    cluster: str
    #: What the cluster is called where no model named it.
    phrase: str
    #: None where no answer could be read, or a sibling has that name: the phrase stands.
    label: str | None = None
    generator: str
    #: Key of the answer in the ledger.
    reply: str = ""


class Membership(Record, frozen=True, kw_only=True):
    """Put an intention into a cluster of the finest level."""

    table: ClassVar[str] = "memberships"
    order: ClassVar[tuple[str, ...]] = ("cluster", "intention")

    intention: str
    cluster: str
    weight: float


class Community(Record, frozen=True, kw_only=True):
    """Put a product into a community of the co-buy graph."""

    table: ClassVar[str] = "communities"
    order: ClassVar[tuple[str, ...]] = ("community", "product")

    product: str
    community: str


class Lineage(Record, frozen=True, kw_only=True):
    """Say which cluster of the previous run a cluster carries on."""

    table: ClassVar[str] = "lineage"
    order: ClassVar[tuple[str, ...]] = ("cluster", "previous")

    cluster: str
    previous: str | None = None
    #: Jaccard of the members, 0..1.
    overlap: float
    #: "kept", "split", "merged" or "new".
    change: str


class Reject(Record, frozen=True, kw_only=True):
    """Keep what could not be read at all, with the place and the reason."""

    table: ClassVar[str] = "rejects"
    order: ClassVar[tuple[str, ...]] = ("stage", "file", "line", "key", "reason")

    stage: str
    key: str = ""
    file: str | None = None
    line: int | None = None
    reason: str
    raw: str = ""


RECORDS: tuple[type[Record], ...] = (
    Product,
    CoBuy,
    Generator,
    Feature,
    Candidate,
    Verdict,
    Intention,
    Merge,
    Triple,
    Evidence,
    Neighbour,
    Apart,
    Cluster,
    Label,
    Membership,
    Community,
    Lineage,
    Reject,
)


def content_id(kind: str, *fields: str | int | float | None) -> str:
    """Return the id of a thing by its content: blake2b-128 as 32 lower-case hex digits.

    Hashed are the UTF-8 bytes of the compact JSON array `[kind, …fields]`.

    >>> content_id("cobuy", "lamp", "tent")
    '38255fee9653fb79a17e2ec9baa0b6ed'
    """
    return digest(msgspec.json.encode([kind, *fields]))


def digest(data: bytes) -> str:
    """Return blake2b-128 of bytes as 32 lower-case hex digits."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def column_types(record: type[Record]) -> Mapping[str, tuple[Any, bool]]:
    """Return for each field of a record its plain type and whether it may be null."""
    hints = typing.get_type_hints(record)
    return {name: _plain(hints[name]) for name in record.__struct_fields__}


def arrow_schema(record: type[Record]) -> pa.Schema:
    """Return the Arrow schema of a record's table."""
    import pyarrow as pa

    arrow = {
        str: pa.string(),
        int: pa.int64(),
        float: pa.float64(),
        bool: pa.bool_(),
        list[str]: pa.list_(pa.string()),
    }
    return pa.schema(
        [
            pa.field(name, arrow[plain], nullable=nullable)
            for name, (plain, nullable) in column_types(record).items()
        ]
    )


def _plain(hint: Any) -> tuple[Any, bool]:
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        (plain,) = (part for part in typing.get_args(hint) if part is not type(None))
        return plain, True
    return hint, False
