"""Steps 1 and 2: ask for the features of a product, and for the intentions of a co-buy."""

from __future__ import annotations

from mindgraph.distill.distiller import STAGE, Distilled, Distiller, counted
from mindgraph.distill.order import ORDERS, coverage_rounds, ordered
from mindgraph.distill.stage import Choice, chosen, distill

__all__ = [
    "ORDERS",
    "STAGE",
    "Choice",
    "Distilled",
    "Distiller",
    "chosen",
    "counted",
    "coverage_rounds",
    "distill",
    "ordered",
]
