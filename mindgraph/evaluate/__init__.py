"""How good it is: each measure is a function with its source, a table out, and its interval.

Neighbouring rooms do not call on each other: how purposes are found, texts become vectors and models
are asked is handed in.
"""

from __future__ import annotations

from mindgraph.evaluate.bundles import Bundles, Found, bundle_measure, read_bundles, training_tables
from mindgraph.evaluate.engines import Score, as_chooser, as_filter
from mindgraph.evaluate.held_out import HeldOut, choose_held_out, held_out
from mindgraph.evaluate.intentionqa import (
    Choose,
    bag_of_words,
    by_vectors,
    calibration,
    filter_measure,
    known_pairs,
    overlaps,
    read_questions,
    sampled,
    tasks_measure,
)
from mindgraph.evaluate.intrinsic import Structure, category_spread, intrinsic
from mindgraph.evaluate.judges import judgements, read_judgements, sample_sheet
from mindgraph.evaluate.runs import data_quality, image_value

__all__ = [
    "Bundles",
    "Choose",
    "Found",
    "HeldOut",
    "Score",
    "Structure",
    "as_chooser",
    "as_filter",
    "bag_of_words",
    "bundle_measure",
    "by_vectors",
    "calibration",
    "category_spread",
    "choose_held_out",
    "data_quality",
    "filter_measure",
    "held_out",
    "image_value",
    "intrinsic",
    "judgements",
    "known_pairs",
    "overlaps",
    "read_bundles",
    "read_judgements",
    "read_questions",
    "sample_sheet",
    "sampled",
    "tasks_measure",
    "training_tables",
]
