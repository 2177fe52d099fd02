"""Text as it is stored and as it is compared: cleaned once at ingest, normalised for ids."""

from __future__ import annotations

import re
import unicodedata

from mindgraph.relations import RELATIONS

#: "PersonX bought a product of Item A and a product of Item B because …", as FolkScope writes it.
_BECAUSE = r"^person\s?x bought .{0,200}?\bbecause\b[\s,:]*"
_PHRASES = "|".join(
    re.escape(phrase) for phrase in sorted({r.phrase for r in RELATIONS if r.phrase}, key=len, reverse=True)
)
#: The phrases in the spellings that are met in real data: "they are both a part of", "they're used for".
_LOOSE = (
    r"(?:they|the two|both(?: products| items)?)(?:'re| are| have| can)?(?: both| all)?(?: are| have| can)?"
    r" (?:used for|capable of|an effect of|a type of|types of|defined as|a part of|part of|a property of"
    r"|made of|created by|related to|similar to|derived from|distinct from|symbols? of|a symbol of"
    r"|a manner of)"
)
_LEAD_IN = rf"(?i){_BECAUSE}|^(?:because\s+)?(?:{_PHRASES}|{_LOOSE})(?:\b|$)[\s,:]*"
_EDGES = " \t\n.,;:!?\"'`´‘’“”«»()[]{}<>*_~-–—…"


def clean(text: str) -> str:
    """Return text that every store and format reads back equal: NFC, no lone surrogates, no NUL.

    Done once, where text enters; what follows relies on it.
    """
    if text.isascii() and "\x00" not in text:
        return text
    whole = text.encode("utf-8", "replace").decode("utf-8")
    return unicodedata.normalize("NFC", whole.replace("\x00", ""))


def strip_lead_in(text: str) -> str:
    """Return an intention without the relation's phrase in front.

    >>> strip_lead_in("They are both used for charging a phone.")
    'charging a phone'
    """
    previous = None
    while previous != text:
        previous, text = text, re.sub(_LEAD_IN, "", text.strip()).strip(_EDGES)
    return text


def normalise(text: str) -> str:
    """Return the form in which two spellings of an intention are the same.

    NFKC, lead-in phrase off, white space folded, edge punctuation off, case folded.
    """
    folded = " ".join(unicodedata.normalize("NFKC", text).split())
    return unicodedata.normalize("NFKC", strip_lead_in(folded).casefold())
