"""The peer of `mindgraph build`: the same work as a plain Python loop over the same Parquet.

python -m benchmarks.build_loop WORKSPACE OUT [--threshold 0.5]
"""

from __future__ import annotations

import argparse
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from mindgraph.records import Evidence, Intention, Triple, arrow_schema, content_id
from mindgraph.texts import normalise, strip_lead_in

Row = dict[str, Any]


def rows_of(path: Path, columns: list[str]) -> Iterator[Row]:
    """Yield the rows of a Parquet file as dictionaries."""
    for batch in pq.ParquetFile(path).iter_batches(columns=columns):
        yield from batch.to_pylist()


def verdicts_of(folder: Path) -> tuple[set[str], dict[str, Row]]:
    """Return the candidates that a rule refuses, and the verdict that decides for each."""
    refused: set[str] = set()
    decisive: dict[str, Row] = {}
    for row in rows_of(folder / "verdicts.parquet", ["candidate", "judge", "answer", "score"]):
        if row["judge"].startswith("rule:"):
            if row["answer"] == "no":
                refused.add(row["candidate"])
        elif row["judge"] == "shopper" or (row["judge"] == "imported" and row["candidate"] not in decisive):
            decisive[row["candidate"]] = row
    return refused, decisive


def is_kept(verdict: Row | None, threshold: float) -> bool:
    """Say whether a verdict keeps its candidate."""
    if verdict is None or verdict["answer"] == "unparsed":
        return False
    return verdict["answer"] == "yes" if verdict["score"] is None else verdict["score"] >= threshold


def build(folder: Path, threshold: float) -> tuple[list[Row], list[Row], list[Row]]:
    """Return intentions, triples and evidence as rows, each in its file's order."""
    refused, decisive = verdicts_of(folder)
    cobuys = {row["id"]: row for row in rows_of(folder / "cobuys.parquet", ["id", "product_a", "product_b"])}
    spellings: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    said: dict[tuple[str, str, tuple[str, str]], list[str]] = defaultdict(list)
    for row in rows_of(folder / "candidates.parquet", ["id", "cobuy", "relation", "text", "lang"]):
        if row["cobuy"] not in cobuys or row["id"] in refused:
            continue
        if not is_kept(decisive.get(row["id"]), threshold):
            continue
        intention = (normalise(row["text"]), row["lang"])
        if intention[0]:
            spellings[intention][strip_lead_in(row["text"])] += 1
            said[row["cobuy"], row["relation"], intention].append(row["id"])
    ids = {intention: content_id("intention", *intention) for intention in spellings}
    intentions = [
        {"id": ids[key], "text": min(counts, key=lambda text: (-counts[text], text.encode())), "lang": key[1]}
        for key, counts in spellings.items()
    ]
    triples, evidence = [], []
    for (cobuy, relation, intention), candidates in said.items():
        triple = triple_of(
            cobuys[cobuy], relation, ids[intention], [decisive[c]["score"] for c in candidates]
        )
        triples.append(triple)
        evidence.extend({"triple": triple["id"], "candidate": candidate} for candidate in candidates)
    return (
        sorted(intentions, key=lambda row: row["id"]),
        sorted(triples, key=lambda row: row["id"]),
        sorted(evidence, key=lambda row: (row["triple"], row["candidate"])),
    )


def triple_of(cobuy: Row, relation: str, intention: str, scores: list[float | None]) -> Row:
    """Return one triple; scores are averaged in billionths."""
    known = [math.floor(score * 10**9 + 0.5) for score in scores if score is not None]
    return {
        "id": content_id("triple", cobuy["id"], relation, intention),
        "cobuy": cobuy["id"],
        "product_a": cobuy["product_a"],
        "product_b": cobuy["product_b"],
        "relation": relation,
        "intention": intention,
        "acceptance": sum(known) / (len(known) * 10**9) if known else None,
        "support": len(scores),
    }


def main() -> None:
    """Build the tables of a workspace into another folder."""
    parser = argparse.ArgumentParser()
    parser.add_argument("workspace", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threshold", type=float, default=0.5)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    tables = build(options.workspace, options.threshold)
    for record, rows in zip((Intention, Triple, Evidence), tables, strict=True):
        table = pa.Table.from_pylist(rows, schema=arrow_schema(record))
        pq.write_table(table, options.out / f"{record.table}.parquet", compression="zstd")


if __name__ == "__main__":
    main()
