"""The embedded graph: what is loaded is what is asked, and asking changes nothing and reads no file."""

from __future__ import annotations

import http.server
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from mindgraph.errors import StoreError, StoreMismatch, StoreUnavailable
from mindgraph.graph import EDGES, NODES, Graph, NodeTable, graph_of
from mindgraph.stores import digest, identity, verify
from mindgraph.stores.embedded import EmbeddedStore
from mindgraph.stores.embedded_home import Home
from mindgraph.stores.embedded_load import EmbeddedLoader, rebuild
from mindgraph.stores.named import ask
from tests.attempts import attempts
from tests.handon import NASTY, write_tables

FOREVER = """
UNWIND range(1, 5000000) AS a UNWIND range(1, 5000000) AS b
WITH a, b WHERE a = -b RETURN count(*) AS n
"""


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The small shop as tables."""
    return graph_of(write_tables(tmp_path_factory.mktemp("shop")).read, "shop")


@pytest.fixture(scope="module")
def home(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home that holds the small shop."""
    home = Home(tmp_path_factory.mktemp("home"))
    rebuild(graph, home, {"made": "of this"})
    return home


@pytest.fixture(scope="module")
def store(home: Home) -> Iterator[EmbeddedStore]:
    """The small shop, asked."""
    with EmbeddedStore(home.path, seconds=20) as store:
        yield store


def test_every_row_is_there(graph: Graph, store: EmbeddedStore) -> None:
    """Counts by label and type are those of the tables."""
    counts = {row["name"]: row["count"] for row in ask(store, "counts", {}).rows}

    assert counts == graph.counts()
    assert set(counts) == {*NODES, *EDGES}


def test_properties_come_back_as_they_were(graph: Graph, store: EmbeddedStore) -> None:
    """Quotes, control marks, emoji, 64 kB, empty lists and numbers; what is null is not there."""
    rows = store.query("MATCH (p:Product) RETURN p").rows
    held = {row["p"]["properties"]["key"]: row["p"]["properties"] for row in rows}
    sent = {
        row["key"]: {name: value for name, value in row.items() if value is not None}
        for row in graph.nodes["Product"].rows.to_dicts()
    }

    assert held == sent
    assert {row["title"] for row in held.values()} <= set(NASTY)


def test_a_price_stays_a_number_with_a_point(store: EmbeddedStore) -> None:
    """0.0 and 1e-7 are no integers."""
    rows = store.query("MATCH (p:Product) WHERE p.price IS NOT NULL RETURN p.price AS price").rows

    assert {type(row["price"]) for row in rows} == {float}
    assert {0.0, 1e-7, 3.5, 1234567.125} == {row["price"] for row in rows}


def test_relationships_join_what_they_joined(graph: Graph, store: EmbeddedStore) -> None:
    """Both ends and every property, in one walk."""
    rows = store.query(
        "MATCH (a:CoBuy)-[r:HAS_INTENTION]->(b:Intention) RETURN a.key AS source, b.id AS target, r AS r"
    ).rows
    sent = graph.edges["HAS_INTENTION"].rows.to_dicts()

    assert sorted((row["source"], row["target"], row["r"]["properties"]["id"]) for row in rows) == sorted(
        (row["source"], row["target"], row["id"]) for row in sent
    )


def test_a_path_is_readable(store: EmbeddedStore) -> None:
    """Nodes with labels, relationships with types, no record numbers."""
    row = store.query("MATCH p = (:Product)<-[:OF]-(:CoBuy)-[:OF]->(:Product) RETURN p", limit=1).rows[0]

    assert [node["labels"] for node in row["p"]["nodes"]] == [["Product"], ["CoBuy"], ["Product"]]
    assert [edge["type"] for edge in row["p"]["relationships"]] == ["OF", "OF"]
    assert "@rid" not in str(row) and "#" not in str(row["p"]["relationships"])


def test_an_attempt_is_refused_and_changes_and_reads_nothing(
    graph: Graph, home: Home, store: EmbeddedStore, tmp_path: Path
) -> None:
    """The whole list, then every checksum again; no file was opened and no address asked."""
    secret, out = tmp_path / "secret.csv", tmp_path / "out"
    secret.write_text("do not read me\n")
    os.utime(secret, (0, 0))
    with _listening() as (url, asked):
        for name, statement in attempts(str(secret), url, str(out)):
            with pytest.raises(StoreError):
                print(name, store.query(statement).rows)

    assert not asked
    assert secret.stat().st_atime == 0
    assert not out.exists()
    _verify_again(home, graph)


