"""Conversations for fine-tuning a language model on intentions.

Two tasks: say why two products are bought together, and choose the product that is bought with another
for a reason. No product stands in two of the files, and no pair of a benchmark in any.
"""

from __future__ import annotations

import csv
import html
from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np
import polars as pl

from mindgraph.errors import CatalogError
from mindgraph.exports.files import write_jsonl
from mindgraph.graph import Graph
from mindgraph.relations import BY_NAME
from mindgraph.tables import map_distinct, normal_forms

#: Shares of the products that are held back.
VALID = TEST = 0.1
OPTIONS = 4
#: How many products are drawn at random for the wrong options of one question.
_DRAWS = 12
_SYSTEM = "You know why people buy things."
_LETTERS = ("A", "B", "C", "D")
#: Names of the two columns that hold a pair, of ids and of titles, in files of benchmarks.
_IDS = (
    ("product_a", "product_b"),
    ("asin_a", "asin_b"),
    ("item_a_id", "item_b_id"),
    ("id_a", "id_b"),
    ("a", "b"),
)
_TITLES = (("title_a", "title_b"), ("item_a_name", "item_b_name"))


def write_chats(graph: Graph, folder: Path, seed: int, exclude: Iterable[Path] = ()) -> list[Path]:
    """Write train, valid and test conversations; pairs that stand in the files of `exclude` are left out."""
    rng = np.random.default_rng(seed)
    told = _told(graph)
    for path in exclude:
        told = _without(told, read_pairs(path))
    sides = _sides(graph, rng)
    both = told.join(sides, left_on="a", right_on="product").join(
        sides, left_on="b", right_on="product", suffix="_b"
    )
    kept = both.filter(pl.col("side") == pl.col("side_b")).sort("triple")
    chats = pl.concat([_understand(kept), _choose(kept, sides, graph, rng)]).sort("triple", "task")
    return [
        write_jsonl(folder / f"{side}.jsonl", chats.filter(pl.col("side") == side).drop("side"))
        for side in ("train", "valid", "test")
    ]


def read_pairs(path: Path) -> pl.DataFrame:
    """Return the pairs of a benchmark's file (CSV or JSON lines) with columns kind (id or title), a and b.

    Raises CatalogError for a file that holds no pairs of ids or titles, naming file and line.
    """
    rows = _json_rows(path) if path.suffix in (".jsonl", ".json") else _csv_rows(path)
    found = {
        (kind, str(row[one]), str(row[other]))
        for row in rows
        for kind, choices in (("id", _IDS), ("title", _TITLES))
        for one, other in choices
        if row.get(one) and row.get(other)
    }
    if not found:
        known = ", ".join("/".join(pair) for pair in (*_IDS, *_TITLES))
        raise CatalogError(f"{path}: no pairs of products.", hint=f"Two columns name them: {known}.")
    return pl.DataFrame(
        sorted(found), schema={"kind": pl.String, "a": pl.String, "b": pl.String}, orient="row"
    )


def _json_rows(path: Path) -> list[dict[str, object]]:
    rows = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            rows.append(msgspec.json.decode(line, type=dict[str, object]))
        except msgspec.DecodeError as error:
            raise CatalogError(
                f"{path}:{number}: {error}", hint="One JSON object a line is wanted."
            ) from error
    return rows


