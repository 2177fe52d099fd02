"""KGX nodes and edges, as specified and as the `kgx` package reads them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import polars as pl
import pytest

from mindgraph.graph import Graph
from mindgraph.workspace import Workspace
from tests import kgx_reader
from tests.exports import pipeline_of


def test_kgx_files_are_as_specified(workspace: Workspace, tmp_path: Path, graph: Graph):
    """Nodes have id and category, edges their ends among the nodes, knowledge level and agent type."""
    pipeline_of(workspace).export("kgx", tmp_path)
    read = {
        name: pl.read_csv(tmp_path / f"shop_{name}.tsv", separator="\t", quote_char=None)
        for name in ("nodes", "edges")
    }
    nodes, edges = read["nodes"], read["edges"]
    assert nodes["id"].is_unique().all()
    assert edges["id"].is_unique().all()
    assert nodes["id"].str.contains(r"^\w+:[\w.~%-]+$").all()
    assert nodes["category"].str.starts_with("biolink:").all()
    for end in ("subject", "object"):
        assert edges[end].is_in(nodes["id"].implode()).all()
    assert edges["predicate"].str.starts_with("biolink:").all()
    levels = {"knowledge_assertion", "prediction", "observation", "statistical_association", "not_provided"}
    assert set(edges["knowledge_level"]) <= levels
    assert set(edges["agent_type"]) <= {"computational_model", "data_analysis_pipeline", "automated_agent"}
    assert len(edges) == sum(len(t.rows) for k, t in graph.edges.items() if k != "SERVES")


def test_kgx_tsv_and_jsonl_agree(nasty: Workspace, tmp_path: Path):
    """Both forms hold the same; in TSV every record is one line, whatever its texts hold."""
    pipeline_of(nasty).export("kgx", tmp_path)
    for name in ("nodes", "edges"):
        lines = (tmp_path / f"shop_{name}.tsv").read_bytes().decode().split("\n")
        rows = [
            json.loads(line) for line in (tmp_path / f"shop_{name}.jsonl").read_text().split("\n") if line
        ]
        header = lines[0].split("\t")
        assert {len(line.split("\t")) for line in lines if line} == {len(header)}
        assert [line.split("\t")[0] for line in lines[1:] if line] == [
            " ".join(row["id"].splitlines()) for row in rows
        ]
        assert header == list(rows[0])


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["tsv", "jsonl"])
def test_kgx_reads_every_node_and_edge(workspace: Workspace, tmp_path: Path, graph: Graph, format_: str):
    """The kgx package reads what is written, and objects to nothing but our own prefixes.

    It stands in an environment of its own, whose Python `KGX_PYTHON` names.
    """
    python = os.environ.get("KGX_PYTHON")
    if not python:
        pytest.skip("KGX_PYTHON names no Python with kgx (pip install kgx, apart from this)")
    pipeline_of(workspace).export("kgx", tmp_path)
    files = [tmp_path / f"shop_{name}.{format_}" for name in ("nodes", "edges")]
    subprocess.run([python, kgx_reader.__file__, format_, *files, tmp_path / "read.json"], check=True)
    read = json.loads((tmp_path / "read.json").read_text())
    assert len(read["nodes"]) == sum(len(t.rows) for k, t in graph.nodes.items() if k != "Generator")
    assert len(read["edges"]) == sum(len(t.rows) for k, t in graph.edges.items() if k != "SERVES")
    assert read["nodes"]["mgproduct:shop%2Fp000"]["name"] == "Product <p000> & Co"
    said = [text for kinds in read["objections"].values() for texts in kinds.values() for text in texts]
    assert [text for text in said if "not represented in Biolink Model JSON-LD context" not in text] == []
