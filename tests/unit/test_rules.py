"""Each rule throws out what it names, and lets real intentions through."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest

from mindgraph.filters import RULES, runs_of_words, throw_out
from mindgraph.prompts import wording
from mindgraph.relations import canonical_relation
from mindgraph.texts import strip_lead_in

TITLES = ("Lumo CampLight 5 W rechargeable lantern", "TrailHome two-person dome tent with footprint")
GOOD = [
    "charging a phone on the road",
    "keeping a hiker dry and warm overnight",
    "telling time",
    "jewelry",
    "camping",
    "protecting his tablet from scratches",
    "light a tent at night",
    "see the trail when the sun is down",
    "a gift for a friend who cannot see well",
    "learn how to make a circuit",
    "a lantern",
    "outdoor lighting",
    "USB 2.0 extension cable",
    "read a book without a picture",
    "wear them together",
]


def table(
    texts: Sequence[str], *, relation: str = "usedFor", lang: str = "en", paragraph: bool = False
) -> pl.DataFrame:
    """Return candidates that say these texts, each of a co-buy of its own."""
    return pl.DataFrame(
        {
            "id": [f"id{i}" for i in range(len(texts))],
            "cobuy": [f"c{i}" for i in range(len(texts))],
            "relation": relation,
            "text": list(texts),
            "lang": lang,
            "generator": "g",
            "sample": 0,
            "paragraph": paragraph,
        },
        schema_overrides=dict.fromkeys(("id", "cobuy", "relation", "text", "lang", "generator"), pl.String),
    )


def judged(candidates: pl.DataFrame, titles: tuple[str, str] = TITLES) -> list[set[str]]:
    """Return for each candidate the names of the rules that throw it out."""
    named = candidates.select("cobuy").unique()
    named = named.with_columns(title_a=pl.lit(titles[0]), title_b=pl.lit(titles[1]))
    said = throw_out(candidates, named, runs_of_words(wording()))
    assert set(said["answer"]) <= {"no"}
    by: dict[str, set[str]] = {id: set() for id in candidates["id"]}
    for candidate, judge in said.select("candidate", "judge").iter_rows():
        by[candidate].add(judge.removeprefix("rule:"))
    return list(by.values())


@pytest.mark.parametrize("text", GOOD)
def test_good_intentions_pass(text: str) -> None:
    """No rule speaks on what a shopper might say."""
    assert judged(table([text])) == [set()]


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("empty", ""),
        ("empty", " … "),
        ("empty", "None"),
        ("empty", "N/A"),
        ("empty", "not applicable"),
        ("refusal", "I'm sorry, but I cannot see the pictures"),
        ("refusal", "As an AI language model, I have no opinion"),
        ("refusal", "I am unable to determine the purpose of these products"),
        ("refusal", "there is not enough information to say"),
        ("refusal", "the image is blank"),
        ("echo", "at most 12 words that complete the beginning"),
        ("echo", '{"phrase": "x"'),
        ("echo", "$phrase ..."),
        ("echo", "</product_a>"),
        ("echo", "usedFor"),
        ("echo", "used for ..."),
        ("echo", "product A and product B"),
        ("title", "Lumo CampLight 5 W rechargeable lantern"),
        ("title", "TrailHome two-person dome tent"),
        ("title", "dome tent with footprint, two-person, TrailHome"),
        ("generic", "he likes them"),
        ("generic", "because they like them"),
        ("generic", "the same purpose"),
        ("generic", "good quality and a good price"),
        ("generic", "be used together"),
        ("generic", "products"),
        ("too-long", "word " * 31),
        ("language", "para cargar el teléfono en la carretera"),
        ("language", "das Handy auf der Reise mit Strom versorgen"),
        ("language", "给手机充电"),
        ("language", "зарядка телефона в дороге"),
    ],
)
def test_bad_intentions_are_thrown_out(rule: str, text: str) -> None:
    """Each rule speaks on what it is there for."""
    assert rule in judged(table([text]))[0]


def test_paragraphs_may_be_long() -> None:
    """Where prose was asked for, a hundred words are fine and two hundred are not."""
    texts = ["light and shelter " * 33, "light and shelter " * 70]
    assert judged(table(texts, paragraph=True)) == [set(), {"too-long"}]


@pytest.mark.parametrize(
    ("lang", "text", "right"),
    [
        ("de", "das Handy auf der Reise mit Strom versorgen", True),
        ("de", "charging the phone while on the road", False),
        ("de-AT", "Handyladen unterwegs", True),
        ("ja", "携帯電話の充電", True),
        ("ja", "charging a phone on the road", False),
        ("fi", "puhelimen lataaminen tien päällä", True),
    ],
)
def test_the_language_is_the_one_asked_for(lang: str, text: str, right: bool) -> None:
    """The rule goes by the language of the candidate; one that it does not know it leaves alone."""
    assert ("language" not in judged(table([text], lang=lang))[0]) is right


def test_a_duplicate_is_said_twice_in_the_same_answers() -> None:
    """The first of a co-buy's relations keeps a text; samples and generators support each other."""
    rows = [
        ("open", "camping", "g", 0),
        ("usedFor", "Camping!", "g", 0),
        ("usedFor", "camping", "g", 1),
        ("usedFor", "camping", "h", 0),
        ("can", "go hiking", "g", 0),
    ]
    candidates = table([text for _, text, _, _ in rows]).with_columns(
        cobuy=pl.lit("c"),
        relation=pl.Series([r for r, *_ in rows]),
        generator=pl.Series([g for *_, g, _ in rows]),
        sample=pl.Series([s for *_, s in rows]),
    )
    assert judged(candidates) == [{"duplicate"}, set(), set(), set(), set()]


