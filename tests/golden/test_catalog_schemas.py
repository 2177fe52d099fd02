"""The JSON Schemas of the inputs are those that the records give."""

from __future__ import annotations

import pytest

from mindgraph.catalog.columns import FIELDS
from mindgraph.catalog.schemas import input_schemas, written
from mindgraph.resources import schema


@pytest.mark.parametrize("role", FIELDS)
def test_a_schema_file_is_what_the_records_say(role: str) -> None:
    """After a change of fields: `python -m mindgraph.catalog.schemas`, then read the difference."""
    assert schema(f"{role}.schema.json") == written(input_schemas()[role])
