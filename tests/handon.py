"""A small workspace with a bit of everything, for tests of what is handed on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from mindgraph.records import (
    Candidate,
    Cluster,
    CoBuy,
    Evidence,
    Generator,
    Intention,
    Membership,
    Merge,
    Product,
    Record,
    Triple,
    Verdict,
    content_id,
)
from mindgraph.tables import frame_of
from mindgraph.workspace import Workspace

#: Texts that break careless writers; all of them are clean: NFC, no NUL, no lone surrogates.
NASTY: tuple[str, ...] = (
    'say "hi"',
    "back\\slash \\n \\u0041 \\",
    "two\nlines\r\nand\ttabs",
    "\x01\x08\x0b\x0c\x1b\x1f\x7f",
    "עברית ثم العربية \u202eback\u202c",
    "e\u0301\u0327 and a\u030a\u0323 stacked \u0489",
    "🧵🪡 👩‍👩‍👧 🏳️‍🌈 \U0001f9ff",
    "<b>&amp;</b> {x} $y ^^ @en .",
    "\u00a0\u2028\u2029\ufeff\ufffd",
    '\'\'\'""" ends "',
    " spaced ",
    "x" * 65_536 + "é",
)

IDS: tuple[str, ...] = ("lamp", "10/4 café", "..", "a>b<c", "la", "lam-p", "lamp.2", "#1?q=ü%20")


def small_tables() -> dict[type[Record], Sequence[Record]]:
    """Return the records of a shop with every kind of thing in it, each named by content."""
    products = [
        Product(
            id=id_,
            title=NASTY[n % len(NASTY)],
            brand=NASTY[-n - 1] if n % 2 else None,
            categories=["Home > Light", NASTY[n]][: n % 3],
            description=NASTY[(n + 5) % len(NASTY)] if n % 3 else None,
            price=[None, 3.5, 0.0, 1e-7, 1234567.125][n % 5],
            image="ab12" if n % 2 else None,
            source=f"shop.csv:{n + 2}",
        )
        for n, id_ in enumerate(IDS)
    ]
    pairs = sorted({tuple(sorted((a, b))) for a, b in zip(IDS, IDS[1:] + IDS[:1], strict=True)})
    cobuys = [
        CoBuy(id=content_id("cobuy", a, b), product_a=a, product_b=b, weight=n + 1.0, lift=n / 3 or None)
        for n, (a, b) in enumerate(pairs)
    ]
    intentions = [Intention(id=content_id("intention", text, "en"), text=text) for text in NASTY]
    triples = [
        Triple(
            id=content_id("triple", c.id, relation, i.id),
            cobuy=c.id,
            product_a=c.product_a,
            product_b=c.product_b,
            relation=relation,
            intention=i.id,
            acceptance=None if n == m else round(1 / (1 + n + m), 3),
            support=1 + n,
        )
        for n, c in enumerate(cobuys)
        for m, (relation, i) in enumerate(zip(("usedFor", "open", "can") * 4, intentions, strict=True))
        if (n + m) % 2
    ]
    generators = [
        Generator(id="g1", model="llava", revision="1"),
        Generator(id="g2", kind="import", model="file"),
    ]
    evidence = [Evidence(triple=t.id, candidate=f"c{n}") for n, t in enumerate(triples)]
    candidates = [
        Candidate(
            id=f"c{n}", cobuy=cobuys[0].id, relation="can", text="no", generator=f"g{n % 2 + 1}", reply="r"
        )
        for n in range(len(triples) + 2)
    ]
    return {
        Product: products,
        CoBuy: cobuys,
        Intention: intentions,
        Merge: [Merge(intention=intentions[1].id, canonical=intentions[0].id, score=0.95)],
        Triple: triples,
        Generator: generators,
        Evidence: evidence,
        Candidate: candidates,
        Verdict: [Verdict(candidate=f"c{len(triples)}", judge="rule:generic", answer="no", reason=NASTY[0])],
        Cluster: [
            Cluster(
                id="k1", parent="k2", level=0, label=NASTY[1], size=2, keywords=["b", "a"], examples=["lamp"]
            ),
            Cluster(id="k2", level=2, label="everything", size=2),
        ],
        Membership: [Membership(intention=i.id, cluster="k1", weight=0.5) for i in intentions[:3]],
    }


def write_tables(
    path: Path, tables: dict[type[Record], Sequence[Record]] | None = None, **settings: str
) -> Workspace:
    """Write records as a workspace; the small shop's by default."""
    workspace = Workspace.create(path, **{"dataset": "shop", **settings})
    for record, rows in (tables if tables is not None else small_tables()).items():
        workspace.write(record, frame_of(record, rows))
    return workspace
