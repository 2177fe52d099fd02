"""The workspace: tables in files, one writer, manifests, and what can be wrong with a folder."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from mindgraph.errors import SettingsError, WorkspaceError
from mindgraph.records import CoBuy, Intention, Merge, Product, Reject, Triple
from mindgraph.settings import FILE
from mindgraph.tables import frame_of
from mindgraph.workspace import Workspace
from tests.disks import fill, small_disk

PRODUCTS = frame_of(Product, [Product(id=id_, title=f"the {id_}") for id_ in ("tent", "lamp")])


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "shop")


def other_process(code: str, folder: Path) -> subprocess.Popen[str]:
    """Start Python with `workspace` at hand; it says a line when it is ready."""
    begin = f"from mindgraph.workspace import Workspace; workspace = Workspace({str(folder)!r}); "
    return subprocess.Popen([sys.executable, "-c", begin + code], stdout=subprocess.PIPE, text=True)


def test_a_table_comes_back_in_its_order(workspace: Workspace) -> None:
    """A table is sorted when it is written, and the same rows are the same bytes."""
    first = workspace.write(Product, PRODUCTS)
    again = workspace.write(Product, PRODUCTS.reverse())
    assert workspace.read(Product)["id"].to_list() == ["lamp", "tent"]
    assert first == again == workspace.digest_of(Product)
    assert workspace.count(Product) == 2


def test_a_table_that_was_never_written_is_empty(workspace: Workspace) -> None:
    """Reading what is not there gives no rows, with the right columns."""
    assert workspace.read(Triple).schema == frame_of(Triple).schema
    assert (workspace.count(Triple), workspace.has(Triple), workspace.digest_of(Triple)) == (0, False, "")


def test_settings_are_added_to_those_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making a workspace again keeps its settings; variables of the moment are not written down."""
    Workspace.create(tmp_path, dataset="shop")
    monkeypatch.setenv("MINDGRAPH_DATASET", "another")
    settings = Workspace.create(tmp_path, model="m", revision=None).settings()
    assert (settings.dataset, settings.model) == ("another", "m")
    assert 'dataset = "shop"' in (tmp_path / FILE).read_text()


def test_a_folder_that_is_no_workspace_is_told(tmp_path: Path) -> None:
    """What lacks mindgraph.toml is no workspace, and the hint says how to begin."""
    with pytest.raises(WorkspaceError, match="is no workspace") as error:
        Workspace(tmp_path).require()
    assert "mindgraph ingest" in error.value.hint
    with pytest.raises(WorkspaceError, match="is no workspace"), Workspace(tmp_path / "none").stage("build"):
        pass


def test_a_newer_workspace_is_told(workspace: Workspace) -> None:
    """A newer version's workspace is neither read nor changed."""
    (workspace.path / FILE).write_text("format = 2\n")
    with pytest.raises(WorkspaceError, match="newer version"):
        workspace.settings()
    with pytest.raises(WorkspaceError, match="newer version"):
        Workspace.create(workspace.path, dataset="x")
    assert (workspace.path / FILE).read_text() == "format = 2\n"


def test_broken_settings_are_left_alone(workspace: Workspace) -> None:
    """A mindgraph.toml with a typing error is not written over."""
    (workspace.path / FILE).write_text("dataset = shop")
    with pytest.raises(SettingsError, match=FILE):
        Workspace.create(workspace.path, model="m")
    assert (workspace.path / FILE).read_text() == "dataset = shop"


@pytest.mark.parametrize("length", [0, 1, 4, 8, 100, -1])
def test_a_truncated_table_is_named(workspace: Workspace, length: int) -> None:
    """A file that breaks off is told by its name, with the way to make it again."""
    workspace.write(Product, PRODUCTS)
    path = workspace.file(Product)
    path.write_bytes(path.read_bytes()[:length])
    for read in (workspace.read, workspace.scan, workspace.count):
        with pytest.raises(WorkspaceError, match=r"products\.parquet cannot be read") as error:
            read(Product)
        assert "\n" not in str(error.value)
        assert "Remove it" in error.value.hint


