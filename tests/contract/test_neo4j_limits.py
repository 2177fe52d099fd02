"""Whatever stands in a text, however many hang on one node: a load takes it, or says what it cannot take."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import neo4j
import pytest

from mindgraph.records import Product
from mindgraph.stores.bolt import Bolt, Login, connect, synchronise, verify
from mindgraph.stores.named import named
from mindgraph.workspace import Workspace
from tests.servers import Server
from tests.shops import CAMPING, hub, shop, spooled

#: What would do harm if it were read as Cypher, or stand for something else anywhere on the way.
ATTEMPTS = (
    "'}) DETACH DELETE n //",
    '"}) MATCH (n) DETACH DELETE n; //',
    "`) DETACH DELETE (`",
    "\\'}) REMOVE n.key //",
    "\\u0027}) DETACH DELETE n //",
    "$product",
    "{{product}}",
    "*/ MATCH (n) DETACH DELETE n /*",
)

LIMITS = (
    "x" * 64_000,
    "é" * 64_000,
    "NUL \x00, bell \x07, escape \x1b, delete \x7f, next line \x85",
    "emoji 👩‍👩‍👧‍👦 😀, a flag 🇩🇪, beyond the plane 𝒳",
    "line\nbreak\r\nand tab\t",
    "right-to-left ‏א‎ and joined‍ ﷽",
    " ",
)

#: Relationships at one intention: a million are measured by `python -m benchmarks hub`.
MANY = 20_000


@pytest.fixture
def bolt(neo4j_empty: Server) -> Iterator[Bolt]:
    """A connection to an empty server."""
    with connect(neo4j_empty.uri, Login(*neo4j_empty.auth)) as opened:
        yield opened


@pytest.fixture
def driver(neo4j_empty: Server) -> Iterator[neo4j.Driver]:
    """Somebody else's connection to the same server."""
    with neo4j_empty.driver() as opened:
        yield opened


def test_values_at_the_limits_come_back_as_they_were(bolt: Bolt, tmp_path: Path):
    """64 kB of text, empty lists, control characters and emoji: in ids, titles, lists and intentions."""
    said = [*CAMPING, *(("lamp", "tent", "can", text, 0.5) for text in LIMITS)]
    odd = [
        Product(id=f"p{number} {text[:900]}", title=text, brand=text, categories=[text, "", text], price=None)
        for number, text in enumerate(LIMITS)
    ]
    bare = Product(id="bare", title="", brand="", categories=[])
    spool = spooled(shop(tmp_path / "shop", said, extra={Product: [*odd, bare]}))
    done = synchronise(bolt, spool)
    assert not done.rejects
    verify(bolt, spool)
    assert synchronise(bolt, spool).created.total() == 0


def test_what_looks_like_cypher_is_only_text(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """In ids, texts, lists, the data set's name and parameters of questions it stays what it is."""
    driver.execute_query("CREATE (:Product {name: 'of another application'})")
    said = [(f"a {text}", f"b {text}", "usedFor", f"c {text}", 0.5) for text in ATTEMPTS]
    titles = {row[0]: row[3] for row in said}
    dataset = "it's `x`}) DETACH DELETE n //".replace("/", "")
    spool = spooled(shop(tmp_path / "shop", said, dataset=dataset, titles=titles))
    synchronise(bolt, spool)
    verify(bolt, spool)
    for row in said:
        question = named("bought_for")
        found = driver.execute_query(question.statement, question.values({"product": row[0]})).records
        assert [record["intention"] for record in found] == [row[3]]
    synchronise(bolt, spooled(Workspace.create(tmp_path / "empty", dataset=dataset)))
    left = driver.execute_query("MATCH (n) WHERE NOT n:MindgraphLoad RETURN n.name AS name").records
    assert [row["name"] for row in left] == ["of another application"]


@pytest.mark.slow
def test_a_hub_of_many_relationships_is_loaded(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """So many relationships at one node keep each other waiting; none is lost, none is there twice."""
    spool = spooled(hub(tmp_path / "shop", MANY))
    done = synchronise(bolt, spool)
    assert done.created["HAS_INTENTION"] == MANY
    found = driver.execute_query("MATCH (i:Intention) RETURN COUNT { (i)<-[:HAS_INTENTION]-() } AS degree")
    assert found.records[0]["degree"] == MANY
    verify(bolt, spool)
