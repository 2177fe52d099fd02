"""A synthetic shop: its products, and what was bought together, with hubs as shops have them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from benchmarks.purposes import Ints, Purposes
from benchmarks.vocabulary import BRANDS, DEPARTMENTS, LOOKS
from mindgraph.records import CoBuy, Product
from mindgraph.tables import content_ids, schema_of

#: Popularity falls with the rank to this power (Zipf–Mandelbrot).
_POWER, _SHIFT = 0.75, 2.7
_WITHIN = 0.75


@dataclass(frozen=True)
class Products:
    """Hold the products' table, and per product (in that order) what only the generator knows."""

    frame: pl.DataFrame
    department: Ints
    thing: Ints
    popularity: NDArray[np.float64]
    #: Two fine purposes of each product.
    purposes: Ints


@dataclass(frozen=True)
class CoBuys:
    """Hold the co-buys' table, and the numbers of their products."""

    frame: pl.DataFrame
    a: Ints
    b: Ints


def make_products(rng: np.random.Generator, count: int, purposes: Purposes) -> Products:
    """Make products of all departments; departments and purposes have favourites."""
    department = favourites(rng, purposes.departments, count, power=0.5)
    thing = favourites(rng, 9, count, power=0.4)
    chosen = favourites(rng, 80, 2 * count, power=1.0).reshape(2, count)
    choice = (chosen * 7 + thing * 11 + department * 13) % 80
    served = np.stack([purposes.of_thing(department, thing, c) for c in choice])
    popularity = (rng.permutation(count) + 1 + _SHIFT) ** -_POWER
    frame = _describe(rng, count, department, thing)
    return Products(frame, department, thing, popularity, served)


def make_cobuys(rng: np.random.Generator, count: int, products: Products) -> CoBuys:
    """Make distinct pairs: each product once with a partner, then popular ones again and again."""
    total = len(products.popularity)
    tries = int(count * 1.5) + 100
    everywhere = _draw(rng, products.popularity, max(0, tries - total))
    first = np.concatenate([rng.permutation(total), everywhere])[:tries]
    second = np.where(
        rng.random(tries) < _WITHIN,
        _partners(rng, products, products.department[first]),
        _draw(rng, products.popularity, tries),
    )
    low, high = np.minimum(first, second), np.maximum(first, second)
    pairs = pl.DataFrame({"a": low, "b": high}).filter(pl.col("a") != pl.col("b"))
    pairs = pairs.unique(maintain_order=True).head(count)
    if len(pairs) < count:
        raise ValueError(f"{total} products have no {count} different pairs.")
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    ids = products.frame["id"]
    frame = pl.DataFrame({"product_a": ids.gather(a), "product_b": ids.gather(b)})
    weight = np.minimum(rng.zipf(2.2, count), 500).astype(np.float64)
    lift = pl.Series(np.round(rng.lognormal(2.0, 1.0, count), 3))
    frame = frame.with_columns(
        content_ids(frame, "cobuy", ["product_a", "product_b"]),
        weight=pl.Series(weight),
        lift=lift.zip_with(pl.Series(rng.random(count) < 0.9), pl.Series([None], dtype=pl.Float64)),
        source=pl.concat_list(pl.format("cobuys.csv:{}", pl.int_range(2, count + 2))),
    )
    return CoBuys(frame.select(list(schema_of(CoBuy))), a, b)


def _describe(rng: np.random.Generator, count: int, department: Ints, thing: Ints) -> pl.DataFrame:
    """Return the products' table; the ids are in the order of the rows."""
    names = list(DEPARTMENTS)
    things = pl.Series([noun for nouns in DEPARTMENTS.values() for noun in nouns])
    noun = things.gather(department * 9 + thing)
    brand = pl.Series(BRANDS).gather(favourites(rng, len(BRANDS), count, power=0.6))
    look = pl.Series(LOOKS).gather(rng.integers(0, len(LOOKS), count))
    part = rng.random((3, count))
    frame = pl.DataFrame({"noun": noun, "brand": brand, "look": look}).with_columns(
        number=pl.Series(rng.integers(10, 990, count)),
        department=pl.Series(names).gather(department),
        price=pl.Series(np.round(rng.lognormal(3.2, 0.9, count), 2)),
    )
    no_text, no_price = pl.lit(None, pl.String), pl.lit(None, pl.Float64)
    return frame.select(
        id=pl.format("B{}", (pl.int_range(0, count, dtype=pl.Int64) + 100_000_000).cast(pl.String)),
        title=pl.format("{} {} {}, model {}", "brand", pl.col("look").str.to_titlecase(), "noun", "number"),
        titled=pl.lit(True),
        brand=pl.when(pl.Series(part[0] < 0.95)).then("brand").otherwise(no_text),
        categories=pl.concat_list(pl.format("{} > {}", "department", "noun")),
        description=pl.when(pl.Series(part[1] < 0.5))
        .then(pl.format("A {} {} by {}, made for everyday use — and then some.", "look", "noun", "brand"))
        .otherwise(no_text),
        price=pl.when(pl.Series(part[2] < 0.85)).then("price").otherwise(no_price),
        image=no_text,
        source=pl.format("products.csv:{}", pl.int_range(2, count + 2)),
    ).select(list(schema_of(Product)))


def favourites(rng: np.random.Generator, kinds: int, size: int, *, power: float) -> Ints:
    """Draw numbers below `kinds`, the smaller the more often."""
    weights = (np.arange(kinds) + 1.0) ** -power
    return rng.choice(kinds, size, p=weights / weights.sum()).astype(np.int64)


def _draw(rng: np.random.Generator, weights: NDArray[np.float64], size: int) -> Ints:
    sums = np.cumsum(weights)
    return np.searchsorted(sums, rng.random(size) * sums[-1], side="right").clip(0, len(weights) - 1)


def _partners(rng: np.random.Generator, products: Products, department: Ints) -> Ints:
    """Draw a product of each of the departments given, by popularity."""
    order = np.argsort(products.department, kind="stable")
    sums = np.concatenate([[0.0], np.cumsum(products.popularity[order])])
    borders = np.searchsorted(products.department[order], np.arange(department.max() + 2))
    low, high = sums[borders[department]], sums[borders[department + 1]]
    drawn = np.searchsorted(sums, low + rng.random(len(department)) * (high - low), side="right") - 1
    return order[drawn.clip(0, len(order) - 1)]
