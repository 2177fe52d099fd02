"""In which order co-buys are asked about: what a budget buys first."""

from __future__ import annotations

import polars as pl

from mindgraph.tables import content_ids

ORDERS = ("coverage", "weight", "random")


def ordered(cobuys: pl.DataFrame, order: str, *, seed: int = 0) -> pl.DataFrame:
    """Return the co-buys in the order in which they are asked about.

    `coverage`: every product once before any twice, the heaviest pair first; `weight`: the heaviest
    first; `random`: by a hash of id and seed, the same every time.
    """
    if order == "random":
        turns = content_ids(cobuys.with_columns(seed=pl.lit(seed)), "turn", ["seed", "id"])
        return cobuys.with_columns(turn=turns).sort("turn").drop("turn")
    heavy = cobuys.sort(["weight", "id"], descending=[True, False])
    if order == "weight":
        return heavy
    rounds = coverage_rounds(heavy["product_a"].to_list(), heavy["product_b"].to_list())
    return (
        heavy.with_columns(round=pl.Series(rounds, dtype=pl.Int8))
        .sort("round", maintain_order=True)
        .drop("round")
    )


def coverage_rounds(firsts: list[str], seconds: list[str]) -> list[int]:
    """Return for each pair, in its order, when it is taken: 0, 1 or 2.

    0 where neither product was in an earlier pair of round 0; 1 where it brings in a product that
    round 0 left out; 2 for the rest.
    """
    seen: set[str] = set()
    rounds = [2] * len(firsts)
    for wanted in (2, 1):
        for place, (a, b) in enumerate(zip(firsts, seconds, strict=True)):
            if rounds[place] == 2 and (a not in seen) + (b not in seen) >= wanted:
                rounds[place] = 2 - wanted
                seen |= {a, b}
    return rounds
