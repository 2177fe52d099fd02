"""The named questions: every store gives the same rows, and Neo4j has a good plan for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import neo4j
import polars as pl
import pytest

from mindgraph.browser_kit.examples import Examples, examples_of
from mindgraph.graph import Graph, graph_of
from mindgraph.stores.embedded import EmbeddedStore
from mindgraph.stores.embedded_home import Home
from mindgraph.stores.embedded_load import rebuild
from mindgraph.stores.named import Named, all_named
from mindgraph.workspace import Workspace
from tests.servers import Server, wipe
from tests.shop import load_plainly, plain

QUESTIONS = all_named()
each_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)

#: Rows of a search by words come in an order, and with a score, that is the engine's own.
SEARCHES = {q.name for q in QUESTIONS if any(p.type == "words" for p in q.parameters)}

#: Questions that are about the whole graph: they read all of it, so no index helps.
WHOLE = {
    *("across_categories", "by_model", "counts", "most_generic", "most_specific", "quality_acceptance"),
    *("quality_relations", "strongest_intentions", "without_intention", "wordings"),
    *(
        "bridging_communities",
        "largest_purposes",
        "bridging_purposes",
        "products_for_purpose",
        "purposes_of_category",
        "purposes_of_basket",
    ),
}


@pytest.fixture(scope="module")
def graph(sample_shop: Workspace) -> Graph:
    """The sample shop as tables, and one product more, which nobody bought."""
    graph = graph_of(sample_shop.read, sample_shop.settings().dataset)
    products = graph.nodes["Product"]
    lonely = products.rows[:1].with_columns(key=pl.lit("sample-shop/lonely"), id=pl.lit("lonely"))
    rows = pl.concat([products.rows, lonely]).sort("key")
    return replace(graph, nodes={**graph.nodes, "Product": replace(products, rows=rows)})


@pytest.fixture(scope="module")
def examples(sample_shop: Workspace) -> Examples:
    """What can be asked of the sample shop."""
    return examples_of(sample_shop.read, sample_shop.settings().dataset)


@pytest.fixture(scope="module")
def known(graph: Graph) -> frozenset[str]:
    """Names of all properties of the graph."""
    tables = [*graph.nodes.values(), *graph.edges.values()]
    return frozenset(name for table in tables for name in table.rows.columns)


@pytest.fixture(scope="module")
def embedded(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """The sample shop in the embedded graph."""
    home = Home(tmp_path_factory.mktemp("graph"))
    rebuild(graph, home, {})
    with EmbeddedStore(home.path) as store:
        yield store


@pytest.fixture(scope="module")
def turned(graph: Graph, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    """The same graph, every row of which was loaded in the opposite order."""
    home = Home(tmp_path_factory.mktemp("turned"))
    nodes = {name: replace(table, rows=table.rows.reverse()) for name, table in graph.nodes.items()}
    edges = {name: replace(table, rows=table.rows.reverse()) for name, table in graph.edges.items()}
    rebuild(replace(graph, nodes=nodes, edges=edges), home, {})
    with EmbeddedStore(home.path) as store:
        yield store


@pytest.fixture(scope="module")
def loaded(neo4j_server: Server, graph: Graph) -> Iterator[neo4j.Driver]:
    """The sample shop in a server, row by row as plainly as can be."""
    with neo4j_server.driver() as driver:
        wipe(driver)
        load_plainly(driver, graph)
        yield driver
        wipe(driver)


@each_question
def test_every_question_has_an_answer_in_the_sample_shop(
    question: Named, embedded: EmbeddedStore, examples: Examples
) -> None:
    """With the shop's own examples no answer is empty."""
    answer = embedded.query(question.statement, _values(question, examples))

    assert answer.rows
    assert answer.columns == tuple(question.columns)


@each_question
def test_the_order_is_total(
    question: Named, embedded: EmbeddedStore, turned: EmbeddedStore, examples: Examples
) -> None:
    """No tie is left to the order in which the graph was loaded."""
    values = _values(question, examples)
    told = _as_set if question.name in SEARCHES else list

    assert told(turned.query(question.statement, values).rows) == told(
        embedded.query(question.statement, values).rows
    )


@each_question
def test_neo4j_gives_the_rows_of_the_embedded_graph(
    question: Named,
    embedded: EmbeddedStore,
    loaded: neo4j.Driver,
    examples: Examples,
    known: frozenset[str],
) -> None:
    """The same rows in the same order; of a search by words the same set, whatever the score."""
    values = _values(question, examples)
    here = embedded.query(question.statement, values).rows
    there = [
        {name: plain(value, known) for name, value in record.items()}
        for record in loaded.execute_query(question.statement, values).records
    ]

    told = _as_set if question.name in SEARCHES else list
    assert told(there) == told(here)
    assert {name: type(v) for row in there for name, v in row.items() if v is not None} == {
        name: type(v) for row in here for name, v in row.items() if v is not None
    }


@each_question
def test_neo4j_has_a_good_plan(question: Named, loaded: neo4j.Driver, examples: Examples) -> None:
    """No product of two sets, nothing read eagerly, and an index wherever one thing is asked about."""
    summary = loaded.execute_query("EXPLAIN " + question.statement, _values(question, examples)).summary
    operators = set(_operators(summary.plan))

    assert summary.query_type == "r"
    assert not {name for name in operators if "CartesianProduct" in name or name == "Eager"}
    if question.name == "counts":
        assert not {name for name in operators if "Scan" in name}
    if question.name not in WHOLE:
        assert not {name for name in operators if "AllNodesScan" in name or "LabelScan" in name}
        assert any("IndexSeek" in name or name == "ProcedureCall" for name in operators)
    assert not [n for n in summary.gql_status_objects if n.raw_severity == "WARNING"]


def _values(question: Named, examples: Examples) -> dict[str, Any]:
    return question.values(examples.for_question(question))


def _as_set(rows: list[dict[str, Any]]) -> set[str]:
    return {repr({name: value for name, value in row.items() if name != "score"}) for row in rows}


def _operators(plan: dict[str, Any]) -> Iterator[str]:
    yield plan["operatorType"].partition("@")[0]
    for child in plan.get("children", ()):
        yield from _operators(child)