def test_damage_inside_a_table_is_named_by_the_stage(workspace: Workspace) -> None:
    """A page that cannot be decompressed stops the stage with the name of the file."""
    many = frame_of(Product, [Product(id=f"{n:05}", title=f"{n * 7919 % 9973}") for n in range(5_000)])
    workspace.write(Product, many)
    path = workspace.file(Product)
    data = bytearray(path.read_bytes())
    data[100:400] = bytes(300)
    path.write_bytes(data)
    with (
        pytest.raises(WorkspaceError, match=r"products\.parquet cannot be read"),
        workspace.stage("status", reads=[Product]),
    ):
        workspace.scan(Product).collect()


def test_another_tools_table_is_told(workspace: Workspace) -> None:
    """Missing columns and wrong types are told by name."""
    pl.DataFrame({"id": [1], "product_a": ["a"]}).write_parquet(workspace.file(CoBuy))
    with pytest.raises(WorkspaceError, match=r"cobuys\.parquet has .*no column product_b") as error:
        workspace.read(CoBuy)
    assert "Int64 in column id, not String" in str(error.value)


def test_a_table_that_is_gone_stops_the_stage_that_needs_it(workspace: Workspace) -> None:
    """A half-deleted workspace makes no empty graph: what a run wrote must be there."""
    with workspace.stage("ingest", writes=[Product]) as stage:
        stage.write(Product, PRODUCTS)
    workspace.file(Product).unlink()
    with (
        pytest.raises(
            WorkspaceError, match=r"products\.parquet is gone, though `mindgraph ingest` wrote it"
        ) as error,
        workspace.stage("load", reads=[Product]),
    ):
        pass
    assert error.value.hint == "Run `mindgraph ingest` again."


def test_merges_may_be_taken_away(workspace: Workspace) -> None:
    """Consolidation is undone by removing its file: what is a proposal may go."""
    with workspace.stage("cluster", writes=[Merge]) as stage:
        stage.write(Merge, frame_of(Merge, [Merge(intention="a", canonical="b", score=0.9)]))
    workspace.file(Merge).unlink()
    with workspace.stage("load", reads=[Merge, Intention]) as stage:
        assert not stage.unchanged


def test_a_second_writer_is_told_who_writes(workspace: Workspace) -> None:
    """While another process writes, writing fails at once and names it; reading works."""
    workspace.write(Product, PRODUCTS)
    code = "import time\nwith workspace.locked(): print('ready', flush=True); time.sleep(60)"
    with other_process(code, workspace.path) as owner:
        try:
            assert owner.stdout is not None
            owner.stdout.readline()
            with (
                pytest.raises(WorkspaceError, match=rf"another process \(pid {owner.pid}\)"),
                workspace.stage("build"),
            ):
                pass
            assert workspace.count(Product) == 2
        finally:
            owner.kill()


def test_a_dead_writer_holds_nothing(workspace: Workspace) -> None:
    """The lock of a process that was killed is free, whatever it left lying."""
    code = "import time\nwith workspace.locked(): print('ready', flush=True); time.sleep(60)"
    with other_process(code, workspace.path) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        owner.send_signal(signal.SIGKILL)
    assert (workspace.path / ".lock.pid").is_file()
    with workspace.stage("build") as stage:
        stage.write(Product, PRODUCTS)
    assert workspace.count(Product) == 2