def test_the_engine_itself_refuses_to_write(home: Home, graph: Graph) -> None:
    """Behind the first door is a second: the database is open for reading alone."""
    loader = EmbeddedLoader(home.folder())
    loader.reopen()
    for statement in (
        "CREATE (:Product)",
        "MATCH (p:Product) SET p.title = 'x'",
        "MATCH (p) DETACH DELETE p",
    ):
        with pytest.raises(Exception, match="not idempotent"):
            loader._database.query("opencypher", statement)
    verify(loader, graph)
    loader.close()


def test_the_engine_reads_a_string_as_the_guard_does(store: EmbeddedStore) -> None:
    """Both end a string at the same mark."""
    row = store.query("""RETURN 'a\\'b' AS a, "c\\"d" AS b, 'e\\\\' AS c""").rows[0]

    assert row == {"a": "a'b", "b": 'c"d', "c": "e\\"}


def test_time_is_up_and_the_statement_really_ends(home: Home) -> None:
    """The process is gone, the message names the limit, and the next question is answered."""
    with EmbeddedStore(home.path, seconds=1) as store:
        begun = time.monotonic()
        with pytest.raises(StoreError, match="ended after 1 seconds") as late:
            store.query(FOREVER)
        assert time.monotonic() - begun < 15
        assert "--timeout" in late.value.hint
        assert store.query("RETURN 1 AS x").rows == [{"x": 1}]


def test_a_limit_says_whether_there_is_more(store: EmbeddedStore) -> None:
    """No row beyond the limit is read."""
    statement = "UNWIND range(1, 3) AS x RETURN x ORDER BY x"

    assert (store.query(statement, limit=2).rows, store.query(statement, limit=2).more) == (
        [{"x": 1}, {"x": 2}],
        True,
    )
    assert not store.query(statement, limit=3).more
    assert not store.query(statement).more


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("MATCH (p:Product RETURN p", "line 1, column 18\n  MATCH (p:Product RETURN p\n" + " " * 19 + "^"),
        ("MATCH (p)\nRETRUN p", "line 2, column 1\n  RETRUN p\n  ^"),
        ("MATCH (p) RETURN q.x AS x", "line 1, column 18\n"),
    ],
)
def test_a_mistake_is_shown_with_its_place(store: EmbeddedStore, statement: str, message: str) -> None:
    """Line, column, and a caret under the place."""
    with pytest.raises(StoreError) as wrong:
        store.query(statement)

    assert message in str(wrong.value)


def test_a_mistake_while_rows_come_is_an_error_of_ours(store: EmbeddedStore) -> None:
    """Errors that only show when a row is computed are told in our words."""
    with pytest.raises(StoreError, match="/ by zero"):
        store.query("UNWIND [1, 0] AS x RETURN 1 / x AS y")


@pytest.mark.parametrize(
    "statement",
    [
        "RETURN size(reduce(s = 'xxxxxxxx', x IN range(1, 40) | s + s)) AS n",
        "UNWIND range(1, 6000000) AS x RETURN size(collect([x, x])) AS n",
        f"RETURN {'(' * 20_000}1{')' * 20_000} AS x",
        f"RETURN {'+'.join(['1'] * 20_000)} AS x",
    ],
    ids=["one huge text", "a huge list", "deeply nested", "a long chain"],
)
def test_what_needs_too_much_is_told_and_the_next_question_is_answered(
    store: EmbeddedStore, statement: str
) -> None:
    """Memory is bounded; neither the asking process nor the machine suffers."""
    with pytest.raises(StoreError):
        store.query(statement)

    assert store.query("RETURN 1 AS x").rows == [{"x": 1}]


def test_parameters_have_types(store: EmbeddedStore) -> None:
    """Texts, numbers, lists, maps, null and marks of every kind are values, never Cypher."""
    values = {"t": "'; DELETE \u202e\n🧵", "i": 7, "f": 0.5, "l": ["a", 1], "m": {"k": None}, "n": None}
    statement = "RETURN $t AS t, $i AS i, $f AS f, $l AS l, $m AS m, $n AS n"

    assert store.query(statement, values).rows == [values]


def test_two_ask_at_once(home: Home) -> None:
    """Readers do not lock each other out."""
    with EmbeddedStore(home.path) as one, EmbeddedStore(home.path) as other:
        assert one.query("RETURN 1 AS x").rows == other.query("RETURN 1 AS x").rows


def test_who_asks_while_a_graph_is_built_gets_the_old_one_and_then_the_new_one(
    graph: Graph, tmp_path: Path
) -> None:
    """The old graph is asked until the very moment in which the new one is."""
    home = Home(tmp_path)
    rebuild(_without_products(graph), home, {"made": "first"})
    with EmbeddedStore(home.path) as store:
        question = "MATCH (p:Product) RETURN count(p) AS n"
        assert store.query(question).rows == [{"n": 0}]
        folder = home.new_folder()
        folder.mkdir()
        assert store.query(question).rows == [{"n": 0}]
        rebuild(graph, home, {"made": "second"})
        assert store.query(question).rows == [{"n": len(graph.nodes["Product"].rows)}]
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["current.json", home.folder().name])


