"""Triples for link prediction: head, relation and tail, split without leakage."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from mindgraph.exports.files import one_line, write_text, write_tsv
from mindgraph.exports.network import Network

#: Shares of all pairs that are held back for choosing and for measuring.
VALID = TEST = 0.1


def write_links(network: Network, folder: Path, seed: int) -> list[Path]:
    """Write train, valid and test triples with the labels of entities and relations."""
    parts = split(triples_of(network), seed)
    labels = network.nodes.select("id", "kind", one_line("label").alias("label")).sort("id")
    relations = parts["train"].group_by("relation").len(name="train").sort("relation")
    return [
        *(write_tsv(folder / f"{name}.txt", rows, header=False) for name, rows in parts.items()),
        write_tsv(folder / "entities.tsv", labels.with_columns(_name("id"))),
        write_tsv(folder / "relations.tsv", relations),
        write_text(folder / "README.md", _README),
    ]


def triples_of(network: Network) -> pl.DataFrame:
    """Return distinct triples: products and intentions by relation, co-buys, clusters."""
    named = (
        pl.when(pl.col("kind") == "BOUGHT_FOR").then("relation").otherwise(pl.col("kind").str.to_lowercase())
    )
    return (
        network.edges.select(
            _name("source").alias("head"), named.alias("relation"), _name("target").alias("tail")
        )
        .unique()
        .sort("head", "relation", "tail")
    )


def split(triples: pl.DataFrame, seed: int) -> dict[str, pl.DataFrame]:
    """Return the triples as train, valid and test.

    All that is said of two entities, in either direction and by any relation, stands on one side.
    Every entity and relation of valid and test stands in train. Clusters are all in train: they are
    background, not something to predict.
    """
    pairs = pl.concat_str(pl.min_horizontal("head", "tail"), pl.lit("\t"), pl.max_horizontal("head", "tail"))
    told = triples.with_columns(pairs.alias("pair"))
    background = pl.col("relation").is_in(["in_cluster", "part_of"])
    whole = told.filter(background.any().over("pair"))
    rest = told.join(whole, on="pair", how="anti")
    order = rest.select("pair").unique().sort("pair")
    shuffled = order.select(pl.col("pair").gather(np.random.default_rng(seed).permutation(len(order))))
    ranked = rest.join(shuffled.with_row_index("rank"), on="pair").sort("rank", "head", "relation", "tail")
    needed = ranked.filter(_first_of_anything(ranked))["pair"].unique()
    free = shuffled.filter(~pl.col("pair").is_in(needed.implode()))["pair"]
    held = round(TEST * len(order))
    test, valid = free.head(held), free.slice(held, round(VALID * len(order)))
    sides = {"test": test, "valid": valid}
    kept = {name: rest.filter(pl.col("pair").is_in(chosen.implode())) for name, chosen in sides.items()}
    gone = pl.concat([test, valid])
    train = pl.concat([whole, rest.filter(~pl.col("pair").is_in(gone.implode()))])
    parts = {"train": train, "valid": kept["valid"], "test": kept["test"]}
    return {
        name: rows.select("head", "relation", "tail").sort("head", "relation", "tail")
        for name, rows in parts.items()
    }


def _first_of_anything(ranked: pl.DataFrame) -> pl.Series:
    """Say of which rows an entity or relation is the first to come: these rows go into train."""
    rows = ranked.with_row_index("row").select("row", "head", "relation", "tail")
    ends = pl.concat(rows.select("row", pl.col(side).alias("end")) for side in ("head", "tail"))
    first = ends.sort("row").unique("end", keep="first", maintain_order=True)["row"]
    spoken = rows.unique("relation", keep="first", maintain_order=True)["row"]
    return rows["row"].is_in(pl.concat([first, spoken]).implode())


def _name(column: str) -> pl.Expr:
    """Return an entity's name without what would break a line; distinct ids stay distinct."""
    return pl.col(column).str.replace_many(["%", "\t", "\n", "\r"], ["%25", "%09", "%0A", "%0D"])


_README = """\
# Triples for link prediction

`train.txt`, `valid.txt` and `test.txt` hold one triple a line: head, relation and tail, with tabs
between. All that is said of two entities stands in one file; every entity and relation of `valid.txt`
and `test.txt` stands in `train.txt`, too. `entities.tsv` and `relations.tsv` say what the names mean.

    from pykeen.triples import TriplesFactory
    train = TriplesFactory.from_path("train.txt")
    same = {"entity_to_id": train.entity_to_id, "relation_to_id": train.relation_to_id}
    test = TriplesFactory.from_path("test.txt", **same)
"""
