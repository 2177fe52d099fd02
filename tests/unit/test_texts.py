"""Texts are cleaned once, and compared without lead-ins, edges and case."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from mindgraph.relations import RELATIONS
from mindgraph.texts import clean, normalise, strip_lead_in

SPOKEN = {
    "usedFor": [
        "they are both used for",
        "they both are used for",
        "They're both used for",
        "both are used for",
    ],
    "capableOf": ["they both are capable of", "they are both capable of", "both products are capable of"],
    "can": ["they both can", "they can both", "they could both", "both can", "these items can"],
    "effect": ["they both have an effect of", "both have the effect of"],
    "cause": [
        "the person wants to",
        "PersonX wants to",
        "he wanted to",
        "the customer wants to",
        "s/he wants to",
    ],
    "isA": ["they both are a type of", "they are both types of", "both are a kind of", "these are types of"],
    "definedAs": ["they both are defined as", "they are both defined as"],
    "partOf": ["they both are a part of", "they are both part of", "they're both parts of"],
    "propertyOf": ["they both have a property of", "both items have the property of"],
    "madeOf": ["they both are made of", "they are made from", "both of them are made of"],
    "createdBy": ["they are created by", "they were both created by"],
    "relatedTo": ["they both are related to", "the two are related to"],
    "similarTo": ["they both are similar to", "they are similar to"],
    "distinctFrom": ["they are distinct from", "they are both distinct from"],
    "deriveFrom": ["they are derived from", "they were derived from"],
    "symbolOf": ["they both are symbols of", "both are a symbol of"],
    "mannerOf": ["they both are a manner of", "both products are a manner of"],
    "causeDesire": ["the person wants his", "the person wants his/her", "he wants their"],
}


@pytest.mark.parametrize(("relation", "phrase"), [(r, p) for r, spoken in SPOKEN.items() for p in spoken])
def test_lead_ins_come_off_in_every_spelling(relation: str, phrase: str) -> None:
    """The relation's phrase goes, however it is spelled, introduced and punctuated."""
    assert strip_lead_in(f"{phrase} wide open fields") == "wide open fields"
    assert strip_lead_in(f"Because {phrase.capitalize()}: wide open fields.") == "wide open fields"
    bought = "PersonX bought a product of Item A and a product of Item B because"
    assert strip_lead_in(f"{bought} {phrase} wide open fields") == "wide open fields"


def test_every_relation_is_covered() -> None:
    """Each relation that has a phrase has its spellings above, its own among them."""
    spoken = {r.name: r.phrase for r in RELATIONS if r.phrase}
    assert set(spoken) == set(SPOKEN)
    assert all(phrase in SPOKEN[name] for name, phrase in spoken.items())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("as a result, the person will be able to open the door", "open the door"),
        ('they both are a manner of "Sony" and he likes it', '"Sony" and he likes it'),
        ('they both are a type of "boots".', "boots"),
        ('a screen of 15"', 'a screen of 15"'),
        ("cables (USB)", "cables (USB)"),
        ("(charging a phone)", "charging a phone"),
        ("  – charging\ta  phone …", "charging a phone"),
        ("", ""),
        ("they are both used for", ""),
        ("because of the weather", "because of the weather"),
    ],
)
def test_what_is_left_reads_well(text: str, expected: str) -> None:
    """Marks that belong to a part of the text stay, all others at the edges go."""
    assert strip_lead_in(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "they are not used for charging",
        "both hands free",
        "canning fruit",
        "the personal touch",
        "theyre charging",
        "keeping what they both can carry",
        "he thought they were good",
    ],
)
def test_what_is_no_lead_in_stays(text: str) -> None:
    """A denial, a word that only begins alike, and a phrase in the middle are left alone."""
    assert strip_lead_in(text) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Charging a Phone.", "charging a phone"),
        ("charging  a phone", "charging a phone"),
        ("ｃｈａｒｇｉｎｇ a phone", "charging a phone"),
        ("STRASSE", "straße"),
        ("cafe\u0301 tables", "café tables"),
        ('"charging a phone"', "charging a phone"),
        ("They are both used for charging a phone", "charging a phone"),
    ],
)
def test_spellings_of_one_intention_are_the_same(one: str, other: str) -> None:
    """Case, width, composition, white space, edges and lead-ins tell no intentions apart."""
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("for 2 people", "for 6 people"), ("waking the baby", "not waking the baby"), ("a.b", "ab")],
)
def test_intentions_that_differ_stay_apart(one: str, other: str) -> None:
    """Numbers, denials and marks inside the text do tell intentions apart."""
    assert normalise(one) != normalise(other)


def test_clean_text_is_what_every_store_gives_back() -> None:
    """Composed, without NUL and lone surrogates; plain text is returned as it is."""
    assert clean("cafe\u0301 \x00\ud800!") == "café ?!"
    assert clean("plain") == "plain"


def test_real_assertions_lose_their_lead_in(shared_data: Path) -> None:
    """Of 1,081 real assertions none keeps a relation's phrase, and none is lost."""
    lines = (shared_data / "intentionqa" / "intentions_flat.jsonl").read_text(encoding="utf-8").splitlines()
    stripped = [strip_lead_in(json.loads(line)["assertion"]) for line in lines]
    leads = re.compile(r"(?i)personx|because|they (both )?(are|have|can|could)|the person wants|as a result")
    assert len(stripped) == 1081
    assert [text for text in stripped if not text or leads.match(text)] == []
    assert "learn how to make a circuit" in stripped
    assert '"Headset" in the category "Headset"' in stripped
