"""Input files are read as far as they can be; what cannot be read is named with its place."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest

from mindgraph.catalog.files import TableFile, read_table
from mindgraph.catalog.lines import format_of
from mindgraph.errors import CatalogError


def everything(path: Path) -> TableFile:
    return read_table(path, lambda name: True)


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def rows(table: TableFile) -> list[tuple[str | None, ...]]:
    return list(zip(*(column.to_list() for column in table.cells.values()), strict=True))


def bad(table: TableFile) -> list[tuple[int | None, str]]:
    return [(reject.line, reject.reason) for reject in table.bad]


def test_csv_keeps_quoted_line_breaks_and_right_line_numbers(tmp_path: Path) -> None:
    """A field over three lines is one field, and the row after it knows its own line."""
    path = write(tmp_path / "p.csv", 'id,title\r\n1,"a\r\nb\r\n""c"", d"\r\n\r\n2,e\r\n')

    table = everything(path)

    assert rows(table) == [("1", 'a\r\nb\r\n"c", d'), ("2", "e")]
    assert table.lines.to_list() == [2, 6]
    assert table.bad == []


def test_each_bad_line_of_csv_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    """Wrong numbers of fields, bytes that are no UTF-8 and stray quotes cost one line each."""
    path = write(
        tmp_path / "p.csv", b'id,title\n1,one\n2\n3,a,b\n4,caf\xe9\n5,"five" x\n6,six\n7,se"ven\n8,\n9,nine\n'
    )

    table = everything(path)

    assert rows(table) == [("1", "one"), ("6", "six"), ("7", 'se"ven'), ("8", None), ("9", "nine")]
    assert bad(table) == [
        (3, "1 fields where the header has 2"),
        (4, "3 fields where the header has 2"),
        (5, "not UTF-8 (byte 0xe9)"),
        (6, "',' expected after '\"'"),
    ]
    assert table.bad[2].raw == "4,caf\\xe9"


@pytest.mark.parametrize(
    "text",
    [
        'id,title\n1,"one\n2,two\n3,three\n',
        'id,title\n1,"one\n2,two\n3,"three"\n',
        'id,title\n1,"one\n2,two\n3,24",\n4,four\n',
    ],
)
def test_an_unclosed_quote_costs_one_line(tmp_path: Path, text: str) -> None:
    """The lines that an open quote would swallow are read as rows of their own."""
    table = everything(write(tmp_path / "p.csv", text))

    assert bad(table)[0] == (2, "a quote is not closed")
    assert table.bad[0].raw == '1,"one'
    assert table.cells["id"].to_list()[0] == "2"
    assert len(table.lines) + len(table.bad) == text.count("\n") - 1


@pytest.mark.parametrize(
    ("name", "text"),
    [("p.tsv", "id\ttitle\n1\ta,b;c\n"), ("p.csv", "id;title\n1;a,b\n"), ("p", "id|title\n1|x\n")],
)
def test_other_separators_are_seen_in_the_header(tmp_path: Path, name: str, text: str) -> None:
    """Tabs, semicolons and bars separate fields where the header uses them."""
    table = everything(write(tmp_path / name, text))

    assert table.columns == ["id", "title"]
    assert len(table.lines) == 1


def test_the_same_rows_come_from_every_format(tmp_path: Path) -> None:
    """CSV, JSONL and Parquet, packed or not, with or without a telling name, give the same cells."""
    frame = pl.DataFrame({"id": ["1", "2"], "title": ["Bär", None]})
    frame.write_csv(tmp_path / "p.csv")
    frame.write_ndjson(tmp_path / "p.jsonl")
    frame.write_parquet(tmp_path / "p.parquet")
    for name in ("p.csv", "p.jsonl", "p.parquet"):
        content = (tmp_path / name).read_bytes()
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
        (tmp_path / f"untold-{name.replace('.', '-')}").write_bytes(content)

    tables = [everything(path) for path in sorted(tmp_path.iterdir())]

    assert len(tables) == 9
    assert all(rows(table) == [("1", "Bär"), ("2", None)] for table in tables)


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    """Spreadsheets write UTF-8 with a mark in front."""
    table = everything(write(tmp_path / "p.csv", b"\xef\xbb\xbfid,title\n1,a\n"))

    assert table.columns == ["id", "title"]


def test_each_bad_line_of_jsonl_is_rejected_and_the_rest_goes_on(tmp_path: Path) -> None:
    """A line that is no JSON object is named with what is wrong with it; NaN is JSON enough."""
    path = write(
        tmp_path / "p.jsonl",
        b'{"id": 1, "price": NaN}\n[1]\n{"id": 2\n\n{"id": "\xe9"}\n'
        + b'{"id": "x\\ud800", "categories": ["A", "B"]}\n'
        + b"[" * 100_000
        + b'\n{"id": true}\n',
    )

    table = everything(path)

    assert table.cells["id"].to_list() == ["1", "x?", "true"]
    assert table.cells["price"].to_list() == ["nan", None, None]
    assert table.cells["categories"].to_list() == [None, '["A", "B"]', None]
    assert table.lines.to_list() == [1, 6, 8]
    assert [line for line, _ in bad(table)] == [2, 3, 5, 7]
    assert [reason.split(" (")[0].split(":")[0] for _, reason in bad(table)] == [
        "no JSON object",
        "no JSON",
        "not UTF-8",
        "no JSON",
    ]


def test_a_column_that_first_appears_late_in_jsonl_is_there(tmp_path: Path) -> None:
    """The columns of JSONL are the names of all its lines."""
    lines = ['{"id": "1"}\n'] * 3000 + ['{"id": "2", "brand": "b"}\n']

    table = everything(write(tmp_path / "p.jsonl", "".join(lines)))

    assert table.columns == ["brand", "id"]


BROKEN = {
    "empty.csv": b"",
    "blank.csv": b"\n \n",
    "empty.csv.gz": gzip.compress(b""),
    "cut.csv.gz": gzip.compress(b"id,title\n" + b"".join(b"%d,x\n" % n for n in range(9999)))[:-30],
    "noise.csv.gz": b"\x1f\x8b\x08\x00" + bytes(range(256)),
    "unpacked.csv.gz": b"id,title\n1,a\n",
    "packed.csv": gzip.compress(b"id,title\n1,a\n"),
    "picture.csv": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "sheet.csv": b"PK\x03\x04" + bytes(100),
    "nul.csv": bytes(1000),
    "utf16.csv": "id,title\n1,a\n".encode("utf-16"),
    "latin1.csv": "id,title\n1,Bär\n2,Füße\n".encode("latin-1"),
    "latin1.jsonl": '{"id": "ä"}\n{"id": "ö"}\n'.encode("latin-1"),
    "header.csv": b"id,t\xefte\n1,a\n",
    "twice.csv": b"id,id\n1,a\n",
    "array.json": b'[{"id": 1}]',
    "cut.parquet": b"PAR1" + bytes(50),
    "text.parquet": b"id,title\n1,a\n",
    "parquet.csv": b"PAR1" + bytes(50),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_cannot_be_read_stops_with_its_name_and_a_hint(tmp_path: Path, name: str) -> None:
    """Empty, cut, binary and wrongly encoded files are told in one line with what to do."""
    path = write(tmp_path / name, BROKEN[name])

    with pytest.raises(CatalogError) as caught:
        everything(path)

    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.hint


def test_a_damaged_page_of_parquet_is_told(tmp_path: Path) -> None:
    """Flipped bytes in the middle are a CatalogError, whatever the library makes of them."""
    path = tmp_path / "p.parquet"
    pl.DataFrame({"id": [str(n) for n in range(5000)]}).write_parquet(path)
    content = bytearray(path.read_bytes())
    content[100:400] = bytes(300)
    path.write_bytes(bytes(content))

    with pytest.raises(CatalogError, match=r"p\.parquet"):
        everything(path)


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    """Neither is a traceback."""
    with pytest.raises(CatalogError, match=r"nothing\.csv"):
        everything(tmp_path / "nothing.csv")
    with pytest.raises(CatalogError, match="is a folder"):
        everything(tmp_path)


def test_numbers_dates_and_lists_of_parquet_become_text(tmp_path: Path) -> None:
    """Whole numbers stay whole, lists are JSON."""
    path = tmp_path / "p.parquet"
    pl.DataFrame({"id": [7], "price": [1.5], "categories": [[["A", "B"]]], "ok": [True]}).write_parquet(path)

    assert rows(everything(path)) == [("7", "1.5", '[["A", "B"]]', "true")]


def test_a_file_of_noise_is_called_binary(tmp_path: Path):
    """Bytes that are no text, named .csv, are refused as a whole, in words that say so."""
    noise = bytes((n * 7919 + n // 256 * 31) % 256 or 1 for n in range(4096))
    (tmp_path / "noise.csv").write_bytes(noise)
    with pytest.raises(CatalogError, match=r"noise\.csv is binary"):
        format_of(tmp_path / "noise.csv")
