"""How rows are shown to a person and to a program."""

from __future__ import annotations

import json

from mindgraph.cli.base import cell, print_rows

NODE = {"labels": ["Product"], "properties": {"id": "lamp", "title": "Camping lamp"}}
STEP = {"type": "BOUGHT_FOR", "properties": {"relation": "usedFor"}}
END = {"labels": ["Intention"], "properties": {"id": "1", "text": "a night outdoors"}}


def test_a_node_is_shown_by_its_name():
    """A node in a table is its label and what a person calls it."""
    assert cell(NODE) == "(:Product Camping lamp)"


def test_a_path_is_drawn():
    """A path in a table reads as Cypher draws it."""
    assert cell({"nodes": [NODE, END], "relationships": [STEP]}) == (
        "(:Product Camping lamp)-[:BOUGHT_FOR usedFor]-(:Intention a night outdoors)"
    )


def test_json_is_one_array_that_keeps_every_value(capsys):
    """`--format json` prints what came, whole, as one array of objects."""
    rows = [{"n": NODE, "list": ["é", 1], "nothing": None}]
    print_rows(rows, "json")
    assert json.loads(capsys.readouterr().out) == rows


def test_jsonl_is_one_object_a_line(capsys):
    """`--format jsonl` prints one object a line, line ends inside texts escaped."""
    print_rows([{"a": "x\ny"}, {"a": 2}], "jsonl")
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [{"a": "x\ny"}, {"a": 2}]


def test_csv_has_a_head_and_quotes_what_needs_it(capsys):
    """`--format csv` reads back equal, lists and nodes as JSON."""
    print_rows([{"a": 'say "x", y', "b": [1, 2]}], "csv")
    assert capsys.readouterr().out == 'a,b\n"say ""x"", y","[1, 2]"\n'


def test_no_rows_print_an_empty_array(capsys):
    """A question without an answer is an empty array in JSON."""
    print_rows([], "json", ["a"])
    assert json.loads(capsys.readouterr().out) == []
