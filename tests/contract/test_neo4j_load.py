"""What is loaded into a Neo4j server is all there, once, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import neo4j
import pytest

from mindgraph.errors import StoreError, StoreMismatch
from mindgraph.records import Merge
from mindgraph.spool import LAYERS
from mindgraph.stores.bolt import Bolt, Login, Synced, connect, plan, synchronise, verify
from mindgraph.workspace import Workspace
from tests.servers import Server
from tests.shops import CAMPING, Said, cobuy_id, intention_id, shop, spooled

#: Rows in a slice: few, so that there are several slices.
SIZE = 9

#: More products than a few.
MANY: list[Said] = [("tent", f"lamp {number}", "usedFor", "camping", 0.5) for number in range(299)]


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


def load(bolt: Bolt, workspace: Workspace, **options: Any) -> Synced:
    """Load a workspace with slices of a few rows, so that there are many."""
    return synchronise(bolt, spooled(workspace, size=SIZE), **options)


def totals(done: Synced) -> tuple[int, int, int]:
    """Return how many rows were created, updated and removed."""
    return done.created.total(), done.updated.total(), done.removed.total()


def ask(driver: neo4j.Driver, statement: str, **parameters: Any) -> list[list[Any]]:
    """Return the rows of a statement."""
    return [list(row.values()) for row in driver.execute_query(statement, parameters).records]


def everything(driver: neo4j.Driver) -> set[tuple[Any, ...]]:
    """Return all nodes and relationships of the database but the loads' own."""
    nodes = ask(driver, "MATCH (n) WHERE NOT n:MindgraphLoad RETURN labels(n), properties(n)")
    edges = ask(
        driver,
        "MATCH (a)-[r]->(b) RETURN coalesce(a.key, a.id), type(r), properties(r), coalesce(b.key, b.id)",
    )
    return {repr((row[0], sorted(row[1].items()))) for row in nodes} | {
        repr((*row[:2], sorted(row[2].items()), row[3])) for row in edges
    }


