"""What holds for every export."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import mindgraph
from mindgraph import exports
from mindgraph.cli import cli, handon
from mindgraph.errors import SettingsError
from mindgraph.records import (
    Product,
)
from mindgraph.workspace import Workspace
from tests.exports import pipeline_of
from tests.handon import small_tables, write_tables


@pytest.mark.parametrize("kind", exports.KINDS)
def test_every_export_writes_the_same_bytes_again(workspace: Workspace, tmp_path: Path, kind: str):
    """The same workspace gives the same files, each time."""
    one, two = (
        {p.name: p.read_bytes() for p in pipeline_of(workspace).export(kind, tmp_path / name)}
        for name in ("one", "two")
    )
    assert one == two
    assert any(one.values())


@pytest.mark.parametrize("kind", exports.KINDS)
def test_every_export_bears_an_empty_workspace(tmp_path: Path, kind: str):
    """A workspace without tables gives files with nothing in them, and no error."""
    for path in pipeline_of(write_tables(tmp_path / "ws", {})).export(kind, tmp_path / "out"):
        assert path.is_file()


@pytest.mark.parametrize("kind", exports.KINDS)
def test_every_export_is_a_verb(nasty: Workspace, tmp_path: Path, kind: str):
    """The command line writes each, and says what it wrote on standard error."""
    run = CliRunner().invoke(cli, ["-w", str(nasty.path), "export", kind, str(tmp_path / "out")])
    assert run.exit_code == 0, run.output
    assert run.stdout == ""
    assert "bytes" in run.stderr


def test_the_verb_knows_every_kind():
    """The command line names the kinds there are."""
    assert set(handon.KINDS) == {"rdf", *exports.KINDS}


def test_a_file_in_the_way_is_told(workspace: Workspace, tmp_path: Path):
    """A file where the folder should be is named; an unknown kind, too."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(SettingsError, match="is a file"):
        pipeline_of(workspace).export("kgx", tmp_path / "file")
    with pytest.raises(SettingsError, match="no export 'xls'"):
        pipeline_of(workspace).export("xls", tmp_path / "out")


def test_nasty_shops_have_every_product(nasty: Workspace):
    """Whatever its id, each product is a node of its own."""
    network = mindgraph.to_networkx(nasty)
    assert sum(kind == "product" for _, kind in network.nodes(data="kind")) == len(small_tables()[Product])
