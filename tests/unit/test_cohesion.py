"""A purpose says why it holds together."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl

from mindgraph.pipeline import Pipeline
from mindgraph.records import Cluster, Label, Membership
from mindgraph.tables import frame_of
from tests.purposes import said_workspace


def cycling(folder: Path) -> Pipeline:
    """Return a clustered workspace of one purpose, held together by words and by one product."""
    workspace = said_workspace(
        folder,
        [
            ("helmet", "lamp", ["riding a bike at night", "riding a bike in the dark"]),
            ("lamp", "vest", ["riding a bike at night", "being seen on a bike at night"]),
            ("lamp", "lock", ["being seen on a bike at night", "riding a bike in the dark"]),
        ],
    )
    pipeline = Pipeline(workspace)
    pipeline.cluster()
    return pipeline


def test_a_cluster_shows_what_holds_its_members_together(tmp_path: Path):
    """Its figures, keywords and products stand beside the strongest evidence of words and of co-buys."""
    pipeline = cycling(tmp_path)
    broad = pipeline.workspace.read(Cluster).filter(level=2).sort("size", descending=True)["id"][0]
    told = pipeline.explain(broad)
    assert told["figures"]["intentions"] == len(told["intentions"]) >= 2
    assert told["said as"] == {"usedFor": 1.0}
    first = told["near in words"][0]
    assert first["cosine"] > 0.35
    assert {first["one"], first["other"]} <= set(told["intentions"])
    shared = told["bought together for"][0]
    assert (shared["products"], shared["such as"]) == (1, ["lamp"])
    assert {row["product"] for row in told["example products"]} == {"helmet", "lamp", "vest", "lock"}
    assert sum(row["products"] for row in told["communities of co-buys"]) == 4
    assert "named by" not in told


def test_a_cluster_says_which_model_named_it(tmp_path: Path):
    """The model, the phrase that was there before, and the key of the answer."""
    pipeline = cycling(tmp_path)
    cluster = pipeline.workspace.read(Cluster)["id"][0]
    label = Label(cluster=cluster, phrase="riding", label="Night rides", generator="g", reply="key")
    pipeline.workspace.write(Label, frame_of(Label, [label]))
    told = pipeline.explain(cluster)
    assert (told["named by"], told["phrase from its members"], told["reply"]) == ("g", "riding", "key")


def test_a_cluster_of_one_intention_has_no_evidence(tmp_path: Path):
    """Where there is one member nothing is held together, and that is what is said."""
    pipeline = cycling(tmp_path)
    member = pipeline.workspace.read(Membership).head(1)
    lone = Cluster(id="lone", level=0, label="lone", size=1)
    pipeline.workspace.write(Cluster, frame_of(Cluster, [lone]))
    pipeline.workspace.write(Membership, member.with_columns(pl.lit("lone").alias("cluster")))
    told = pipeline.explain("lone")
    assert (told["near in words"], told["bought together for"]) == ([], [])


def test_the_command_line_prints_it(tmp_path: Path):
    """For programs as JSON, for people as a tree."""
    pipeline = cycling(tmp_path)
    cluster = pipeline.workspace.read(Cluster)["id"][0]
    command = [sys.executable, "-m", "mindgraph", "-w", str(tmp_path), "explain", cluster]
    told = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=True).stdout
    assert json.loads(told)["kind"] == "cluster"
    tree = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "cohesion (mean cosine to the centre)" in tree