def test_the_first_load_creates_what_the_workspace_holds(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """Every label and type has as many as the graph's tables, with their properties."""
    workspace = shop(tmp_path)
    done = load(bolt, workspace)
    assert dict(done.created) == spooled(workspace, size=SIZE).counts()
    assert totals(done)[1:] == (0, 0)
    found = ask(
        driver,
        "MATCH (c:CoBuy {key: $key})-[h:HAS_INTENTION {relation: 'usedFor'}]->(i) "
        "RETURN i.text, h.acceptance, h.support, c.weight",
        key=f"shop/{cobuy_id('lamp', 'tent')}",
    )
    assert found == [["camping in the dark", 0.9, 2, 1.0]]


def test_the_second_load_changes_nothing(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """Loading twice is loading once."""
    load(bolt, shop(tmp_path))
    before = everything(driver)
    done = load(bolt, shop(tmp_path))
    assert (totals(done), everything(driver)) == ((0, 0, 0), before)


def test_after_a_load_questions_are_planned_by_what_is_there(
    bolt: Bolt, driver: neo4j.Driver, tmp_path: Path
):
    """A plan that was made for the empty database is not used any more."""
    asked = "MATCH (p:Product) WHERE p.price > 0 RETURN p.key"
    load(bolt, shop(tmp_path / "one", CAMPING[:1], dataset="one"))
    driver.execute_query(asked)
    synchronise(bolt, spooled(shop(tmp_path / "many", MANY, dataset="many")))
    step = driver.execute_query(f"EXPLAIN {asked}").summary.plan
    while step.get("children"):
        step = step["children"][0]
    assert (step["operatorType"].partition("@")[0], step["args"]["EstimatedRows"]) == ("NodeByLabelScan", 302)


def test_a_changed_workspace_changes_only_what_differs(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """After a change the server holds what a first load of the changed workspace would have given."""
    load(bolt, shop(tmp_path))
    changed: list[Said] = [("lamp", "tent", "usedFor", "camping in the dark", 0.5), *CAMPING[1:4]]
    done = load(bolt, shop(tmp_path, changed))
    assert done.compared == "what changed"
    assert done.updated["HAS_INTENTION"] == 1
    assert done.removed["HAS_INTENTION"] == 1
    assert done.removed["Intention"] == 1
    after = everything(driver)
    verify(bolt, spooled(shop(tmp_path, changed), size=SIZE))
    wipe_ours(driver)
    load(bolt, shop(tmp_path, changed))
    assert everything(driver) == after


def test_a_full_load_compares_with_the_server(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """With `full`, what somebody changed behind our back is mended even where the workspace changed too."""
    load(bolt, shop(tmp_path))
    driver.execute_query("MATCH (n:Product {id: 'tent'}) SET n.title = 'spoilt'")
    done = load(bolt, shop(tmp_path, CAMPING[:4]), full=True)
    assert done.compared == "everything"
    assert done.updated["Product"] == 1


def test_a_lost_row_is_noticed_before_a_quick_load(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """Where the counts are not those of the last load, all is compared, and mended."""
    load(bolt, shop(tmp_path))
    driver.execute_query("MATCH (:Product {id: 'lamp'})-[r:CO_BOUGHT]->(:Product {id: 'tent'}) DELETE r")
    done = load(bolt, shop(tmp_path, CAMPING[:4]))
    assert (done.compared, done.created["CO_BOUGHT"]) == ("everything", 1)


def test_a_plan_counts_and_writes_nothing(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """What a plan says is what the load then does; the database stays as it was."""
    workspace = shop(tmp_path)
    planned = plan(bolt, spooled(workspace, size=SIZE))
    assert ask(driver, "MATCH (n) RETURN count(n)") == [[0]]
    assert ask(driver, "SHOW CONSTRAINTS YIELD name RETURN count(*)") == [[0]]
    assert planned.table() == load(bolt, workspace).table()


def test_two_data_sets_share_intentions(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """An intention of two data sets is one node; it stays until the last of them lets go."""
    one, two = shop(tmp_path / "a", dataset="one"), shop(tmp_path / "b", CAMPING[:1], dataset="two")
    load(bolt, one)
    done = load(bolt, two)
    assert (done.created["Intention"], done.updated["Intention"]) == (0, 1)
    both = intention_id("camping in the dark")
    assert ask(driver, "MATCH (i:Intention {id: $id}) RETURN i.datasets", id=both) == [[["one", "two"]]]
    assert totals(load(bolt, one)) == (0, 0, 0)
    load(bolt, shop(tmp_path / "a", CAMPING[3:4], dataset="one"))
    assert ask(driver, "MATCH (i:Intention {id: $id}) RETURN i.datasets", id=both) == [[["two"]]]
    verify(bolt, spooled(two, size=SIZE))
    load(bolt, shop(tmp_path / "b", CAMPING[4:], dataset="two"))
    assert ask(driver, "MATCH (i:Intention {id: $id}) RETURN count(i)", id=both) == [[0]]


def test_what_two_data_sets_say_of_one_node_does_not_depend_on_the_order(
    bolt: Bolt, driver: neo4j.Driver, tmp_path: Path
):
    """Wordings are united, and go with the data set that brought them."""
    texts = {name: intention_id(f"camping, said {name}") for name in ("one", "two")}

    def with_wording(name: str) -> Workspace:
        said = (*CAMPING, ("lamp", "tent", "can", f"camping, said {name}", 0.5))
        merge = Merge(intention=texts[name], canonical=intention_id("camping in the dark"), score=0.9)
        return shop(tmp_path / name, said, dataset=name, extra={Merge: [merge]})

    variants = "MATCH (i:Intention {id: $id}) RETURN i.variants, i.datasets"
    id_ = intention_id("camping in the dark")
    load(bolt, with_wording("two"))
    load(bolt, with_wording("one"))
    one_after_two = everything(driver)
    assert ask(driver, variants, id=id_)[0][0] == ["camping, said one", "camping, said two"]
    assert totals(load(bolt, with_wording("two"))) == (0, 0, 0)
    wipe_ours(driver)
    load(bolt, with_wording("one"))
    load(bolt, with_wording("two"))
    assert everything(driver) == one_after_two
    load(bolt, shop(tmp_path / "one", CAMPING[3:], dataset="one"))
    assert ask(driver, variants, id=id_) == [[["camping, said two"], ["two"]]]


def test_what_others_added_survives(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """Properties and relationships of others stay on nodes that we update."""
    load(bolt, shop(tmp_path))
    driver.execute_query(
        "MATCH (p:Product {id: 'tent'}), (l:Product {id: 'lamp'}) SET p.shelf = 7 "
        "CREATE (:User {name: 'Eve'})-[:LIKES]->(p), (p)-[:FITS {by: 'Eve'}]->(l)"
    )
    load(bolt, shop(tmp_path, titles={"tent": "A bigger tent"}))
    found = ask(
        driver,
        "MATCH (u:User)-[:LIKES]->(p:Product)-[f:FITS]->(:Product) RETURN u.name, p.shelf, p.title, f.by",
    )
    assert found == [["Eve", 7, "A bigger tent", "Eve"]]
    assert totals(load(bolt, shop(tmp_path, titles={"tent": "A bigger tent"}))) == (0, 0, 0)


def test_a_node_that_others_hang_on_to_is_kept_and_reported(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """It is no longer counted as ours; it goes with the relationship of others, or comes back."""
    load(bolt, shop(tmp_path))
    driver.execute_query(
        "MATCH (p:Product {id: 'stove'}), (i:Intention {text: 'cooking outdoors'}) "
        "CREATE (u:User)-[:LIKES]->(p), (u)-[:WANTS]->(i)"
    )
    less = [row for row in CAMPING if "stove" not in row]
    done = load(bolt, shop(tmp_path, less))
    kept = {"Product": ["shop/stove"], "Intention": [intention_id("cooking outdoors")]}
    assert {name: keys for name, keys in done.kept.items() if keys} == kept
    again = load(bolt, shop(tmp_path, less))
    assert (totals(again), {n: k for n, k in again.kept.items() if k}) == ((0, 0, 0), kept)
    back = load(bolt, shop(tmp_path))
    assert back.created["Product"] == 1
    assert ask(driver, "MATCH (:User)-->(n) RETURN count(n)") == [[2]]
    load(bolt, shop(tmp_path, less))
    driver.execute_query("MATCH (u:User) DETACH DELETE u")
    gone = load(bolt, shop(tmp_path, less))
    assert (gone.removed["Product"], gone.removed["Intention"]) == (1, 1)
    assert ask(driver, "MATCH (p:Product {id: 'stove'}) RETURN count(p)") == [[0]]


def test_nodes_of_another_application_are_not_touched(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """The same labels with other keys, or none, stay as they are, and are no part of the comparison."""
    driver.execute_query(
        "CREATE (:Product {name: 'not ours'})-[:BOUGHT_FOR]->(:Intention {name: 'none'}), "
        "(:Product {key: 'elsewhere/tent', dataset: 'elsewhere'})-[:CO_BOUGHT]->(:Product {key: 'x'})"
    )
    load(bolt, shop(tmp_path))
    load(bolt, shop(tmp_path, CAMPING[:2]))
    assert ask(driver, "MATCH (p:Product)-[:BOUGHT_FOR]->(:Intention {name: 'none'}) RETURN p.name") == [
        ["not ours"]
    ]
    assert ask(driver, "MATCH (p {key: 'elsewhere/tent'})-[:CO_BOUGHT]->(q) RETURN p.dataset, q.key") == [
        ["elsewhere", "x"]
    ]


@pytest.mark.parametrize(
    ("standing", "said"),
    [
        ("CREATE (:Product {key: 'shop/tent'})", "of another application have the label Product"),
        ("CREATE (:Intention {id: $intention})", "of another application have the label Intention"),
        ("UNWIND [1, 2] AS n CREATE (:CoBuy {key: 'x'})", "several CoBuy have the same key"),
        ("CREATE INDEX mine FOR (n:Product) ON (n.key)", "the index mine on Product.key"),
    ],
)
def test_what_stands_in_the_way_is_told_before_anything_is_written(
    bolt: Bolt, driver: neo4j.Driver, tmp_path: Path, standing: str, said: str
):
    """A key that is taken, a value that is there twice, an index: refused, and nothing has changed."""
    driver.execute_query(standing, {"intention": intention_id("camping in the dark")})
    before = everything(driver)
    with pytest.raises(StoreError, match=said):
        load(bolt, shop(tmp_path))
    assert everything(driver) == before
    assert ask(driver, "SHOW CONSTRAINTS YIELD name RETURN count(*)") == [[0]]


SPOILT = {
    "a property": ("MATCH (p:Product {id: 'tent'}) SET p.title = 'spoilt'", "'spoilt'"),
    "a property's type": ("MATCH (p:Product {id: 'tent'}) SET p.title = 5", "of another type"),
    "a list": ("MATCH (p:Product {id: 'tent'}) SET p.categories = ['x']", "categories"),
    "a shared node": ("MATCH (i:Intention {text: 'seeing at night'}) SET i.text = 'x'", "text 'x'"),
    "a number": ("MATCH ()-[h:HAS_INTENTION {relation: 'can'}]->() SET h.support = 9", "support 9, not 2"),
    "a missing property": ("MATCH ()-[b:BOUGHT_FOR {relation: 'can'}]->() REMOVE b.cobuys", "cobuys None"),
    "a lost relationship": ("MATCH (:Product {id: 'lamp'})-[r:CO_BOUGHT]->() DELETE r", "is missing"),
    "a lost node": ("MATCH (g:Generator) DELETE g", "Generator: 0 held, 1 wanted"),
    "a doubled relationship": (
        "MATCH (a)-[r:SERVES]->(b) WITH a, r, b LIMIT 1 CREATE (a)-[s:SERVES]->(b) SET s = properties(r)",
        "is there twice",
    ),
    "a doubled one with an id": (
        "MATCH (a)-[r:BOUGHT_FOR]->(b) WITH a, r, b LIMIT 1 "
        "CREATE (a)-[s:BOUGHT_FOR]->(b) SET s = properties(r)",
        "is there twice",
    ),
    "one too many": (
        "MATCH (a:Product {id: 'lamp'}), (b:Product {id: 'stove'}) CREATE (a)-[:CO_BOUGHT]->(b)",
        "is too much",
    ),
}


@pytest.mark.parametrize("spoilt", list(SPOILT))
def test_what_was_changed_behind_our_back_is_found_and_mended(
    bolt: Bolt, driver: neo4j.Driver, tmp_path: Path, spoilt: str
):
    """Verification names what differs; the next load mends it and verifies."""
    workspace = shop(tmp_path)
    load(bolt, workspace)
    sound = everything(driver)
    statement, said = SPOILT[spoilt]
    driver.execute_query(statement)
    with pytest.raises(StoreMismatch, match="does not hold what the workspace holds") as found:
        verify(bolt, spooled(workspace, size=SIZE))
    assert said in str(found.value)
    load(bolt, workspace)
    verify(bolt, spooled(workspace, size=SIZE))
    assert everything(driver) == sound


def test_an_unfinished_load_is_finished_by_the_next(bolt: Bolt, driver: neo4j.Driver, tmp_path: Path):
    """Whatever is there of a load that was cut off, the same command completes it."""
    load(bolt, shop(tmp_path))
    whole = everything(driver)
    driver.execute_query("MATCH (l:MindgraphLoad {dataset: 'shop'}) SET l.loaded = null")
    driver.execute_query("MATCH (p:Product {id: 'lamp'}) DETACH DELETE p")
    driver.execute_query("MATCH ()-[h:HAS_INTENTION]->() DELETE h")
    assert load(bolt, shop(tmp_path)).created["HAS_INTENTION"] == 5
    assert everything(driver) == whole


def test_an_empty_workspace_takes_everything_of_its_own_away(
    bolt: Bolt, driver: neo4j.Driver, tmp_path: Path
):
    """Where the tables are empty, what the data set loaded is removed, and nothing of others."""
    load(bolt, shop(tmp_path / "other", dataset="other"))
    other = everything(driver)
    load(bolt, shop(tmp_path / "shop"))
    load(bolt, Workspace.create(tmp_path / "empty", dataset="shop"))
    assert everything(driver) == other


def wipe_ours(driver: neo4j.Driver) -> None:
    """Remove all nodes."""
    driver.execute_query("MATCH (n) DETACH DELETE n")


def test_every_statement_names_the_columns_of_its_table(tmp_path: Path):
    """A column is a field of a record: the statements read and write just those."""
    from mindgraph.resources import cypher

    spool = spooled(shop(tmp_path))
    for name, layer in LAYERS.items():
        columns = set(spool.schema(name))
        writing = ["write"] if layer.is_node else ["create", "update"]
        own = columns - set(layer.identity)
        for action in writing:
            if action == "update" and not own:
                continue
            text = cypher(f"load/{name}/{action}")
            assert {column for column in own if f"${column}" not in text} == set()
        for action in ("read", "find"):
            text = cypher(f"load/{name}/{action}")
            assert {c for c in own if f".{c}" not in text} == set()
