"""Text as it is stored and as it is compared: cleaned once at ingest, normalised for ids."""

from __future__ import annotations

import re
import unicodedata

from mindgraph.relations import RELATIONS

#: Marks that mean nothing at the edge of an intention.
EDGES = " \t\n.,;:!?\"'`´‘’“”«»()[]{}<>*_~-–—…"
#: Opening marks with their closing ones: kept where they enclose a part of the text only.
_PAIRS = {'"': '"', "“": "”", "«": "»", "(": ")", "[": "]", "{": "}", "<": ">"}

_PERSON = r"(?:the |a )?(?:person(?: ?x)?|people|customers?|buyers?|shoppers?|he/she|s/he|he|she|i)"
_THINGS = (
    r"(?:they|both(?: of (?:them|these))?|(?:both|the|these|both the|both these)(?: two)?(?: products| items)"
    r"|the two|these)"
)
_WORDS = "|".join(
    (
        "used (?:for|to)",
        "capable of",
        "defined as",
        "(?:a |an? )?(?:type|kind|part|symbol|manner)s? of",
        "made (?:of|from)",
        "created by",
        "related to",
        "similar to",
        "derived from",
        "distinct from",
    )
)
_ARE = rf"(?: both| all)?(?:'re|’re| are| were)(?: both| all)? (?:{_WORDS})"
_HAVE = r"(?: both| all)? have(?: both| all)? (?:an? |the )?(?:effect|propert(?:y|ies)) of"
_CAN = r"(?: both| all)? (?:can|could)(?: both| all)?"
_WANTS = rf"{_PERSON} (?:wants?|wanted) (?:to|his/her|his|her|their|my)"
_BOUGHT = r"person ?x bought .{0,1000}?\b(?=because\b|as a result\b)"
_RESULT = rf"as a result,? {_PERSON} will(?: be able to)?|as a result"
_PHRASES = "|".join(re.escape(r.phrase) for r in RELATIONS if r.phrase)
#: What an intention may begin with and not be: the relations' phrases in the spellings that are met in
#: real answers ("they both are used for", "they're both part of", "he wanted to"), and the sentence in
#: front of them ("PersonX bought a product of … because").
_LEAD_IN = re.compile(
    rf"{_BOUGHT}"
    rf"|(?:because(?! of\b)|{_RESULT}|{_THINGS}(?:{_ARE}|{_HAVE}|{_CAN})|{_WANTS}|{_PHRASES})(?![\w'’])",
    re.IGNORECASE,
)
#: A relation's phrase as it stands, in front of a text.
PHRASE = rf"(?i)^(?:{_PHRASES}) "
#: Found in every ASCII text that has a lead-in, and in few others: a filter over whole columns, in the
#: syntax that both Python and polars read.
MAY_LEAD_IN = (
    r"(?i)^[^a-z0-9]*(?:(?:they|these|both|because|as a result|s/he|he|she|i)\b"
    r"|(?:a |the )?(?:person|people|customer|buyer|shopper|two|products|items))"
)


def clean(text: str) -> str:
    """Return text that every store and format reads back equal: NFC, no lone surrogates, no NUL.

    Done once, where text enters; what follows relies on it.
    """
    if text.isascii() and "\x00" not in text:
        return text
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", whole.replace("\x00", ""))


def strip_lead_in(text: str) -> str:
    """Return an intention as people read it: no relation's phrase in front, no marks at the edges.

    >>> strip_lead_in("They are both used for charging a phone.")
    'charging a phone'
    >>> strip_lead_in("they both are a type of cable (USB).")
    'cable (USB)'
    """
    text = " ".join(text.split())
    start, end = _core(text)
    return text if end - start == len(text) else _with_pairs(text, start, end)


def normalise(text: str) -> str:
    """Return the form in which two spellings of an intention are the same.

    NFKC, lead-in phrase off, white space folded, edge punctuation off, case folded; done again until
    nothing changes, so that the normal form of a normal form is itself.
    """
    previous = None
    while previous != text:
        previous, text = text, _bare(unicodedata.normalize("NFKC", _bare(text))).casefold()
    return text


def _bare(text: str) -> str:
    text = " ".join(text.split())
    start, end = _core(text)
    return text[start:end]


def _core(text: str) -> tuple[int, int]:
    """Return where the text begins and ends that is neither lead-in nor edge."""
    start, end = _trim(text, 0, len(text))
    while found := _LEAD_IN.match(text, start, end):
        start, end = _trim(text, found.end(), end)
    return start, end


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    end = start + len(text[start:end].rstrip(EDGES))
    return end - len(text[start:end].lstrip(EDGES)), end


def _with_pairs(text: str, start: int, end: int) -> str:
    """Return text[start:end] with the marks beside it whose partner stands inside."""
    core = text[start:end]
    before, after = text[start - 1 : start], text[end : end + 1]
    opening = _PAIRS.get(before)
    if opening and core.count(opening) > (0 if before == opening else core.count(before)):
        core = before + core
    for mark, closing in _PAIRS.items():
        if after == closing and core.count(mark) > (core.count(closing) if mark != closing else 0):
            return core + after
    return core + after if after == '"' and core[-1:].isdigit() else core