def test_what_differs_is_not_asked(graph: Graph, tmp_path: Path) -> None:
    """A row less, a row twice and another key are each found, by label and type."""
    loader = EmbeddedLoader(tmp_path / "g")
    loader.setup()
    for name in graph.counts():
        loader.load(name, next(graph.slices(name)))
    loader.finish()
    products = graph.nodes["Product"]
    other = products.rows.with_columns(pl.col("key").str.replace("lamp", "lump"))
    for changed in (products.rows[1:], pl.concat([products.rows, products.rows[:1]]), other):
        nodes = {**graph.nodes, "Product": NodeTable("Product", "key", changed)}
        with pytest.raises(StoreMismatch, match=r"does not hold what was sent: Product \("):
            verify(loader, Graph(graph.dataset, nodes, graph.edges))
    verify(loader, graph)
    loader.close()


def test_a_load_that_fails_leaves_the_old_graph(graph: Graph, home: Home) -> None:
    """A relationship without its node stops the load; the folder of the broken load is gone."""
    before = home.held()
    broken = {**graph.nodes, "Product": NodeTable("Product", "key", graph.nodes["Product"].rows[:1])}
    with pytest.raises(StoreError, match=r"relationships OF have no Product as their target, such as 'shop/"):
        rebuild(Graph(graph.dataset, broken, graph.edges), home, {"made": "of that"})

    assert home.held() == before
    assert home.holds({"made": "of this"})
    assert sorted(p.name for p in home.path.iterdir()) == sorted(["current.json", home.folder().name])


def test_a_key_that_comes_twice_is_refused(graph: Graph, tmp_path: Path) -> None:
    """Keys are unique in the store, not only in our tables."""
    rows = graph.nodes["Product"].rows
    twice = {**graph.nodes, "Product": NodeTable("Product", "key", pl.concat([rows, rows[:1]]))}
    with pytest.raises(StoreError, match="1 rows of Product have a key that another has, such as "):
        rebuild(Graph(graph.dataset, twice, graph.edges), Home(tmp_path), {})


def test_without_a_graph_the_hint_says_what_to_do(tmp_path: Path) -> None:
    """Neither a folder nor a file is needed to be told."""
    with pytest.raises(StoreUnavailable, match="No graph has been loaded") as none:
        EmbeddedStore(tmp_path / "graph").query("RETURN 1 AS x")

    assert "mindgraph load" in none.value.hint


def test_a_damaged_graph_is_told_as_such(graph: Graph, tmp_path: Path) -> None:
    """An empty folder or a broken note of which one to ask: load again."""
    home = Home(tmp_path)
    rebuild(_without_products(graph), home, {})
    for file in home.folder().iterdir():
        file.unlink()
    for _ in range(2):
        with EmbeddedStore(tmp_path) as store, pytest.raises(StoreUnavailable) as damaged:
            store.query("MATCH (p:Product) RETURN p")
        assert "mindgraph load" in damaged.value.hint
        (tmp_path / "current.json").write_text("{")


def test_the_shops_own_id_names_a_product_too(store: EmbeddedStore) -> None:
    """`lamp` and `shop/lamp` are the same product."""
    by_id, by_key = (ask(store, "bought_for", {"product": p}).rows for p in ("lamp", "shop/lamp"))

    assert by_id == by_key != []


def test_digests_do_not_depend_on_order_or_pieces(graph: Graph) -> None:
    """The rows in one piece, and backwards in pieces of one."""
    rows = graph.edges["HAS_INTENTION"].rows.select(identity("HAS_INTENTION"))

    assert digest([rows]) == digest(rows.reverse().iter_slices(1))


def _without_products(graph: Graph) -> Graph:
    nodes = {label: NodeTable(label, t.key, t.rows.clear()) for label, t in graph.nodes.items()}
    edges = {
        type_: type(t)(t.type, t.source, t.target, t.id, t.rows.clear()) for type_, t in graph.edges.items()
    }
    return Graph(graph.dataset, nodes, edges)


def _verify_again(home: Home, graph: Graph) -> None:
    loader = EmbeddedLoader(home.folder())
    loader.reopen()
    verify(loader, graph)
    loader.close()


class _listening:  # noqa: N801
    """Listen on loopback and note what is asked."""

    def __enter__(self) -> tuple[str, list[str]]:
        asked: list[str] = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/x.csv", asked

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