def _csv_rows(path: Path) -> list[dict[str, object]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [dict(row) for row in csv.DictReader(file)]


def _told(graph: Graph) -> pl.DataFrame:
    """Return what is told of each co-buy: triple, both products with their titles, relation, sentence."""
    products = graph.nodes["Product"].rows.select("key", "id", "title")
    ends = (
        graph.edges["OF"]
        .rows.group_by("source")
        .agg(pl.col("target").min().alias("a"), pl.col("target").max().alias("b"))
    )
    stated = graph.edges["HAS_INTENTION"].rows.select(
        pl.col("id").alias("triple"), "source", "relation", "target"
    )
    return (
        stated.join(ends.filter(pl.col("a") != pl.col("b")), on="source")
        .join(graph.nodes["Intention"].rows.select("id", "text"), left_on="target", right_on="id")
        .join(products.rename({"id": "id_a", "title": "title_a"}), left_on="a", right_on="key")
        .join(products.rename({"id": "id_b", "title": "title_b"}), left_on="b", right_on="key")
        .with_columns(_sentence())
        .sort("triple")
    )


def _sentence() -> pl.Expr:
    """Return the intention as a clause after "because"."""
    phrases = {name: relation.phrase for name, relation in BY_NAME.items()}
    phrase = pl.col("relation").replace_strict(phrases, default="", return_dtype=pl.String)
    return pl.concat_str(phrase, pl.lit(" "), "text").str.strip_chars().alias("because")


def _sides(graph: Graph, rng: np.random.Generator) -> pl.DataFrame:
    """Return on which side each product stands: columns product and side."""
    keys = graph.nodes["Product"].rows["key"].sort()
    drawn = pl.Series(rng.random(len(keys)))
    side = pl.when(drawn < TEST).then(pl.lit("test")).when(drawn < TEST + VALID).then(pl.lit("valid"))
    return keys.alias("product").to_frame().with_columns(side.otherwise(pl.lit("train")).alias("side"))


def _without(told: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Leave out what is told of these pairs, whichever product comes first, by id or by title."""
    ids, titles = (pairs.filter(pl.col("kind") == kind).select("a", "b") for kind in ("id", "title"))
    by_id = _anti(told, ids, "id_a", "id_b")
    plain = by_id.with_columns(_plain(by_id["title_a"]).alias("_a"), _plain(by_id["title_b"]).alias("_b"))
    normal = titles.select(_plain(titles["a"]).alias("a"), _plain(titles["b"]).alias("b"))
    return _anti(plain, normal, "_a", "_b").drop("_a", "_b")


def _anti(told: pl.DataFrame, pairs: pl.DataFrame, first: str, second: str) -> pl.DataFrame:
    for one, other in ((first, second), (second, first)):
        told = told.join(pairs, left_on=[one, other], right_on=["a", "b"], how="anti", maintain_order="left")
    return told


def _plain(titles: pl.Series) -> pl.Series:
    """Return titles as they are compared: without HTML's entities, normalised."""
    return normal_forms(map_distinct(titles.alias("title"), html.unescape))


def _understand(told: pl.DataFrame) -> pl.DataFrame:
    """Return one conversation a triple: why are the two bought together?"""
    question = pl.format("Somebody bought these two together:\nA: {}\nB: {}\nWhy?", "title_a", "title_b")
    return told.select(
        "triple", pl.lit("understand").alias("task"), "side", _messages(question, _capital("because"))
    )


def _choose(told: pl.DataFrame, sides: pl.DataFrame, graph: Graph, rng: np.random.Generator) -> pl.DataFrame:
    """Return one conversation a triple: which of four products is bought with the first for the reason?

    The wrong ones stand on the same side and were never bought with the first.
    """
    options, right = _options(told, sides, graph, rng)
    asked = told.with_columns(options, right).filter(pl.col("options").list.len() == OPTIONS)
    lines = [
        pl.format("{}: {}", pl.lit(letter), pl.col("options").list.get(n, null_on_oob=True))
        for n, letter in enumerate(_LETTERS)
    ]
    question = pl.concat_str(
        pl.format(
            "Somebody bought this:\n{}\nand something else, because {}.\nWhat was it?\n", "title_a", "because"
        ),
        pl.concat_str(lines, separator="\n"),
    )
    answer = pl.col("right").replace_strict(list(range(OPTIONS)), list(_LETTERS), return_dtype=pl.String)
    return asked.select("triple", pl.lit("choose").alias("task"), "side", _messages(question, answer))


def _options(
    told: pl.DataFrame, sides: pl.DataFrame, graph: Graph, rng: np.random.Generator
) -> tuple[pl.Series, pl.Series]:
    """Return for each triple the titles to choose from, and the place of the right one."""
    titles = sides.join(graph.nodes["Product"].rows.select("key", "title"), left_on="product", right_on="key")
    pools = titles.sort("side", "product").with_columns(pl.int_range(pl.len()).over("side").alias("number"))
    rows = told.with_row_index("row").join(
        pools.group_by("side").len("pool"), on="side", maintain_order="left"
    )
    slots = [(rng.random(len(rows)) * rows["pool"].to_numpy()).astype(np.int64) for _ in range(_DRAWS)]
    drawn = pl.concat(
        rows.select("row", "side", "a", "b", "title_b").with_columns(pl.Series("number", n)) for n in slots
    )
    wrong = (
        drawn.join(pools, on=["side", "number"])
        .filter((pl.col("product") != pl.col("a")) & (pl.col("title") != pl.col("title_b")))
        .join(_partners(graph), left_on=["a", "product"], right_on=["source", "target"], how="anti")
        .select("row", "title")
        .unique()
        .sort("row", "title")
        .group_by("row", maintain_order=True)
        .agg(pl.col("title").sample(fraction=1, shuffle=True, seed=0).head(OPTIONS - 1).alias("wrong"))
    )
    places = pl.Series("right", rng.integers(OPTIONS, size=len(rows)), dtype=pl.Int64)
    whole = rows.join(wrong, on="row", how="left", maintain_order="left").with_columns(places)
    before, after = pl.col("wrong").list.head("right"), pl.col("wrong").list.slice("right")
    options = whole.select(pl.concat_list(before, "title_b", after).alias("options")).to_series()
    return options, places


def _partners(graph: Graph) -> pl.DataFrame:
    """Return which products were ever bought together, in both directions: source and target."""
    rows = graph.edges["CO_BOUGHT"].rows.select("source", "target")
    return pl.concat([rows, rows.select(pl.col("target").alias("source"), pl.col("source").alias("target"))])


def _messages(question: pl.Expr, answer: pl.Expr) -> pl.Expr:
    """Return a conversation as chat templates take it: system, user and assistant."""
    said = [("system", pl.lit(_SYSTEM)), ("user", question), ("assistant", answer)]
    return pl.concat_list(
        pl.struct(pl.lit(role).alias("role"), content.alias("content")) for role, content in said
    ).alias("messages")


def _capital(column: str) -> pl.Expr:
    return pl.concat_str(
        pl.col(column).str.head(1).str.to_uppercase(), pl.col(column).str.slice(1), pl.lit(".")
    )
