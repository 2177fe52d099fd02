"""Which column of a file is which field: by its name, by a known other name, or by `--map`.

A map is `field=column` or `role.field=column`. Each file takes those maps whose column it has, so
that one list of maps serves several files.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from mindgraph.catalog.files import TableFile, read_table
from mindgraph.errors import CatalogError, SettingsError

PRODUCTS, COBUYS, ORDERS, INTENTIONS = "products", "cobuys", "orders", "intentions"

_PAIR_A = ("id_a", "item_a_id", "asin_a", "product_a_id", "item_a")
_PAIR_B = ("id_b", "item_b_id", "asin_b", "product_b_id", "item_b")

#: Role → field → other names under which it is known, compared without regard to case, spaces,
#: hyphens and underscores. A column serves one field: the first that claims it.
FIELDS: Mapping[str, Mapping[str, Sequence[str]]] = {
    PRODUCTS: {
        "id": ("product_id", "sku", "asin", "parent_asin", "item_id"),
        "title": ("name", "product_name", "product_title"),
        "brand": ("manufacturer",),
        "categories": ("category", "category_path"),
        "description": (),
        "price": (),
        "image": ("image_file", "image_path", "picture"),
    },
    COBUYS: {"product_a": _PAIR_A, "product_b": _PAIR_B, "weight": ("count",)},
    ORDERS: {
        "order": ("order_id", "basket", "basket_id", "session", "session_id"),
        "product": ("product_id", "item", "item_id", "sku", "asin"),
    },
    INTENTIONS: {
        "product_a": _PAIR_A,
        "product_b": _PAIR_B,
        "title_a": ("item_a_name", "name_a", "product_a_name", "product_a"),
        "title_b": ("item_b_name", "name_b", "product_b_name", "product_b"),
        "relation": (),
        "text": ("intention", "assertion"),
        "detail": (),
        "answer": ("agreement", "verdict"),
        "score": ("acceptance",),
        "reason": (),
    },
}
REQUIRED: Mapping[str, Sequence[str]] = {
    PRODUCTS: ("id",),
    COBUYS: ("product_a", "product_b"),
    ORDERS: ("order", "product"),
    INTENTIONS: ("product_a", "product_b", "text"),
}


@dataclass(frozen=True)
class Map:
    """Say that a field stands in a column of another name; an empty role means every file."""

    role: str
    field: str
    column: str


@dataclass(frozen=True)
class Input:
    """Hold one file whose columns are known: the rows by field, and which fields it has."""

    role: str
    file: TableFile
    #: `line` and every field of the role; null throughout where the file has no such column.
    rows: pl.DataFrame
    has: frozenset[str]


def parse_maps(texts: Iterable[str]) -> list[Map]:
    """Read `field=column` and `role.field=column`; raise SettingsError for an unknown field."""
    return [_parse_map(text) for text in texts]


def read_input(path: Path, role: str, maps: Sequence[Map]) -> Input:
    """Read a file in its role; raise CatalogError where a required column is missing."""
    own = [m for m in maps if m.role in ("", role) and m.field in FIELDS[role]]
    names = {_folded(name) for field, others in FIELDS[role].items() for name in (field, *others)}
    mapped = {m.column for m in own}
    file = read_table(path, lambda name: name in mapped or _folded(name) in names)
    chosen = _choose(file.columns, role, own)
    missing = [field for field in REQUIRED[role] if field not in chosen]
    if missing:
        raise missing_column(file, role, missing[0])
    none = pl.Series([None], dtype=pl.String).new_from_index(0, len(file.lines))
    columns = [
        (file.cells[chosen[field]] if field in chosen else none).alias(field) for field in FIELDS[role]
    ]
    return Input(role, file, pl.DataFrame([file.lines.alias("line"), *columns]), frozenset(chosen))


def read_field(path: Path, role: str, field: str, maps: Sequence[Map]) -> pl.Series:
    """Return the distinct values of one field of a file, sorted; none where it has no such column."""
    own = [m for m in maps if m.role in ("", role) and m.field in FIELDS[role]]
    names = {_folded(name) for name in (field, *FIELDS[role][field])}
    mapped = {m.column for m in own if m.field == field}
    file = read_table(path, lambda name: name in mapped or _folded(name) in names)
    column = _choose(file.columns, role, own).get(field)
    found = file.cells[column] if column else pl.Series(dtype=pl.String)
    return found.drop_nulls().unique().sort()


def missing_column(file: TableFile, role: str, field: str) -> CatalogError:
    """Return the error that says which columns there are, and how to name the right one."""
    columns = ", ".join(map(repr, file.columns)) or "none"
    return CatalogError(
        f"{file.path} has no column {field!r} for the {role}; its columns are {columns}.",
        hint=f"Say which it is: --map '{field}=COLUMN', or for {role} alone --map '{role}.{field}=COLUMN'.",
    )


def check_maps(maps: Sequence[Map], inputs: Sequence[Input]) -> None:
    """Raise CatalogError for a map whose column is in none of the files of its role."""
    for m in maps:
        files = [i.file for i in inputs if m.role in ("", i.role) and m.field in FIELDS[i.role]]
        if not any(m.column in file.columns for file in files):
            where = (
                "; ".join(f"{file.name}: {', '.join(file.columns)}" for file in files)
                or "there is no such file"
            )
            known = [column for file in files for column in file.columns]
            near = difflib.get_close_matches(m.column, known, n=1)
            raise CatalogError(
                f"--map {m.field}={m.column}: no file has a column {m.column!r} ({where}).",
                hint=f"Did you mean {near[0]!r}?" if near else "Name a column that is there.",
            )


def _parse_map(text: str) -> Map:
    left, equals, column = text.partition("=")
    role, dot, field = left.strip().rpartition(".")
    roles = [role] if dot else list(FIELDS)
    if not equals or not column.strip():
        raise SettingsError(f"--map {text!r} is not field=column.", hint="For example: --map title=name")
    if role and role not in FIELDS:
        raise SettingsError(
            f"--map {text!r}: there is no role {role!r}.", hint=f"Roles: {', '.join(FIELDS)}."
        )
    fields = list(dict.fromkeys(name for known in roles for name in FIELDS[known]))
    if field not in fields:
        near = difflib.get_close_matches(field, fields, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"Fields: {', '.join(fields)}."
        raise SettingsError(f"--map {text!r}: there is no field {field!r}.", hint=hint)
    return Map(role, field, column.strip())


def _choose(columns: Sequence[str], role: str, maps: Sequence[Map]) -> dict[str, str]:
    """Return field → column: maps first (those with a role before those without), then known names."""
    chosen: dict[str, str] = {}
    for m in sorted(maps, key=lambda m: not m.role):
        if m.column in columns:
            chosen.setdefault(m.field, m.column)
    folded = {_folded(name): name for name in reversed(columns)}
    for field, others in FIELDS[role].items():
        exact = [field] if field in columns else []
        named = [folded[_folded(name)] for name in (*others, field) if _folded(name) in folded]
        free = [name for name in exact + named if name not in chosen.values()]
        if field not in chosen and free:
            chosen[field] = free[0]
    return chosen


def _folded(name: str) -> str:
    return "".join(character for character in name.casefold() if character not in " _-")
