"""The sample shop: forty invented products, what is bought together, and what a model might say.

All of it was written by hand for this project, the model's answers too; no model was asked and no
shop stands behind it. `write_shop` turns the texts of this folder into a shop's files, `write_answers`
into recorded answers to every question that the stages ask about it.
"""

from __future__ import annotations

from mindgraph.sample.answers import MODEL, answers, write_answers
from mindgraph.sample.files import write_shop
from mindgraph.sample.texts import Broken, CoBought, Goods, Said, Shop, read_shop

__all__ = [
    "MODEL",
    "Broken",
    "CoBought",
    "Goods",
    "Said",
    "Shop",
    "answers",
    "read_shop",
    "write_answers",
    "write_shop",
]
