"""What we ask, and how we read the answer: pure text, side by side.

The words stand in `templates/`, one file each; `wording` fills them, `fence` keeps other people's
text data, `asking` puts the prompts together, `answers` are the shapes asked for, `reading` reads
what comes back.
"""

from __future__ import annotations

from mindgraph.prompts.asking import Asker, Pair, relation_groups, verdict_item
from mindgraph.prompts.fence import Shown, show
from mindgraph.prompts.reading import (
    Given,
    Unreadable,
    read_because,
    read_feature,
    read_intentions,
    read_paragraph,
    read_yes_no,
)
from mindgraph.prompts.wording import Wording, wording

__all__ = [
    "Asker",
    "Given",
    "Pair",
    "Shown",
    "Unreadable",
    "Wording",
    "read_because",
    "read_feature",
    "read_intentions",
    "read_paragraph",
    "read_yes_no",
    "relation_groups",
    "show",
    "verdict_item",
    "wording",
]
