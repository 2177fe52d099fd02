"""What may stand in a question that somebody wrote."""

from __future__ import annotations

import pytest

from mindgraph.errors import StoreError
from mindgraph.resources import cypher, names
from mindgraph.stores.guard import bound, pointed, read_only
from tests.attempts import ATTEMPTS, attempts

HARMLESS = [
    "MATCH (p:Product) RETURN p",
    "match (n) where n.set = 1 and n:Create return n.`load`, count(*) as c order by c desc limit 5;",
    "MATCH p=(a)-[*1..3]->(b) WHERE all(x IN nodes(p) WHERE x.y > 1.5e-3) RETURN p, length(p)",
    "CALL () { MATCH (p:Product {key: $p}) RETURN p UNION MATCH (p:Product {id: $p}) RETURN p } RETURN p",
    "MATCH (a) CALL (a) { MATCH (a)--(b) RETURN count(b) AS n } RETURN n",
    "CALL db.index.fulltext.queryNodes('intention_text', $w) YIELD node, score RETURN node",
    "CALL db.labels() YIELD label RETURN label",
    "RETURN 'LOAD CSV FROM x' AS x, \"it's; DELETE\" AS y // LOAD CSV FROM 'z'",
    "RETURN `CREATE` AS x /* DELETE\n */ ORDER BY x",
    "MATCH (a) RETURN a { .*, `set`: 1, n: COUNT { (a)--() } }",
    "MATCH (a) WHERE a.x IN (1) OR NOT (a)--() RETURN CASE WHEN (a.x) THEN (1) ELSE (2) END AS y",
    "MATCH (a), (b) MATCH p = shortestPath((a)-[:CO_BOUGHT*]-(b)) RETURN p",
    "UNWIND range(0, 3) AS x RETURN reduce(s = 0, y IN collect(x) | s + y) AS total",
]


@pytest.mark.parametrize("statement", HARMLESS)
def test_a_question_that_only_reads_may_run(statement: str) -> None:
    """Words that write may stand in strings, backticks, comments, properties and labels."""
    assert read_only(statement).statement.split() != []


@pytest.mark.parametrize("name", names("query"))
def test_every_named_question_may_run(name: str) -> None:
    """What is shipped keeps to its own rules."""
    assert read_only(cypher(f"query/{name}"))


@pytest.mark.parametrize(("name", "statement"), attempts("/etc/passwd", "http://127.0.0.1/x", "/tmp/out"))
def test_an_attempt_is_refused_before_it_runs(name: str, statement: str) -> None:
    """Nothing of the list needs a store to be refused."""
    with pytest.raises(StoreError, match=r"Refused|is empty"):
        read_only(statement)


def test_there_are_many_attempts() -> None:
    """The list is long, and each attempt has its own statement."""
    assert len(set(ATTEMPTS.values())) >= 50


def test_a_refusal_points_to_the_place() -> None:
    """Line, column and a caret under the word."""
    with pytest.raises(StoreError) as refused:
        read_only("MATCH (p)\nWITH p  DELETE p")

    assert str(refused.value) == (
        "Refused, DELETE is not for questions: line 2, column 9\n  WITH p  DELETE p\n          ^"
    )
    assert "backticks" in refused.value.hint


def test_a_function_that_is_misspelt_is_told_the_near_one() -> None:
    """The hint names it."""
    with pytest.raises(StoreError) as refused:
        read_only("MATCH (p) RETURN colect(p)")

    assert refused.value.hint == "Did you mean collect()?"


@pytest.mark.parametrize("statement", ["", "  \n", "// only a comment", ";"])
def test_nothing_is_no_question(statement: str) -> None:
    """An empty statement is refused with a hint."""
    with pytest.raises(StoreError, match="is empty"):
        read_only(statement)


@pytest.mark.parametrize(
    "statement", ["RETURN 'open", "RETURN /* open", "RETURN `open", "RETURN \x00", "RETURN 1€"]
)
def test_what_cannot_be_cut_into_words_is_refused(statement: str) -> None:
    """Open strings, open comments and marks that Cypher does not know."""
    with pytest.raises(StoreError, match="cannot be read"):
        read_only(statement)


def test_comments_are_blanked_and_positions_stay() -> None:
    """What runs has no comment in it, so nobody can read one otherwise than we do."""
    question = read_only("MATCH (p) // all\n/* of\nthem */ RETURN 'a // b' AS x")

    assert question.statement == "MATCH (p)       \n     \n        RETURN 'a // b' AS x"


def test_parameters_are_found_and_missing_ones_are_named() -> None:
    """Only what the statement needs is handed on."""
    question = read_only("RETURN $a AS a, $`b c` AS b, '$no' AS c, $a AS d")

    assert question.parameters == ("a", "b c")
    assert bound(question, {"a": 1, "b c": 2, "z": 3}) == {"a": 1, "b c": 2}
    with pytest.raises(StoreError, match=r"needs \$b c") as missing:
        bound(question, {"a": 1})
    assert missing.value.hint == "Give it a value: -p b c=VALUE"


def test_the_caret_stands_under_the_place_where_tabs_are() -> None:
    """White space before the place is kept as it is."""
    assert pointed("\tRETURN x", 8) == "line 1, column 9\n  \tRETURN x\n  \t       ^"
