"""What holds of every table: ids by content, checksums without order, records there and back."""

from __future__ import annotations

from random import Random

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mindgraph.records import CoBuy, Product, content_id
from mindgraph.tables import (
    checksum,
    content_ids,
    digests,
    frame_of,
    is_ordered,
    json_text,
    map_distinct,
    numbered,
    order_of_ids,
    records_of,
)
from mindgraph.texts import clean

TEXTS = st.text(max_size=12).map(clean)
CELLS = st.none() | TEXTS
ROWS = st.lists(st.tuples(CELLS, st.none() | st.integers(-(2**60), 2**60)), max_size=20)


def table(rows: list[tuple[str | None, int | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"text": pl.String, "number": pl.Int64}, orient="row")


@given(ROWS, st.booleans())
def test_ids_of_columns_are_the_ids_of_rows(
    rows: list[tuple[str | None, int | None]], distinct: bool
) -> None:
    """Hashing whole columns gives what hashing each row gives, quotes, controls and nulls included."""
    expected = [content_id("thing", text, number) for text, number in rows]
    assert content_ids(table(rows), "thing", ["text", "number"], distinct=distinct).to_list() == expected


@given(st.lists(TEXTS, max_size=20))
def test_json_text_is_what_the_records_hash(texts: list[str]) -> None:
    """A column's JSON is byte for byte that of the single values."""
    found = json_text(pl.Series(texts, dtype=pl.String)).to_list()
    assert [f"[{text}]" for text in found] == [json_of(text) for text in texts]


def json_of(text: str) -> str:
    import msgspec

    return msgspec.json.encode([text]).decode()


@given(st.lists(CELLS, max_size=20))
def test_numbers_stand_for_values(texts: list[str | None]) -> None:
    """The distinct values, taken by number, are the column again; nulls have no number."""
    column = pl.Series("text", texts, dtype=pl.String)
    values, number = numbered(column)
    assert values.is_unique().all()
    assert values.gather(number).to_list() == texts


@given(st.lists(CELLS, max_size=20))
def test_mapping_distinct_values_is_mapping_all(texts: list[str | None]) -> None:
    """A function is applied as to each value, nulls stay null."""
    found = map_distinct(pl.Series("text", texts, dtype=pl.String), str.upper)
    assert found.to_list() == [None if text is None else text.upper() for text in texts]


@given(ROWS, st.randoms(use_true_random=False))
def test_a_checksum_knows_no_order(rows: list[tuple[str | None, int | None]], random: Random) -> None:
    """Shuffled rows have the same checksum; in pieces the checksums add up."""
    whole = checksum(table(rows), ["text", "number"])
    assert checksum(table(random.sample(rows, len(rows))), ["text", "number"]) == whole
    pieces = (checksum(table(part), ["text", "number"]) for part in (rows[:7], rows[7:]))
    assert sum(pieces) % 2**64 == whole


@given(ROWS.filter(bool))
def test_a_checksum_sees_a_row_more(rows: list[tuple[str | None, int | None]]) -> None:
    """A row that comes twice changes the checksum."""
    columns = ["text", "number"]
    assert checksum(table([*rows, rows[0]]), columns) != checksum(table(rows), columns)


@given(ROWS)
def test_order_is_recognised(rows: list[tuple[str | None, int | None]]) -> None:
    """A table is in order exactly where sorting it changes nothing."""
    columns = ["text", "number"]
    frame = table(rows)
    assert is_ordered(frame.sort(columns, nulls_last=False), columns)
    assert is_ordered(frame, columns) == frame.equals(
        frame.sort(columns, nulls_last=False, maintain_order=True)
    )


@given(st.lists(TEXTS, max_size=8))
def test_digests_are_those_of_hashlib(texts: list[str]) -> None:
    """A column of keys is hashed as single keys are."""
    import hashlib

    expected = [hashlib.blake2b(text.encode(), digest_size=16).hexdigest() for text in texts]
    assert digests(pl.Series(texts, dtype=pl.String)).to_list() == expected


@given(st.lists(TEXTS | st.from_regex(r"[0-9a-f]{32}", fullmatch=True), max_size=20))
def test_ids_are_ordered_as_texts(ids: list[str]) -> None:
    """Hexadecimal or not, ids come in the order of their bytes."""
    column = pl.Series(ids, dtype=pl.String)
    assert column.gather(order_of_ids(column)).to_list() == sorted(ids, key=str.encode)


PRODUCTS = st.builds(
    Product,
    id=TEXTS,
    title=TEXTS,
    titled=st.booleans(),
    brand=CELLS,
    categories=st.lists(TEXTS, max_size=3),
    description=CELLS,
    price=st.none() | st.floats(0, 1e9),
    image=CELLS,
    source=TEXTS,
)


@given(st.lists(PRODUCTS, max_size=5))
def test_records_come_back_from_tables(products: list[Product]) -> None:
    """Records that became a table are the same records again."""
    assert records_of(Product, frame_of(Product, products)) == products


@given(st.lists(st.builds(CoBuy, id=TEXTS, product_a=TEXTS, product_b=TEXTS), min_size=1, max_size=5))
def test_records_keep_their_order(cobuys: list[CoBuy]) -> None:
    """A table has its records in the order given."""
    assert frame_of(CoBuy, cobuys)["id"].to_list() == [cobuy.id for cobuy in cobuys]
