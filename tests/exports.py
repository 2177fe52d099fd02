"""A shop whose purposes recur, for tests of what other tools read."""

from __future__ import annotations

from collections.abc import Sequence

from mindgraph.pipeline import Pipeline
from mindgraph.records import (
    Cluster,
    CoBuy,
    Generator,
    Intention,
    Membership,
    Product,
    Record,
    Triple,
    content_id,
)
from mindgraph.workspace import Workspace


def shop(products: int = 60) -> dict[type[Record], Sequence[Record]]:
    """Return a shop in which each product is bought with the next three, for reasons that recur."""
    ids = [f"p{n:03}" for n in range(products)]
    intentions = [
        Intention(id=content_id("intention", t, "en"), text=t) for t in (f"purpose {n}" for n in range(15))
    ]
    cobuys, triples = [], []
    for n in range(products):
        for step in (1, 2, 3):
            a, b = sorted((ids[n], ids[(n + step) % products]))
            cobuy = CoBuy(id=content_id("cobuy", a, b), product_a=a, product_b=b)
            cobuys.append(cobuy)
            for m, relation in enumerate(("usedFor", "isA")):
                intention = intentions[(n + 4 * m + step) % len(intentions)]
                triples.append(
                    Triple(
                        id=content_id("triple", cobuy.id, relation, intention.id),
                        cobuy=cobuy.id,
                        product_a=a,
                        product_b=b,
                        relation=relation,
                        intention=intention.id,
                        acceptance=0.5 + m / 4,
                    )
                )
    names = ["Home > Light", "Home > Desk", "Garden"]
    return {
        Product: [
            Product(id=i, title=f"Product <{i}> & Co", categories=[names[n % 3]]) for n, i in enumerate(ids)
        ],
        CoBuy: cobuys,
        Intention: intentions,
        Triple: triples,
        Generator: [Generator(id="g", model="m")],
        Cluster: [
            Cluster(id="top", level=1, label="All", size=15),
            *(Cluster(id=f"c{n}", parent="top", level=0, label=f"Cluster {n}", size=5) for n in range(3)),
        ],
        Membership: [
            Membership(intention=i.id, cluster=f"c{n % 3}", weight=1.0) for n, i in enumerate(intentions)
        ],
    }


def pipeline_of(workspace: Workspace) -> Pipeline:
    return Pipeline(workspace, workspace.settings())
