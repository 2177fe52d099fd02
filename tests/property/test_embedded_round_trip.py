"""Whatever stands in the tables stands in the embedded graph, and the other way round."""

from __future__ import annotations

import tempfile
from pathlib import Path

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mindgraph.stores import digest
from mindgraph.stores.embedded_load import EmbeddedLoader

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
NUMBER = st.floats(allow_nan=False, allow_infinity=False)
PRODUCT = st.fixed_dictionaries(
    {
        "key": TEXT,
        "title": TEXT,
        "brand": st.none() | TEXT,
        "categories": st.lists(TEXT, max_size=3),
        "price": st.none() | NUMBER,
    }
)
SCHEMA = {
    "key": pl.String,
    "title": pl.String,
    "brand": pl.String,
    "categories": pl.List(pl.String),
    "price": pl.Float64,
}
LINK = st.tuples(st.integers(0, 7), st.integers(0, 7), NUMBER, st.none() | NUMBER)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(PRODUCT, min_size=1, max_size=8, unique_by=lambda row: row["key"]), st.lists(LINK, max_size=12)
)
def test_rows_come_back_as_they_went_in(
    rows: list[dict[str, object]], links: list[tuple[int, int, float, float | None]]
) -> None:
    """Every text, number, list and null; relationships with both their ends, also twice the same."""
    products = pl.DataFrame(rows, schema=SCHEMA)
    keys = products["key"].to_list()
    bought = pl.DataFrame(
        [(keys[a % len(keys)], keys[b % len(keys)], weight, lift) for a, b, weight, lift in links],
        schema={"source": pl.String, "target": pl.String, "weight": pl.Float64, "lift": pl.Float64},
        orient="row",
    )
    with tempfile.TemporaryDirectory() as folder:
        loader = EmbeddedLoader(Path(folder) / "g")
        loader.setup()
        loader.load("Product", products)
        loader.load("CO_BOUGHT", bought)
        loader.finish()
        held = loader.rows(
            "MATCH (n:Product) RETURN n.key AS key, n.title AS title, n.brand AS brand, "
            "n.categories AS categories, n.price AS price",
            SCHEMA,
        )
        ends = loader.rows(
            "MATCH (a:Product)-[r:CO_BOUGHT]->(b:Product) RETURN a.key AS source, "
            "b.key AS target, r.weight AS weight, r.lift AS lift",
            bought.schema,
        )
        assert pl.concat(held).sort("key").equals(products.sort("key"), null_equal=True)
        assert digest(ends) == digest([bought])
        loader.close()