def test_a_full_disk_leaves_the_previous_file(workspace: Workspace) -> None:
    """A table that finds no room is told in one line; the old one stays and nothing lies beside it."""
    workspace.write(Product, PRODUCTS)
    code = f"""
import resource, signal, random
import polars as pl
from mindgraph.records import Product
from mindgraph.tables import frame_of
from mindgraph.errors import WorkspaceError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
many = [Product(id=str(random.random()), title=str(random.random())) for _ in range(20_000)]
workspace = __import__("mindgraph.workspace", fromlist=["Workspace"]).Workspace({str(workspace.path)!r})
try:
    workspace.write(Product, frame_of(Product, many))
except WorkspaceError as error:
    print(error)
    print(error.hint)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told, hint = done.stdout.splitlines()
    assert told == f"{workspace.file(Product)} cannot be written: File too large."
    assert "previous file is untouched" in hint
    assert workspace.read(Product)["id"].to_list() == ["lamp", "tent"]
    assert sorted(path.name for path in workspace.path.iterdir()) == ["mindgraph.toml", "products.parquet"]


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """On a file system without room, tables, manifests and settings are told, and nothing is lost."""
    with small_disk(tmp_path / "small", "200k") as folder:
        workspace = Workspace.create(folder / "shop")
        workspace.write(Product, PRODUCTS)
        ballast = fill(folder)
        with pytest.raises(WorkspaceError, match="cannot be written: No space left on device"):
            workspace.write(Product, pl.concat([PRODUCTS] * 3))
        with pytest.raises(WorkspaceError, match="No space left on device"), workspace.stage("build"):
            pass
        with pytest.raises(WorkspaceError, match="No space left on device"):
            Workspace.create(folder / "shop", dataset="another")
        assert workspace.count(Product) == 2
        assert workspace.settings().dataset == "shop"
        ballast.unlink()
        workspace.write(Product, pl.concat([PRODUCTS] * 3))
        assert workspace.count(Product) == 6


def test_a_stage_that_fails_leaves_no_manifest(workspace: Workspace) -> None:
    """What broke off is run again: only a finished run counts."""
    with pytest.raises(ZeroDivisionError), workspace.stage("build", writes=[Product]) as stage:
        stage.write(Product, PRODUCTS)
        raise ZeroDivisionError
    assert workspace.last("build") is None


def test_manifests_tell_what_was_read_and_written(workspace: Workspace) -> None:
    """A run leaves digests, counts, settings and versions, and knows itself again."""
    for expected in (False, True):
        with workspace.stage("ingest", writes=[Product], settings={"n": 1}, files={"a.csv": "abc"}) as stage:
            assert stage.unchanged is expected
            if not stage.unchanged:
                stage.write(Product, PRODUCTS)
    manifest = workspace.last("ingest")
    assert manifest is not None
    assert len(workspace.manifests()) == 1
    assert manifest.reads == {"a.csv": "abc"}
    assert manifest.writes == {"products": workspace.digest_of(Product)}
    assert manifest.counts == stage.counts == {"products": 2}
    assert manifest.settings == {"n": 1}
    assert set(manifest.libraries) >= {"polars"}


def test_one_verb_is_not_mistaken_for_another(workspace: Workspace) -> None:
    """A verb whose name ends like another's has manifests of its own."""
    with workspace.stage("neo4j-import"):
        pass
    assert workspace.last("import") is None
    assert workspace.last("neo4j-import") is not None


def test_a_manifest_that_cannot_be_read_counts_as_none(workspace: Workspace) -> None:
    """A damaged manifest stops nothing: the stage runs again."""
    for _ in range(2):
        with workspace.stage("ingest", writes=[Product]) as stage:
            assert not stage.unchanged
            stage.write(Product, PRODUCTS)
        for path in (workspace.path / "runs").glob("*.json"):
            path.write_text('{"verb": "ing')
    assert workspace.manifests() == []


def test_rejects_of_other_stages_stay(workspace: Workspace) -> None:
    """A stage replaces its own rejects alone."""
    for stage, reason in [("ingest", "one"), ("filter", "two"), ("ingest", "three")]:
        workspace.replace_rejects(stage, [Reject(stage=stage, reason=reason)])
    assert sorted(workspace.read(Reject)["reason"]) == ["three", "two"]
    workspace.replace_rejects("ingest", [])
    workspace.replace_rejects("filter", [])
    assert workspace.count(Reject) == 0


def test_a_file_that_may_not_be_replaced_is_told(workspace: Workspace) -> None:
    """Where a table's place is taken by something else, one line says so."""
    workspace.file(Product).mkdir()
    with pytest.raises(WorkspaceError, match=r"products\.parquet cannot be written: Is a directory"):
        workspace.write(Product, PRODUCTS)
    assert sorted(path.name for path in workspace.path.iterdir()) == ["mindgraph.toml", "products.parquet"]
