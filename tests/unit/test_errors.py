"""Errors: whole wherever they were raised."""

from __future__ import annotations

import pickle

from mindgraph.errors import LVLMError, MissingExtra


def test_an_error_comes_whole_from_another_process() -> None:
    """Message and hint survive a pickle, which is how another process hands an error over."""
    raised = [LVLMError("no model", hint="name one"), LVLMError("no model"), MissingExtra("torch", "local")]
    came = [pickle.loads(pickle.dumps(error)) for error in raised]
    assert [(type(e), str(e), e.hint) for e in came] == [(type(e), str(e), e.hint) for e in raised]