def test_every_rule_names_its_reason() -> None:
    """A verdict of a rule says why, and each rule is a judge of its own."""
    assert len({rule.judge for rule in RULES}) == len(RULES) == 8
    assert all(rule.reason and rule.says_no.__doc__ for rule in RULES)


def test_no_candidates_no_verdicts() -> None:
    """An empty table gives an empty table."""
    assert judged(table([])) == []


def test_titles_may_be_missing() -> None:
    """A candidate whose co-buy has no titles is judged all the same."""
    nothing = pl.DataFrame(schema={"cobuy": pl.String, "title_a": pl.String, "title_b": pl.String})
    said = throw_out(table(["", "camping"]), nothing, [])
    assert said["judge"].to_list() == ["rule:empty"]


def real(shared: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return IntentionQA's intentions as candidates, and the titles of their co-buys."""
    lines = (shared / "intentionqa" / "intentions_flat.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    candidates = table([strip_lead_in(row["assertion"]) for row in rows]).with_columns(
        cobuy=pl.Series([row["asin_a"] + row["asin_b"] for row in rows]),
        relation=pl.Series([canonical_relation(row["relation"]) for row in rows]),
    )
    titles = pl.DataFrame(
        {
            "cobuy": candidates["cobuy"],
            "title_a": [html.unescape(row["title_a"]) for row in rows],
            "title_b": [html.unescape(row["title_b"]) for row in rows],
        }
    )
    return candidates, titles.unique("cobuy")


def test_rules_are_right_on_real_intentions(shared_data: Path) -> None:
    """Of 1,081 real intentions the rules throw out next to none, but those that say nothing.

    The 118 that are called generic were read one by one: "the same purpose" (43 times), "good
    quality", "buy them" and the like, and nothing that names a purpose.
    """
    candidates, titles = real(shared_data)
    said = throw_out(candidates, titles, runs_of_words(wording()))
    hits = dict(said.group_by("judge").len().iter_rows())
    generic = said.filter(judge="rule:generic").join(candidates, left_on="candidate", right_on="id")
    assert hits.pop("rule:duplicate") <= 25  # the same text under two relations of one co-buy
    assert hits.pop("rule:generic") <= 125
    assert sum(hits.values()) <= 3
    assert generic["text"].str.contains(r"(?i)same|good|best|high|use|buy|product|benefits|liked").all()
