"""The intention graph: two kinds of evidence that two intentions serve one purpose.

Nearness of text; and behaviour: serving the same product through different co-buys, as far as the texts
are not unrelated: half of what is said of a product belongs to its partner, so that a shared product
alone holds together what has nothing to do with each other. Intentions said about one co-buy are no
evidence for each other, for one answer would then hold together whatever it happens to list. Products
with many co-buys and intentions said of everything weigh less, and so does what differs in a guard
(negation, number, size, brand), to which vectors are nearly blind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import sparse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: Cosine below which two texts are not near at all.
FLOOR = 0.35
#: What shared products count where the texts are unrelated: where nothing else is known, they still hold.
BARE = 0.01
#: What evidence counts between intentions that differ in a guard.
GUARDED = 0.2
#: Products with more co-buys than this say little of any one intention: they are left out.
HUB = 200
#: Neighbours kept for each intention by behaviour.
KEPT = 20
#: Intentions taken at once when products are crossed: bounds the memory.
BLOCK = 20_000
#: Pairs whose cosines are computed at once: bounds the memory.
PAIRS = 100_000


@dataclass(frozen=True)
class Texts:
    """Hold what is known of the texts, in the order of the intentions' numbers.

    `guards` are equal numbers where the guards are equal.
    """

    vectors: Matrix
    guards: Any

    def weights(self, source: Any, target: Any) -> Any:
        """Return what shared products count between pairs, by the cosine of their texts and the guards."""
        found = np.empty(len(source), np.float64)
        for start in range(0, len(source), PAIRS):
            part = slice(start, start + PAIRS)
            one, other = self.vectors[source[part]], self.vectors[target[part]]
            found[part] = trusted(np.einsum("ij,ij->i", one, other).astype(np.float64))
        return np.round(found * self.guarded(source, target), 9)

    def guarded(self, source: Any, target: Any) -> Any:
        """Return what evidence of pairs counts: 1 where their guards are equal, else `GUARDED`."""
        return np.where(self.guards[source] == self.guards[target], 1.0, GUARDED)


@dataclass(frozen=True)
class Evidence:
    """Hold both graphs over the same intentions, symmetric, and their mixture."""

    text: sparse.csr_matrix
    behaviour: sparse.csr_matrix
    mixed: sparse.csr_matrix


def nearness(cosine: Any) -> Any:
    """Return the weight of cosines: (cosine - floor) / (1 - floor), squared; 0 below the floor."""
    return np.square(np.maximum(cosine - FLOOR, 0.0) / (1 - FLOOR))


def trusted(cosine: Any) -> Any:
    """Return what shared products count between texts of these cosines: nearly nothing if unrelated."""
    return BARE + (1 - BARE) * nearness(cosine)


def evidence(near: pl.DataFrame, said: pl.DataFrame, texts: Texts, *, weight: float) -> Evidence:
    """Return the two graphs and their mixture over the intentions of `texts`.

    `near` has source, target, cosine; cosines below `FLOOR` count nothing. `said` has product,
    cobuy, intention (row number), one row a product and triple. `weight` is the share of behaviour
    in the mixture, 0 to 1; both graphs weigh the same in total before it is applied.
    """
    text = text_graph(near, texts)
    behaviour = behaviour_graph(said, texts)
    return Evidence(text, behaviour, mixture(text, behaviour, weight))


def mixture(text: sparse.csr_matrix, behaviour: sparse.csr_matrix, weight: float) -> sparse.csr_matrix:
    """Return (1 - weight) × text + weight × behaviour, each scaled to a mean degree of 1."""
    mixed = _scaled(text) * (1 - weight) + _scaled(behaviour) * weight
    mixed = sparse.csr_matrix(mixed)
    mixed.eliminate_zeros()
    mixed.sort_indices()
    return mixed


def text_graph(near: pl.DataFrame, texts: Texts) -> sparse.csr_matrix:
    """Return nearness of text as a symmetric graph; the weights are those of `nearness`, by guards."""
    count = len(texts.guards)
    close = near.filter(pl.col("cosine") > FLOOR)
    source, target = close["source"].to_numpy(), close["target"].to_numpy()
    weights = nearness(close["cosine"].to_numpy()) * texts.guarded(source, target)
    graph = _matrix(weights, source, target, (count, count))
    return graph.maximum(graph.T).tocsr()


def behaviour_graph(said: pl.DataFrame, texts: Texts) -> sparse.csr_matrix:
    """Return shared products through different co-buys as a symmetric graph.

    For intentions i and j: the sum over products of idf(i) idf(j) / (number of co-buys of the
    product), counted over pairs of different co-buys of that product, divided by the geometric mean
    of both intentions' co-buys; times what it counts between such texts (`trusted`). The strongest of
    each intention are kept.
    """
    count = len(texts.guards)
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
    return _strongest_of(through, within, texts)


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


def _strongest_of(products: sparse.csr_matrix, events: sparse.csr_matrix, texts: Texts) -> sparse.csr_matrix:
    """Return the crossing of products less that of events, the strongest of each row, made symmetric."""
    count = len(texts.guards)
    down, within = products.T.tocsr(), events.T.tocsr()
    blocks = []
    for start in range(0, count, BLOCK):
        block = down[start : start + BLOCK] @ products - within[start : start + BLOCK] @ events
        blocks.append(_top(sparse.csr_matrix(block), start, texts))
    found = pl.concat(blocks)
    graph = _matrix(
        found["weight"].to_numpy(), found["source"].to_numpy(), found["target"].to_numpy(), (count, count)
    )
    return graph.maximum(graph.T).tocsr()


def _top(block: sparse.csr_matrix, start: int, texts: Texts) -> pl.DataFrame:
    rows = np.repeat(np.arange(start, start + block.shape[0]), np.diff(block.indptr))
    columns = block.indices.astype(np.int64)
    real = (block.data > 1e-9) & (rows != columns)
    rows, columns, shared = rows[real], columns[real], block.data[real]
    table = pl.DataFrame(
        {"source": rows, "target": columns, "weight": shared * texts.weights(rows, columns)},
        schema={"source": pl.Int64, "target": pl.Int64, "weight": pl.Float64},
    )
    return (
        table.filter(pl.col("weight") > 1e-9)
        .with_columns(pl.col("weight").round(9))
        .sort("source", "weight", "target", descending=[False, True, False])
        .group_by("source", maintain_order=True)
        .head(KEPT)
    )


def _matrix(data: Any, rows: Any, columns: Any, shape: tuple[int, int]) -> sparse.csr_matrix:
    return sparse.csr_matrix((data, (rows, columns)), shape=shape)


def _scaled(graph: sparse.csr_matrix) -> sparse.csr_matrix:
    total, held = graph.sum(), np.count_nonzero(np.diff(graph.indptr))
    return graph * (held / total) if total else graph
