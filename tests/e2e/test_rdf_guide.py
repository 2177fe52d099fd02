"""The guide to the RDF shows what is really written."""

from __future__ import annotations

import re
from pathlib import Path

from mindgraph.pipeline import Pipeline
from mindgraph.rdf import Choice
from mindgraph.records import Candidate, CoBuy, Evidence, Generator, Intention, Product, Triple, content_id
from tests.handon import write_tables

GUIDE = Path(__file__).parents[2] / "docs" / "rdf.md"


def test_the_guide_shows_the_real_lines(tmp_path: Path):
    """Every line of the triple that the guide follows stands in one of the dumps."""
    text = "reading in the tent at night"
    cobuy, intention = content_id("cobuy", "lamp", "tent"), content_id("intention", text, "en")
    triple = Triple(
        id=content_id("triple", cobuy, "usedFor", intention),
        cobuy=cobuy,
        product_a="lamp",
        product_b="tent",
        relation="usedFor",
        intention=intention,
        acceptance=0.87,
        support=2,
    )
    told = Candidate(id="x", cobuy=cobuy, relation="usedFor", text=text, generator="7d2f", reply="")
    tables = {
        Product: [Product(id="lamp", title="Camping lamp"), Product(id="tent", title="Tent for two")],
        CoBuy: [CoBuy(id=cobuy, product_a="lamp", product_b="tent", weight=3.0)],
        Intention: [Intention(id=intention, text=text)],
        Triple: [triple],
        Generator: [Generator(id="7d2f", model="llava")],
        Candidate: [told],
        Evidence: [Evidence(triple=triple.id, candidate="x")],
    }
    workspace = write_tables(tmp_path / "ws", tables)
    pipeline = Pipeline(workspace, workspace.settings())
    out = pipeline.export_rdf(tmp_path / "one", ("nt", "nq", "ttl", "jsonld")).folder
    newer = pipeline.export_rdf(tmp_path / "two", ("nt", "ttl"), Choice(profile="rdf12")).folder
    written = {
        line.rstrip(",")
        for f in (*out.glob("shop.*"), *newer.glob("shop.*"))
        for line in f.read_text().splitlines()
    }
    shown = re.findall(r"```(?:nt|turtle|json)\n(.*?)```", GUIDE.read_text(), re.S)
    assert len(shown) == 6
    for block in shown:
        for line in filter(None, block.splitlines()):
            assert line in written
