"""What a load stands on: nothing in its way, the schema, and nobody else loading."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import neo4j
import polars as pl
from neo4j.exceptions import DriverError, Neo4jError

from mindgraph.errors import StoreError, StoreUnavailable
from mindgraph.resources import cypher, statements
from mindgraph.spool import EVERYTHING, LAYERS, Spool
from mindgraph.stores.bolt.connection import Bolt
from mindgraph.stores.bolt.errors import translated
from mindgraph.stores.bolt.held import Held

#: Seconds that a load waits for another one to end.
PATIENCE = 5.0

#: Our indexes of vectors, and how each is dropped.
VECTOR_INDEXES = {
    "intention_vector": "DROP INDEX intention_vector IF EXISTS",
    "purpose_vector": "DROP INDEX purpose_vector IF EXISTS",
}

_TAKEN = "Give our graph a database of its own by --database, or rename what stands there."


def check_nothing_in_the_way(bolt: Bolt, spool: Spool, held: Held) -> None:
    """Raise StoreError where nodes of others forbid a constraint, or carry a key that we need."""
    present = _constraints(bolt)
    for name, layer in LAYERS.items():
        if not layer.is_node:
            continue
        _check_taken(bolt, spool, held, name)
        if (name, layer.anchor) not in present:
            _check_doubled(bolt, name, layer.anchor)
            _check_index(bolt, name, layer.anchor)


def make_schema(bolt: Bolt, dimensions: int = 0) -> None:
    """Create the constraints and indexes that are not there, and wait until they are online.

    `dimensions` is how long the vectors are that come; where it is 0, none are indexed.
    """
    for name in ("schema.cypher", "schema_neo4j.cypher"):
        for statement in statements(name):
            bolt.make(statement, f"cypher/{name}")
    if dimensions:
        _drop_other_vectors(bolt, dimensions)
        for statement in statements("schema_vectors.cypher"):
            bolt.make(statement, "cypher/schema_vectors.cypher", dimensions=dimensions)
    bolt.run("CALL db.awaitIndexes(600)", "waiting for the indexes")


def _drop_other_vectors(bolt: Bolt, dimensions: int) -> None:
    """Drop our own indexes of vectors of another length: they would leave out those that come."""
    for index in bolt.run("SHOW VECTOR INDEXES YIELD name, options", "SHOW VECTOR INDEXES"):
        length = index["options"]["indexConfig"].get("vector.dimensions")
        if index["name"] in VECTOR_INDEXES and length != dimensions:
            bolt.run(VECTOR_INDEXES[index["name"]], f"dropping {index['name']}")


def plan_anew(bolt: Bolt) -> None:
    """Let the server count what it holds now and plan its queries by that, where the user may ask for it."""
    with suppress(StoreError):
        bolt.run("CALL db.prepareForReplanning()", "planning anew")


@contextmanager
def alone(bolt: Bolt) -> Iterator[None]:
    """Keep other loads of this database away; raise StoreUnavailable where one is running.

    The lock is an open transaction: when this process dies, the server lets go of it.
    """
    bolt.write("load/state/ready")
    with bolt.session() as session:
        _wait_for_turn(bolt, session)
        with translated("cypher/load/state/lock"):
            transaction = session.begin_transaction()
            transaction.run(cypher("load/state/lock")).consume()
        try:
            yield
        finally:
            # Nothing of it is wanted; where the connection is gone, the server has done it already.
            with suppress(Neo4jError, DriverError):
                transaction.rollback()


def _wait_for_turn(bolt: Bolt, session: neo4j.Session) -> None:
    """Take the lock once with a time limit, which the transaction that is held later must not have."""
    try:
        with session.begin_transaction(timeout=PATIENCE) as transaction:
            transaction.run(cypher("load/state/lock")).consume()
            transaction.rollback()
    except Neo4jError as error:
        if "TimedOut" not in error.code and "Terminated" not in error.code:
            with translated("cypher/load/state/lock"):
                raise
        loading = ", ".join(bolt.read("load/state/holder")[0]["loading"]) or "unknown"
        raise StoreUnavailable(
            f"{bolt.name}: another load of this database is running (data set: {loading}).",
            hint="Wait until it is done, then run the same command again.",
        ) from error


def _check_taken(bolt: Bolt, spool: Spool, held: Held, name: str) -> None:
    """Raise where a node that is not ours has the key of one that we load."""
    layer = LAYERS[name]
    bounds = held.bounds(layer, EVERYTHING)
    taken = bolt.read(f"load/{name}/foreign", **bounds)[0]["taken"]
    wanted = pl.scan_parquet(spool.file(name)).select(layer.anchor)
    ours = pl.LazyFrame({layer.anchor: taken}, schema={layer.anchor: pl.String})
    both = ours.join(wanted, on=layer.anchor, how="semi").sort(layer.anchor).collect()[layer.anchor]
    if len(both):
        raise StoreError(
            f"{bolt.name}: {len(both):,} node(s) of another application have the label {name} and a "
            f"{layer.anchor} of ours, such as {both[0]!r}. Nothing was written.",
            hint=_TAKEN,
        )


def _check_doubled(bolt: Bolt, name: str, key: str) -> None:
    found = [row[key] for row in bolt.read(f"load/{name}/doubled")]
    if found:
        raise StoreError(
            f"{bolt.name}: several {name} have the same {key}, such as {found[0]!r}: it cannot be made "
            "unique. Nothing was written.",
            hint=_TAKEN,
        )


def _check_index(bolt: Bolt, name: str, key: str) -> None:
    indexes = bolt.run("SHOW INDEXES YIELD name, type, labelsOrTypes, properties", "SHOW INDEXES")
    for index in indexes:
        if index["type"] == "RANGE" and (index["labelsOrTypes"], index["properties"]) == ([name], [key]):
            raise StoreError(
                f"{bolt.name}: the index {index['name']} on {name}.{key} forbids the constraint of the same. "
                "Nothing was written.",
                hint=f"DROP INDEX {index['name']}",
            )


def _constraints(bolt: Bolt) -> set[tuple[str, str]]:
    """Return label or type, and property, of everything that is unique already."""
    found = bolt.run("SHOW CONSTRAINTS YIELD type, labelsOrTypes, properties", "SHOW CONSTRAINTS")
    unique = [row for row in found if "UNIQUE" in row["type"] or "KEY" in row["type"]]
    return {(row["labelsOrTypes"][0], row["properties"][0]) for row in unique if len(row["properties"]) == 1}
