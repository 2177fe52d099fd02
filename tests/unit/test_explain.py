"""The chain behind a thing, from its id down to the source line and the raw answer."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindgraph.errors import NotFound
from mindgraph.explain import Explainer
from mindgraph.records import (
    Candidate,
    CoBuy,
    Evidence,
    Generator,
    Intention,
    Product,
    Record,
    Triple,
    Verdict,
    content_id,
)
from mindgraph.tables import frame_of
from mindgraph.workspace import Workspace

COBUY = content_id("cobuy", "lamp", "tent")
ROWS: list[Record] = [
    Product(id="lamp", title="Camping lamp", source="products.csv:2"),
    Product(id="tent", title="Two-person tent", source="products.csv:3"),
    CoBuy(id=COBUY, product_a="lamp", product_b="tent", weight=3, source=["cobuys.csv:2"]),
    Generator(id="g", model="some-model", revision="r1", prompt_version="p1"),
    Candidate(
        id="c" * 32,
        cobuy=COBUY,
        relation="usedFor",
        text="a night outdoors",
        images_seen=2,
        generator="g",
        reply="k1",
    ),
    Candidate(
        id="d" * 32, cobuy=COBUY, relation="isA", text="because they like them", generator="g", reply="k1"
    ),
    Verdict(candidate="c" * 32, judge="shopper", answer="yes", score=0.9, generator="g", reply="k2"),
    Verdict(candidate="d" * 32, judge="rule:generic", answer="no", reason="says nothing of the things"),
    Intention(id="e" * 32, text="a night outdoors"),
    Triple(
        id="f" * 32,
        cobuy=COBUY,
        product_a="lamp",
        product_b="tent",
        relation="usedFor",
        intention="e" * 32,
        acceptance=0.9,
    ),
    Evidence(triple="f" * 32, candidate="c" * 32),
]


@pytest.fixture
def explainer(tmp_path: Path) -> Explainer:
    """A shop of two products, one co-buy, one kept and one refused intention."""
    workspace = Workspace.create(tmp_path / "shop")
    for record in {type(row) for row in ROWS}:
        workspace.write(record, frame_of(record, [row for row in ROWS if type(row) is record]))
    return Explainer(
        workspace.scan, lambda key: {"text": f"raw {key}", "system": "why?", "time": 0.0}, "shop"
    )


def test_a_triple_leads_to_its_raw_answer_and_its_verdict(explainer: Explainer):
    """Evidence of a triple names the model, the raw answer and the shopper's score."""
    told = explainer.explain("f" * 32)["evidence"][0]
    assert (told["said by"]["model"], told["verdicts"][0]["score"]) == ("some-model", 0.9)
    assert told["reply"] == {
        "answer": "raw k1",
        "asked": {"system": "why?"},
        "time": "1970-01-01T00:00:00+00:00",
    }


def test_a_triple_leads_to_the_source_lines(explainer: Explainer):
    """Products and co-buy of a triple name the lines they were read from."""
    told = explainer.explain("f" * 32)
    assert [p["source"] for p in told["products"]] + told["co-buy"]["source"] == [
        "products.csv:2",
        "products.csv:3",
        "cobuys.csv:2",
    ]


def test_a_co_buy_tells_what_was_refused_and_by_whom(explainer: Explainer):
    """The candidates of a co-buy that are not kept stand there with the judge that refused them."""
    (refused,) = explainer.explain(COBUY)["not kept"]
    assert (refused["text"], refused["verdicts"][0]["judge"]) == ("because they like them", "rule:generic")


def test_a_product_is_found_by_its_qualified_key(explainer: Explainer):
    """`dataset/id`, as queries print it, is the same product as the shop's own id."""
    assert explainer.explain("shop/lamp") == explainer.explain("lamp")


def test_the_first_digits_of_an_id_are_enough(explainer: Explainer):
    """An id by content may be cut, as tables on a narrow terminal do."""
    assert explainer.explain("eeeeeeee")["id"] == "e" * 32


def test_an_unknown_id_suggests_the_near_one(explainer: Explainer):
    """A misspelt product id is answered with the nearest one."""
    with pytest.raises(NotFound) as stop:
        explainer.explain("lampp")
    assert stop.value.hint == "Did you mean the product lamp?"
