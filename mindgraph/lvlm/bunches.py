"""Which prompts go together: those that begin alike, for what they share is read once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import Any

from mindgraph.messages import Prompt


def head(prompt: Prompt) -> tuple[Any, ...]:
    """Return all that comes before the last part: what a co-buy's questions have in common."""
    return (prompt.system, prompt.decoding, prompt.content[:-1])


def bunches(prompts: Iterable[Prompt], most: int) -> Iterator[list[Prompt]]:
    """Yield prompts that begin alike together, and single ones in batches of one decoding."""
    single: list[Prompt] = []
    for _, run in groupby(prompts, key=head):
        while bunch := list(islice(run, most)):
            if len(bunch) > 1:
                yield bunch
                continue
            if single and (len(single) == most or single[0].decoding != bunch[0].decoding):
                yield single
                single = []
            single += bunch
            if len(single) == most:
                yield single
                single = []
    if single:
        yield single
