"""The intention graph: two kinds of evidence that two intentions serve one purpose.

Nearness of text; and behaviour: serving the same product through different co-buys. Intentions said
about one co-buy are no evidence for each other, for one answer would then hold together whatever it
happens to list. Products with many co-buys and intentions said of everything weigh less.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from scipy import sparse

#: Products with more co-buys than this say little of any one intention: they are left out.
HUB = 200
#: Neighbours kept for each intention by behaviour.
KEPT = 20
#: Intentions taken at once when products are crossed: bounds the memory.
BLOCK = 20_000


@dataclass(frozen=True)
class Evidence:
    """Hold both graphs over the same intentions, symmetric, and their mixture."""

    text: sparse.csr_matrix
    behaviour: sparse.csr_matrix
    mixed: sparse.csr_matrix


def evidence(near: pl.DataFrame, said: pl.DataFrame, count: int, *, weight: float, floor: float) -> Evidence:
    """Return the two graphs and their mixture over `count` intentions.

    `near` has source, target, cosine; cosines below `floor` count nothing. `said` has product,
    cobuy, intention (row number), one row a product and triple. `weight` is the share of behaviour
    in the mixture, 0 to 1; both graphs weigh the same in total before it is applied.
    """
    text = text_graph(near, count, floor)
    behaviour = behaviour_graph(said, count)
    return Evidence(text, behaviour, mixture(text, behaviour, weight))


def mixture(text: sparse.csr_matrix, behaviour: sparse.csr_matrix, weight: float) -> sparse.csr_matrix:
    """Return (1 - weight) × text + weight × behaviour, each scaled to a mean degree of 1."""
    mixed = _scaled(text) * (1 - weight) + _scaled(behaviour) * weight
    mixed = sparse.csr_matrix(mixed)
    mixed.eliminate_zeros()
    mixed.sort_indices()
    return mixed


def text_graph(near: pl.DataFrame, count: int, floor: float) -> sparse.csr_matrix:
    """Return nearness of text as a symmetric graph: (cosine - floor) / (1 - floor), squared."""
    close = near.filter(pl.col("cosine") > floor)
    weights = ((close["cosine"].cast(pl.Float64) - floor) / (1 - floor)).to_numpy() ** 2
    graph = _matrix(weights, close["source"].to_numpy(), close["target"].to_numpy(), (count, count))
    return graph.maximum(graph.T).tocsr()


def behaviour_graph(said: pl.DataFrame, count: int) -> sparse.csr_matrix:
    """Return shared products through different co-buys as a symmetric graph.

    For intentions i and j: the sum over products of idf(i) idf(j) / (number of co-buys of the
    product), counted over pairs of different co-buys of that product, divided by the geometric mean
    of both intentions' co-buys. The strongest of each intention are kept.
    """
    busy = said.group_by("product").agg(pl.col("cobuy").n_unique().alias("cobuys"))
    busy = busy.filter(pl.col("cobuys").is_between(2, HUB))
    shared = said.join(busy, on="product").select("product", "cobuy", "intention", "cobuys").unique()
    if shared.is_empty():
        return sparse.csr_matrix((count, count))
    uses = said.select("cobuy", "intention").unique()
    frequency = np.bincount(uses["intention"].to_numpy(), minlength=count).astype(np.float64)
    total = max(uses["cobuy"].n_unique(), 2)
    strength = np.log(1 + total / np.maximum(frequency, 1)) / np.log(1 + total)
    strength /= np.sqrt(np.maximum(frequency, 1))
    through, within = _crossings(shared, strength, count)
    return _strongest_of(through, within, count)


def _crossings(
    shared: pl.DataFrame, strength: Any, count: int
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return product × intention, and (product, co-buy) × intention: what shares a product, and a co-buy.

    The product of the first with itself counts pairs of co-buys of a product, same ones included;
    that of the second counts only the same ones.
    """
    order = shared.sort("product", "cobuy", "intention")
    product = order["product"].rle_id().to_numpy()
    event = order.select(pl.struct("product", "cobuy").rle_id().alias("event"))["event"].to_numpy()
    intention = order["intention"].to_numpy()
    weight = strength[intention] / np.sqrt(order["cobuys"].to_numpy())
    products = _matrix(weight, product, intention, (int(product.max()) + 1, count))
    events = _matrix(weight, event, intention, (int(event.max()) + 1, count))
    return products, events


def _strongest_of(products: sparse.csr_matrix, events: sparse.csr_matrix, count: int) -> sparse.csr_matrix:
    """Return the crossing of products less that of events, the strongest of each row, made symmetric."""
    down, within = products.T.tocsr(), events.T.tocsr()
    blocks = []
    for start in range(0, count, BLOCK):
        block = down[start : start + BLOCK] @ products - within[start : start + BLOCK] @ events
        blocks.append(_top(sparse.csr_matrix(block), start))
    found = pl.concat(blocks)
    graph = _matrix(
        found["weight"].to_numpy(), found["source"].to_numpy(), found["target"].to_numpy(), (count, count)
    )
    return graph.maximum(graph.T).tocsr()


def _top(block: sparse.csr_matrix, start: int) -> pl.DataFrame:
    rows = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
    table = pl.DataFrame({"source": rows, "target": block.indices.astype(np.int64), "weight": block.data})
    return (
        table.filter((pl.col("weight") > 1e-9) & (pl.col("source") != pl.col("target")))
        .with_columns(pl.col("weight").round(9))
        .sort("source", "weight", "target", descending=[False, True, False])
        .group_by("source", maintain_order=True)
        .head(KEPT)
    )


def _matrix(data: Any, rows: Any, columns: Any, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((data, (rows, columns)), shape=shape)


def _scaled(graph: sparse.csr_matrix) -> sparse.csr_matrix:
    total = graph.sum()
    return graph * (graph.shape[0] / total) if total else graph
