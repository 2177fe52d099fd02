"""What holds of every text, however odd."""

from __future__ import annotations

import unicodedata

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mindgraph.tables import normal_forms, stripped
from mindgraph.texts import clean, normalise, strip_lead_in

PIECES = st.sampled_from(
    [
        "they both are",
        "They're",
        "used for",
        "a type of",
        "because",
        "the person wants to",
        "PersonX bought it",
        "as a result,",
        "he",
        "wants",
        "can",
        "both",
        "not",
        "charging",
        "a Phone",
        "straße",
        "ﬁne",
        "İ",
        "…",
        " ",
        "ｗｉｄｅ",
        "“Sony”",
        "(USB)",
        '"',
        "(",
        ")",
        "15",
        "é",
        "é",
        "\xa0",
        "\t",
        "ǅ",
        "’s",
        "-",
        "\x1c",
        "٣",
    ]
)
PHRASES = st.lists(PIECES, max_size=8).map(" ".join) | st.lists(PIECES, max_size=8).map("".join)
TEXTS = (st.text(max_size=40) | PHRASES).map(clean)


@given(TEXTS)
def test_the_normal_form_of_a_normal_form_is_itself(text: str) -> None:
    """Normalising twice is normalising once."""
    assert normalise(normalise(text)) == normalise(text)


@given(TEXTS)
def test_what_people_read_has_the_same_normal_form(text: str) -> None:
    """The id of an intention can be computed again from its text."""
    assert normalise(strip_lead_in(text)) == normalise(text)


@given(TEXTS)
def test_stripping_twice_is_stripping_once(text: str) -> None:
    """Nothing is left that another pass would take off."""
    assert strip_lead_in(strip_lead_in(text)) == strip_lead_in(text)


@given(st.lists(TEXTS, max_size=20))
def test_whole_columns_are_treated_as_single_texts(texts: list[str]) -> None:
    """The forms for columns say what the functions say of each text."""
    column = pl.Series("text", texts, dtype=pl.String)
    assert normal_forms(column).to_list() == [normalise(text) for text in texts]
    assert stripped(column).to_list() == [strip_lead_in(text) for text in texts]


@given(st.text())
def test_clean_text_can_be_written_and_is_composed(text: str) -> None:
    """Cleaning twice is cleaning once; the result is NFC, encodes, and has no NUL."""
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert "\x00" not in cleaned.encode().decode()
