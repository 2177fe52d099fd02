"""Words and letters of RDF: namespaces, IRIs, and literals as every format writes them.

All functions take and return whole columns. The escapes of a literal are those that N-Triples,
Turtle and JSON share, so one escaped column serves every format.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import numpy as np
import polars as pl

from mindgraph.settings import Settings
from mindgraph.tables import map_distinct

XSD = "http://www.w3.org/2001/XMLSchema#"

#: Prefix → namespace of the vocabularies of others; `mg` comes from the settings.
VOCABULARIES: dict[str, str] = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": XSD,
    "owl": "http://www.w3.org/2002/07/owl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "schema": "https://schema.org/",
    "prov": "http://www.w3.org/ns/prov#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "void": "http://rdfs.org/ns/void#",
    "spdx": "http://spdx.org/rdf/terms#",
}

#: What a literal cannot hold as it is; DEL too, which some readers drop.
_AWKWARD = r'["\\\x00-\x1f\x7f]'
_SHORT = {"\t": r"\t", "\b": r"\b", "\n": r"\n", "\r": r"\r", "\f": r"\f", '"': r"\"", "\\": r"\\"}
_ESCAPES = {
    letter: _SHORT.get(letter, f"\\u{ord(letter):04X}")
    for letter in [*map(chr, range(32)), '"', "\\", "\x7f"]
}
#: Where numbers recur so often, each is written once.
_SEVERAL = 3
#: Bytes that an IRI's path takes as they are.
_FREE = np.isin(np.arange(256), list(b"-._~0123456789" + string.ascii_letters.encode()))
#: Language, script, region, variants, as readers check them.
_LANG = re.compile(
    r"[a-z]{2,3}(-[a-z]{4})?(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*", re.ASCII
)


def prefixes(settings: Settings) -> Mapping[str, str]:
    """Return prefix → namespace of every vocabulary, ours included."""
    return {"mg": settings.namespace, **VOCABULARIES}


def escape(texts: pl.Series) -> pl.Series:
    """Return texts as they stand between the quotes of a literal; nulls stay null."""
    awkward = texts.str.contains(_AWKWARD).fill_null(False)
    if not awkward.any():
        return texts
    escaped = texts.filter(awkward).str.replace_many(list(_ESCAPES), list(_ESCAPES.values()))
    return texts.scatter(awkward.arg_true(), escaped)


def escape_one(text: str) -> str:
    """Return one text as it stands between the quotes of a literal.

    >>> escape_one('say "hi"')
    'say \\\\"hi\\\\"'
    """
    return "".join(_ESCAPES.get(letter, letter) for letter in text)


def encode(ids: pl.Series) -> pl.Series:
    """Return ids as they stand in the path of an IRI: percent-encoded UTF-8; nulls stay null."""
    if _has_only(_FREE, ids) and not ids.is_in([".", ".."]).any():
        return ids
    return map_distinct(ids.alias("id"), encode_one)


def _has_only(allowed: np.ndarray[Any, np.dtype[np.bool_]], texts: pl.Series) -> bool:
    """Say whether texts are of these bytes alone: all of them at once, much faster than by a pattern."""
    array = texts.rechunk().to_arrow()
    _, offsets, data = array.buffers()
    if offsets is None or data is None:
        return True
    begins = np.frombuffer(memoryview(offsets), dtype=np.int64)
    first, last = int(begins[array.offset]), int(begins[array.offset + len(array)])
    return bool(allowed[np.frombuffer(memoryview(data), dtype=np.uint8)[first:last]].all())


def encode_one(text: str) -> str:
    """Return one id as it stands in the path of an IRI.

    A path of dots alone would be folded away by readers, so dots are encoded there.

    >>> encode_one("10/4 café")
    '10%2F4%20caf%C3%A9'
    """
    return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe="-._~")


def language(tag: str) -> str:
    """Return a language tag as readers give it back: lower case; `und` where it is none."""
    folded = tag.strip().lower().replace("_", "-")
    return folded if _LANG.fullmatch(folded) else "und"


def doubles(numbers: pl.Series) -> pl.Series:
    """Return the canonical xsd:double of each number; nulls stay null.

    >>> doubles(pl.Series([0.87, 12.0, 1e-7])).to_list()
    ['8.7E-1', '1.2E1', '1.0E-7']
    """
    known = numbers.cast(pl.Float64).unique().drop_nulls()
    if len(known) * _SEVERAL < len(numbers) and not (known.is_nan() | (known == 0)).any():
        texts = [double(number) for number in known]
        return numbers.cast(pl.Float64).replace_strict(known, texts, default=None, return_dtype=pl.String)
    frame = numbers.cast(pl.Float64).alias("x").to_frame()
    text = pl.col("x").cast(pl.String)
    # 0.1 ≤ x < 1, as scores are: rearranged as text, which is much faster than number by number.
    tail = pl.when(text.str.len_bytes() > 3).then(text.str.slice(3)).otherwise(pl.lit("0"))
    quick = pl.concat_str(text.str.slice(2, 1), pl.lit("."), tail, pl.lit("E-1"))
    usual = pl.col("x").is_between(0.1, 1, closed="left") | pl.col("x").is_null()
    found = frame.select(pl.when(usual).then(quick).alias("x"), usual.alias("usual"))
    if found["usual"].all():
        return found["x"]
    rest = frame.filter(~found["usual"])["x"].cast(pl.String)
    slow = map_distinct(rest, lambda value: double(float(value)))
    return found["x"].scatter((~found["usual"]).arg_true(), slow)


@lru_cache(maxsize=1 << 16)
def double(number: float) -> str:
    """Return the canonical xsd:double of one number.

    >>> double(-1250)
    '-1.25E3'
    """
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else ("INF" if number > 0 else "-INF")
    sign = "-" if math.copysign(1.0, number) < 0 else ""
    digits, _, exponent = _shortest(abs(number)).partition("e")
    whole, _, fraction = digits.partition(".")
    power = int(exponent or 0) + len(whole) - 1
    figures = (whole + fraction).lstrip("0")
    power -= len(whole + fraction) - len(figures) if figures else power
    figures = figures.rstrip("0") or "0"
    return f"{sign}{figures[0]}.{figures[1:] or '0'}E{power}"


def _shortest(number: float) -> str:
    return repr(float(number))
