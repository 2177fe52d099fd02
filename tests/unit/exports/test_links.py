"""Triples for link prediction, split without leakage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mindgraph
from mindgraph import exports
from mindgraph.exports.links import split
from mindgraph.graph import graph_of
from mindgraph.workspace import Workspace
from tests.exports import pipeline_of
from tests.needs import need_module


def links(folder: Path) -> dict[str, set[tuple[str, ...]]]:
    return {
        name: {tuple(line.split("\t")) for line in (folder / f"{name}.txt").read_text().split("\n") if line}
        for name in ("train", "valid", "test")
    }


def test_links_do_not_leak(workspace: Workspace, tmp_path: Path):
    """No pair of entities stands in two files; what is tested was seen in training; nothing is lost."""
    pipeline_of(workspace).export("pykeen", tmp_path)
    check_split(links(tmp_path))
    wanted = {
        (u, d.get("relation", d["kind"].lower()), v)
        for u, v, d in mindgraph.to_networkx(workspace).edges(data=True)
    }
    assert set().union(*links(tmp_path).values()) == wanted
    named = {line.split("\t")[0] for line in (tmp_path / "entities.tsv").read_text().splitlines()[1:]}
    assert named == {end for h, _, t in wanted for end in (h, t)}


def check_split(parts: dict[str, set[tuple[str, ...]]]) -> None:
    """Assert that a split leaks nothing."""
    pairs = {name: {frozenset((h, t)) for h, _, t in rows} for name, rows in parts.items()}
    assert not pairs["train"] & (pairs["valid"] | pairs["test"])
    assert not pairs["valid"] & pairs["test"]
    entities = {end for h, _, t in parts["train"] for end in (h, t)}
    relations = {r for _, r, _ in parts["train"]}
    for name in ("valid", "test"):
        assert {end for h, _, t in parts[name] for end in (h, t)} <= entities
        assert {r for _, r, _ in parts[name]} <= relations


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 12),
            st.sampled_from(["usedFor", "isA", "co_bought", "in_cluster"]),
            st.integers(0, 12),
        ),
        max_size=80,
        unique=True,
    ),
    st.integers(0, 3),
)
def test_no_split_of_any_graph_leaks(rows: list[tuple[int, str, int]], seed: int):
    """Whatever the graph, the split keeps pairs together and shows every entity in training."""
    schema = {"head": pl.String, "relation": pl.String, "tail": pl.String}
    triples = pl.DataFrame([(f"e{h}", r, f"e{t}") for h, r, t in rows], schema=schema, orient="row")
    parts = {name: set(part.iter_rows()) for name, part in split(triples, seed).items()}
    check_split(parts)
    assert sum(map(len, parts.values())) == len(rows)
    assert set().union(*parts.values()) == set(triples.iter_rows())


def test_links_are_split_the_same_on_any_day(workspace: Workspace, tmp_path: Path):
    """The same seed gives the same files, another seed others; about a tenth is held back."""
    for name, seed in (("one", 0), ("two", 0), ("other", 1)):
        exports.export(graph_of(workspace.read, "shop"), "pykeen", tmp_path / name, seed=seed)
    one, two, other = (links(tmp_path / name) for name in ("one", "two", "other"))
    assert one == two != other
    assert 0.05 < len(one["test"]) / sum(map(len, one.values())) < 0.15


_EPOCH = """
import sys
from pykeen.pipeline import pipeline
from pykeen.triples import TriplesFactory
folder = sys.argv[1]
train = TriplesFactory.from_path(folder + "/train.txt")
same = dict(entity_to_id=train.entity_to_id, relation_to_id=train.relation_to_id)
valid, test = (TriplesFactory.from_path(f"{folder}/{n}.txt", **same) for n in ("valid", "test"))
done = pipeline(training=train, validation=valid, testing=test, model="TransE",
                model_kwargs=dict(embedding_dim=8), epochs=1, random_seed=0, device="cpu",
                training_kwargs=dict(use_tqdm=False), evaluation_kwargs=dict(use_tqdm=False))
print(train.num_triples, valid.num_triples, test.num_triples, train.num_entities, done.get_metric("mrr") > 0)
"""


@pytest.mark.slow
def test_pykeen_trains_on_the_links(workspace: Workspace, tmp_path: Path):
    """PyKEEN reads the three files without losing a triple, trains an epoch and evaluates."""
    need_module("pykeen", "pykeen")
    pipeline_of(workspace).export("pykeen", tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", _EPOCH, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    parts = links(tmp_path)
    counts = [str(len(parts[name])) for name in ("train", "valid", "test")]
    assert done.stdout.split()[-5:] == [*counts, "79", "True"]
