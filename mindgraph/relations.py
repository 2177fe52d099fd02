"""The 17 typed relations of the method, and the open one.

Each relation has the phrase that is put to the model, the group it is asked in, and the nearest
ConceptNet 5 relation for linking. The authors' spellings are read; one spelling is written.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec


class Relation(msgspec.Struct, frozen=True, kw_only=True):
    """Name one way in which an intention explains a co-buy."""

    name: str
    phrase: str
    group: str
    conceptnet: str | None = None
    usage: bool = False
    by_default: bool = True


def _relation(name: str, phrase: str, group: str, conceptnet: str | None) -> Relation:
    return Relation(
        name=name,
        phrase=phrase,
        group=group,
        conceptnet=conceptnet,
        usage=group == "use",
        by_default=name != "causeDesire",
    )


RELATIONS: tuple[Relation, ...] = (
    _relation("usedFor", "they are both used for", "use", "UsedFor"),
    _relation("capableOf", "they both are capable of", "use", "CapableOf"),
    _relation("can", "they both can", "use", "CapableOf"),
    _relation("effect", "they both have an effect of", "use", "Causes"),
    _relation("cause", "the person wants to", "use", "MotivatedByGoal"),
    _relation("isA", "they both are a type of", "nature", "IsA"),
    _relation("definedAs", "they both are defined as", "nature", "DefinedAs"),
    _relation("partOf", "they both are a part of", "nature", "PartOf"),
    _relation("propertyOf", "they both have a property of", "nature", "HasProperty"),
    _relation("madeOf", "they both are made of", "nature", "MadeOf"),
    _relation("createdBy", "they are created by", "nature", "CreatedBy"),
    _relation("relatedTo", "they both are related to", "relation", "RelatedTo"),
    _relation("similarTo", "they both are similar to", "relation", "SimilarTo"),
    _relation("distinctFrom", "they are distinct from", "relation", "DistinctFrom"),
    _relation("deriveFrom", "they are derived from", "relation", "DerivedFrom"),
    _relation("symbolOf", "they both are symbols of", "relation", "SymbolOf"),
    _relation("mannerOf", "they both are a manner of", "relation", "MannerOf"),
    _relation("open", "", "open", None),
    _relation("causeDesire", "the person wants his", "use", "CausesDesire"),
)

BY_NAME: dict[str, Relation] = {relation.name: relation for relation in RELATIONS}
DEFAULT_RELATIONS: tuple[str, ...] = tuple(r.name for r in RELATIONS if r.by_default)
USAGE_RELATIONS: tuple[str, ...] = tuple(r.name for r in RELATIONS if r.usage and r.by_default)
GROUPS: tuple[str, ...] = ("use", "nature", "relation", "open")

#: Other spellings that are read, folded to lower case; a missing relation is `open`.
ALIASES: dict[str, str] = {
    **{relation.name.lower(): relation.name for relation in RELATIONS},
    "propertof": "propertyOf",
    "other": "open",
    "": "open",
}


@lru_cache(maxsize=4096)
def canonical_relation(name: str | None) -> str | None:
    """Return the one spelling of a relation's name, or None where it is unknown.

    Case is folded, and underscores, hyphens and spaces are ignored; no name at all is `open`.
    """
    folded = (name or "").strip().lower()
    for mark in "_- ":
        folded = folded.replace(mark, "")
    return ALIASES.get(folded)
