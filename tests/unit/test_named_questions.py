"""The files of named questions, and how their comments are read."""

from __future__ import annotations

import re

import pytest

from mindgraph.errors import NotFound, StoreError
from mindgraph.stores.guard import read_only
from mindgraph.stores.named import Parameter, all_named, all_words, named, read

QUESTION = """// What is it?
//
// Parameters:
//   product (text): a product
//   limit (integer, default 20): rows at most
// Columns:
//   title: its title
MATCH (p:Product {id: $product})
RETURN p.title AS title // all
LIMIT $limit
"""


def test_the_comment_says_what_the_question_is() -> None:
    """First line, parameters and columns are read; the statement is what follows."""
    question = read("it", QUESTION)

    assert question.answers == "What is it?"
    assert question.parameters == (
        Parameter("product", "text", None, "a product"),
        Parameter("limit", "integer", "20", "rows at most"),
    )
    assert question.columns == {"title": "its title"}
    assert question.statement.startswith("MATCH (p:Product")


def test_values_come_by_default_and_by_type() -> None:
    """A text stays a text although it looks like a number; an integer is one."""
    question = read("it", QUESTION)

    assert question.values({"product": "0123"}) == {"product": "0123", "limit": 20}
    assert question.values({"product": "x", "limit": "5"}) == {"product": "x", "limit": 5}


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({}, r"it needs product \(a product\)", "mindgraph query it -p product=…"),
        ({"product": "x", "top": "1"}, "it has no parameter top", "It has: product, limit."),
        ({"product": "x", "limit": "many"}, "limit is to be of type integer, not 'many'", "rows at most"),
    ],
)
def test_a_wrong_value_is_named(given: dict[str, str], message: str, hint: str) -> None:
    """The message names the parameter, the hint what to give."""
    with pytest.raises(StoreError, match=message) as wrong:
        read("it", QUESTION).values(given)

    assert wrong.value.hint == hint


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("lamp, tent", ["lamp", "tent"]),
        ("lamp", ["lamp"]),
        ('["a, b", "c"]', ["a, b", "c"]),
        (("lamp", "tent"), ["lamp", "tent"]),
        ("", []),
    ],
)
def test_a_list_is_typed_with_commas_or_as_json(given: object, value: list[str]) -> None:
    """A list stays one; a text is taken apart."""
    assert Parameter("products", "list", None, "a basket").value(given) == value


def test_a_list_that_is_no_json_is_named() -> None:
    """What begins like JSON must be JSON."""
    with pytest.raises(StoreError, match="products is to be of type list"):
        Parameter("products", "list", None, "a basket").value('["lamp"')


@pytest.mark.parametrize("line", ["product: a product", "limit (int): rows", "  "])
def test_a_comment_that_is_not_well_formed_is_an_error(line: str) -> None:
    """The file and the line are named."""
    if not line.strip():
        return
    with pytest.raises(StoreError, match=r"cypher/query/it\.cypher: this is no parameter: "):
        read("it", f"// What?\n// Parameters:\n//   {line}\nRETURN 1 AS x")


def test_an_unknown_name_suggests_the_near_one() -> None:
    """Also where it is written with a dash."""
    with pytest.raises(NotFound, match="No query is named 'bougt-for'") as unknown:
        named("bougt-for")

    assert unknown.value.hint == "Did you mean bought_for?"


@pytest.mark.parametrize("question", all_named(), ids=lambda question: question.name)
def test_every_question_is_described_and_ordered(question) -> None:
    """A question mark, all parameters that the statement needs, all its columns, and an order."""
    assert question.answers.endswith("?")
    assert set(read_only(question.statement).parameters) == {p.name for p in question.parameters}
    assert list(question.columns)
    last = question.statement[question.statement.rindex("RETURN") :]
    assert "ORDER BY" in last
    assert re.findall(r"\bAS (\w+)|(?:^RETURN |, )(\w+)(?=,|\n|$)", last.split("ORDER BY")[0]) != []


def test_all_words_are_looked_for_whatever_marks_stand_in_them() -> None:
    """Nobody need know the syntax of a search."""
    assert all_words("phone (USB) charg*") == '"phone" AND "(USB)" AND charg*'
    assert all_words('say "hi" AND\\OR - *') == '"say" AND " hi " AND "AND OR"'
    with pytest.raises(ValueError, match="no words"):
        all_words(" - * ")
