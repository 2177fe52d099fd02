"""Step 3: what a shopper would recognise. Cheap rules first, then the role-aware verdict."""

from __future__ import annotations

from mindgraph.filters.rules import RULES, Rule, runs_of_words, throw_out
from mindgraph.filters.shopper import SHOPPER, STAGE, Judged, Shopper
from mindgraph.filters.stage import filter_candidates

__all__ = [
    "RULES",
    "SHOPPER",
    "STAGE",
    "Judged",
    "Rule",
    "Shopper",
    "filter_candidates",
    "runs_of_words",
    "throw_out",
]
