"""Order lines behind the co-buys: exactly these pairs, each in exactly so many orders as it weighs.

Where three products are pairwise bought together, a few orders hold all three; what is left of each
pair is orders of two; orders of one product stand between them, as in any shop. Nothing is random:
what looks shuffled is ordered by a hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import combinations
from typing import NamedTuple

from mindgraph.records import content_id
from mindgraph.sample.texts import Shop

_FIRST_DAY = date(2026, 3, 2)
_FIRST_NUMBER = 10_001
#: Orders a day.
_A_DAY = 3
#: Orders of the same three products at most, and the weight that a pair keeps for orders of two.
_TRIPLES, _KEPT = 2, 1


class OrderLine(NamedTuple):
    """Be one line of one order."""

    order: str
    date: str
    product: str
    quantity: int


def order_lines(shop: Shop) -> Iterator[OrderLine]:
    """Yield the lines of all orders, by order number."""
    for number, basket in enumerate(_shuffled(_baskets(shop))):
        day = _FIRST_DAY + timedelta(days=number // _A_DAY)
        for product in basket:
            yield OrderLine(f"{_FIRST_NUMBER + number}", day.isoformat(), product, _quantity(number, product))


def _baskets(shop: Shop) -> list[tuple[str, ...]]:
    left = {(cobuy.a, cobuy.b): cobuy.weight for cobuy in shop.cobuys}
    baskets: list[tuple[str, ...]] = []
    for three in combinations(sorted(shop.products), 3):
        sides = list(combinations(three, 2))
        spare = min(left.get(side, 0) for side in sides) - _KEPT
        for _ in range(min(spare, _TRIPLES)):
            baskets.append(three)
            left |= {side: left[side] - 1 for side in sides}
    baskets += (pair for pair, weight in left.items() for _ in range(weight))
    return [*baskets, *((product,) for product in shop.products for _ in range(_alone(product)))]


def _shuffled(baskets: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    numbered = enumerate(baskets)
    return [basket for _, basket in sorted((content_id("order", n, *b), b) for n, b in numbered)]


def _alone(product: str) -> int:
    """Return how many orders hold this product alone: one to six."""
    return 1 + int(content_id("alone", product)[:4], 16) % 6


def _quantity(number: int, product: str) -> int:
    return 2 if int(content_id("quantity", number, product)[:4], 16) % 12 == 0 else 1
