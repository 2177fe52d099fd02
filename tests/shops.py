"""Small workspaces for tests of stores, made from records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, islice
from pathlib import Path

import polars as pl

from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Evidence,
    Generator,
    Intention,
    Membership,
    Merge,
    Product,
    Record,
    Triple,
    content_id,
)
from mindgraph.relations import RELATIONS
from mindgraph.spool import INPUTS, Spool, spool
from mindgraph.tables import content_ids, frame_of
from mindgraph.workspace import Workspace

#: (product a, product b, relation, intention's text, acceptance)
Said = tuple[str, str, str, str, float | None]

CAMPING: Sequence[Said] = (
    ("lamp", "tent", "usedFor", "camping in the dark", 0.9),
    ("lamp", "tent", "can", "be carried in a backpack", None),
    ("stove", "tent", "usedFor", "camping in the dark", 0.6),
    ("lamp", "torch", "usedFor", "seeing at night", 0.8),
    ("stove", "torch", "effect", "cooking outdoors", 0.7),
)


def shop(
    folder: Path,
    said: Iterable[Said] = CAMPING,
    *,
    dataset: str = "shop",
    extra: Mapping[type[Record], Sequence[Record]] | None = None,
    titles: Mapping[str, str] | None = None,
) -> Workspace:
    """Write a workspace in which this is said, with one generator and two clusters."""
    workspace = Workspace.create(folder, dataset=dataset)
    for record, rows in records(list(said), titles or {}).items():
        workspace.write(record, frame_of(record, [*rows, *(extra or {}).get(record, ())]))
    return workspace


def records(said: Sequence[Said], titles: Mapping[str, str]) -> dict[type[Record], Sequence[Record]]:
    """Return the records of all tables that a graph is made of."""
    ids = sorted({id_ for row in said for id_ in row[:2]})
    pairs = sorted({(min(row[:2]), max(row[:2])) for row in said})
    texts = {intention_id(row[3]): row[3] for row in said}
    triples = {triple.id: triple for triple in map(_triple, said)}
    generator = Generator(id=content_id("generator", "tiny"), model="tiny", prompt_version="1")
    return {
        Product: [
            Product(
                id=id_,
                title=titles.get(id_, f"A {id_}"),
                brand=None if id_ == "tent" else "Acme",
                categories=["Outdoor", f"Outdoor > {id_}"],
                price=9.5,
            )
            for id_ in ids
        ],
        CoBuy: [
            CoBuy(id=cobuy_id(a, b), product_a=a, product_b=b, weight=float(n + 1), lift=1.5 if n else None)
            for n, (a, b) in enumerate(pairs)
        ],
        Generator: [generator],
        Intention: [Intention(id=id_, text=text) for id_, text in sorted(texts.items())],
        Triple: list(triples.values()),
        Evidence: [Evidence(triple=id_, candidate=content_id("candidate", id_)) for id_ in triples],
        Candidate: [
            Candidate(
                id=content_id("candidate", t.id),
                cobuy=t.cobuy,
                relation=t.relation,
                text=texts[t.intention],
                generator=generator.id,
                reply="",
            )
            for t in triples.values()
        ],
        Merge: [],
        Cluster: [
            Cluster(id="outdoors", parent="leisure", level=0, label="outdoors", keywords=["tent"], size=2),
            Cluster(id="leisure", level=2, label="leisure", size=2),
        ],
        Membership: [Membership(intention=id_, cluster="outdoors", weight=0.5) for id_ in sorted(texts)],
    }


def hub(folder: Path, many: int) -> Workspace:
    """Write a workspace in which so much is said of one intention: every relation, of pair after pair."""
    pairs = -(-many // len(RELATIONS))
    products = [f"p{number:05}" for number in range(2 + math.isqrt(2 * pairs))]
    bought = pl.DataFrame(
        list(islice(combinations(products, 2), pairs)), schema=["product_a", "product_b"], orient="row"
    )
    cobuys = bought.with_columns(content_ids(bought, "cobuy", ["product_a", "product_b"]).alias("id"))
    relations = pl.DataFrame({"relation": [relation.name for relation in RELATIONS]})
    said = cobuys.rename({"id": "cobuy"}).join(relations, how="cross").head(many)
    said = said.with_columns(pl.lit(intention_id("everything")).alias("intention"))
    triples = said.with_columns(content_ids(said, "triple", ["cobuy", "relation", "intention"]).alias("id"))
    workspace = shop(folder, [])
    workspace.write(Product, frame_of(Product, [Product(id=id_, title=id_) for id_ in products]))
    workspace.write(CoBuy, _filled(CoBuy, cobuys, weight=1.0, source=["hub"]))
    workspace.write(
        Intention, frame_of(Intention, [Intention(id=intention_id("everything"), text="everything")])
    )
    workspace.write(Triple, _filled(Triple, triples, acceptance=0.5, support=1))
    return workspace


def _filled(record: type[Record], rows: pl.DataFrame, **values: object) -> pl.DataFrame:
    """Return rows as a table of a record, with these values in every row."""
    schema = frame_of(record).schema
    rest = {name: values.get(name) for name in schema if name not in rows.columns}
    return (
        rows.with_columns(pl.lit(v, dtype=schema[name]).alias(name) for name, v in rest.items())
        .select(*schema)
        .cast(dict(schema))
    )


def spooled(workspace: Workspace, *, size: int = 80_000) -> Spool:
    """Return the spool of a workspace."""
    digests = {record.table: workspace.digest_of(record) for record in INPUTS}
    dataset = workspace.settings().dataset
    return spool(workspace.scan, dataset, digests, workspace.path / "graph-tables", size=size)


def intention_id(text: str) -> str:
    """Return the id of an intention."""
    return content_id("intention", text, "en")


def cobuy_id(a: str, b: str) -> str:
    """Return the id of a co-buy."""
    return content_id("cobuy", min(a, b), max(a, b))


def _triple(said: Said) -> Triple:
    a, b, relation, text, acceptance = said
    a, b = min(a, b), max(a, b)
    cobuy, intention = cobuy_id(a, b), intention_id(text)
    return Triple(
        id=content_id("triple", cobuy, relation, intention),
        cobuy=cobuy,
        product_a=a,
        product_b=b,
        relation=relation,
        intention=intention,
        acceptance=acceptance,
        support=2,
    )
