"""Finished intentions become candidates with verdicts, and nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindgraph.catalog import Sources, read_catalogue
from mindgraph.catalog.intentions import Imported, read_answer
from mindgraph.errors import CatalogError
from mindgraph.records import Candidate, Reject, Verdict, content_id
from mindgraph.tables import records_of

PRODUCTS = "id,title\na,Lamp\nb,Tent\nc,Stove\n"
COBUYS = "product_a,product_b\na,b\n"


def read(folder: Path, text: str, *, alone: bool = False) -> Imported:
    for name, content in {"p.csv": PRODUCTS, "c.csv": COBUYS, "i.csv": text}.items():
        (folder / name).write_text(content, encoding="utf-8")
    files = Sources(
        products=() if alone else (folder / "p.csv",),
        cobuys=None if alone else folder / "c.csv",
        intentions=(folder / "i.csv",),
    )
    found = read_catalogue(files, {folder / "i.csv": "r1"}, largest_basket=100, lang="en")
    return found.imported[0]


def said(found: Imported) -> list[tuple[str, str, float | None, str | None]]:
    """Return judge, answer, score and reason in the order of the file's lines."""
    verdicts = records_of(Verdict, found.verdicts)
    return [(v.judge, v.answer, v.score, v.reason) for v in verdicts]


def test_an_intention_becomes_a_candidate_with_an_id_by_content(tmp_path: Path) -> None:
    """The relation's phrase goes, the relation is written one way, the line is the reply."""
    found = read(
        tmp_path,
        "product_a,product_b,relation,text,detail\n"
        'b,a,used_for,"They are both used for camping at&amp;night.",both are rugged\n'
        "a,b,usedFor,hiking,\n"
        "a,b,,fun,\n",
    )

    cobuy, generator = content_id("cobuy", "a", "b"), found.generator.id
    assert records_of(Candidate, found.candidates) == [
        Candidate(
            id=content_id("candidate", cobuy, relation, generator, 0, position),
            cobuy=cobuy,
            relation=relation,
            text=text,
            detail=detail,
            generator=generator,
            reply=f"i.csv:{line}",
        )
        for relation, position, text, detail, line in [
            ("usedFor", 0, "camping at&night", "both are rugged", 2),
            ("usedFor", 1, "hiking", None, 3),
            ("open", 0, "fun", None, 4),
        ]
    ]
    assert (found.generator.kind, found.generator.model, found.generator.revision) == (
        "import",
        "i.csv",
        "r1",
    )


def test_rows_that_are_no_intention_are_rejected_with_their_line(tmp_path: Path) -> None:
    """Unknown relations, empty texts and pairs that are no co-buy keep their raw line."""
    found = read(
        tmp_path,
        "product_a,product_b,relation,text\n"
        "a,b,likes,x\n"
        "a,b,isA,\n"
        "a,b,usedFor,they are both used for\n"
        "a,c,isA,x\n"
        "a,a,isA,x\n"
        ",b,isA,x\n"
        "a,b,isA,x\n",
    )

    assert [(r.line, r.reason, r.raw) for r in records_of(Reject, found.rejects)] == [
        (2, "unknown relation likes", "a,b,likes,x"),
        (3, "no intention text", "a,b,isA,"),
        (4, "no intention text", "a,b,usedFor,they are both used for"),
        (5, "the pair is no co-buy of this catalogue", "a,c,isA,x"),
        (6, "a product with itself", "a,a,isA,x"),
        (7, "no product id", ",b,isA,x"),
    ]
    assert found.candidates["text"].to_list() == ["x"]


def test_without_answers_and_scores_all_is_accepted_as_imported(tmp_path: Path) -> None:
    """A file that only lists intentions has chosen them already."""
    assert said(read(tmp_path, "product_a,product_b,text\na,b,x\n")) == [("imported", "yes", None, None)]


def test_answers_and_scores_are_the_shoppers_verdict(tmp_path: Path) -> None:
    """Raw words are parsed to yes or no, what follows is the reason; what is neither is unparsed."""
    found = read(
        tmp_path,
        "product_a,product_b,text,agreement,score\n"
        'a,b,u,"Yes, because both light.",\n'
        "a,b,v,No,0.2\n"
        "a,b,w,perhaps,\n"
        "a,b,x,,0.7\n"
        "a,b,y,,\n"
        "a,b,z,,7\n",
    )

    assert said(found) == [
        ("shopper", "yes", None, "Yes, because both light."),
        ("shopper", "no", 0.2, None),
        ("shopper", "unparsed", None, None),
        ("shopper", "yes", 0.7, None),
        ("shopper", "unparsed", None, None),
        ("shopper", "unparsed", None, None),
    ]
    assert [(r.line, r.reason) for r in records_of(Reject, found.rejects)] == [
        (7, "score 7 is no number from 0 to 1")
    ]


def test_a_reason_column_wins_over_the_answers_words(tmp_path: Path) -> None:
    """The reason is what the file calls so."""
    found = read(tmp_path, 'product_a,product_b,text,answer,reason\na,b,u,"yes, indeed so",both light\n')

    assert said(found) == [("shopper", "yes", None, "both light")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Yes", "yes"),
        ("**YES**, because", "yes"),
        ("true", "yes"),
        ("1", "yes"),
        ("1.0", "yes"),
        ("No.", "no"),
        ("no, never", "no"),
        ("False", "no"),
        ("0", "no"),
        ("yesterday", "unparsed"),
        ("nothing", "unparsed"),
        ("I would say yes", "unparsed"),
        ("10", "unparsed"),
        ("0.5", "unparsed"),
        ("", "unparsed"),
    ],
)
def test_an_answer_is_its_first_word(text: str, expected: str) -> None:
    """Only a clear yes or no at the beginning counts."""
    assert read_answer(text) == expected


@pytest.mark.parametrize(
    "header",
    [
        "id_a,id_b,Product_a,Product_b,Relation,Intention,Agreement",
        "item_a_id,item_b_id,item_a_name,item_b_name,relation,assertion,answer",
        "asin_a,asin_b,title_a,title_b,relation,assertion,answer",
    ],
)
def test_a_file_that_names_its_titles_needs_no_products(tmp_path: Path, header: str) -> None:
    """Products and co-buys are made from the file, each pair with weight 1."""
    (tmp_path / "i.csv").write_text(f"{header}\nb,a,Tent,Lamp,isA,gear,Yes\na,b,Lamp,Tent,isA,kit,No\n")
    sources = Sources(intentions=(tmp_path / "i.csv",))

    found = read_catalogue(sources, {tmp_path / "i.csv": "r"}, largest_basket=100, lang="en")

    assert found.products.select("id", "title").rows() == [("a", "Lamp"), ("b", "Tent")]
    assert found.cobuys.select("product_a", "product_b", "weight").rows() == [("a", "b", 1.0)]
    assert found.imported[0].candidates["text"].to_list() == ["gear", "kit"]
    assert found.imported[0].verdicts["answer"].to_list() == ["yes", "no"]


def test_a_file_without_titles_alone_is_told_what_it_lacks(tmp_path: Path) -> None:
    """The hint names both ways out."""
    with pytest.raises(CatalogError, match="no column 'title_a'") as caught:
        read(tmp_path, "product_a,product_b,text\na,b,x\n", alone=True)

    assert "PRODUCTS" in caught.value.hint
