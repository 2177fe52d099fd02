"""Apache Jena takes the dumps as they are: parsed, loaded, validated, asked."""

from __future__ import annotations

import json
from pathlib import Path

import pyoxigraph as ox
import pytest

from mindgraph.catalog import Sources
from mindgraph.pipeline import Pipeline
from mindgraph.rdf import Choice, query_text
from mindgraph.rdf.sparql import with_values
from mindgraph.records import Triple
from mindgraph.workspace import Workspace
from tests.handon import write_tables
from tests.jena import jars, jena, select
from tests.needs import need

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("jena")]

FORMATS = ("nt", "nq", "ttl", "trig", "jsonld", "nt.gz")


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small shop with its nasty texts, in every format."""
    need("jena", jars(), "Apache Jena's jars: they need java, mvn and a package registry, once")
    folder = tmp_path_factory.mktemp("jena")
    workspace = write_tables(folder / "ws")
    return Pipeline(workspace, workspace.settings()).export_rdf(folder / "out", FORMATS).folder


@pytest.mark.parametrize("name", FORMATS)
def test_riot_validates_every_format(dumps: Path, name: str):
    """`riot --validate` has no complaint, and counts what the description says."""
    done = jena("riotcmd.riot", "--validate", "--count", dumps / f"shop.{name}")
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "ERROR" not in said
    assert "WARN" not in said
    count = sum(1 for _ in (dumps / "shop.nt").open())
    assert f"{count:,}" in said or str(count) in said


def test_riot_reads_the_files_beside(dumps: Path):
    """Description, shapes and vocabulary are Turtle without a complaint."""
    for path in (dumps / "void.ttl", dumps / "shapes.ttl", Path("schemas/mindgraph.ttl").resolve()):
        done = jena("riotcmd.riot", "--validate", path)
        assert (done.returncode, done.stderr) == (0, ""), path


def test_jena_gives_every_literal_back(dumps: Path, tmp_path: Path):
    """What Jena writes after reading is, statement by statement, what was written."""
    done = jena("riotcmd.riot", "--output=NT", dumps / "shop.ttl")
    assert done.returncode == 0, done.stderr
    (tmp_path / "again.nt").write_text(done.stdout, encoding="utf-8", newline="")
    again, first = (
        {quad.triple for quad in ox.parse(path=str(path))}
        for path in (tmp_path / "again.nt", dumps / "shop.nt")
    )
    assert again == first


def test_jena_loads_a_store(dumps: Path, tmp_path: Path):
    """TDB2 loads the dump, and holds as many statements."""
    loaded = jena("tdb2.tdbloader", "--loc", tmp_path / "db", dumps / "shop.nt")
    assert loaded.returncode == 0, loaded.stderr
    done = jena(
        "tdb2.tdbquery",
        "--loc",
        tmp_path / "db",
        "--results",
        "CSV",
        "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }",
    )
    assert done.stdout.split()[-1] == str(sum(1 for _ in (dumps / "shop.nt").open()))


def test_jena_validates_the_shapes(dumps: Path):
    """Jena's SHACL finds that the clean shop conforms."""
    done = jena("shacl.shacl_validate", "--shapes", dumps / "shapes.ttl", "--data", dumps / "shop.nt")
    assert done.returncode == 0, done.stderr
    assert "sh:conforms  true" in done.stdout


def test_jena_finds_what_the_tables_find(tmp_path: Path):
    """A planted violation is found by Jena's SHACL in the same nodes as by the rules over tables."""
    need("jena", jars(), "Apache Jena's jars: they need java, mvn and a package registry, once")
    workspace = write_tables(tmp_path / "ws")
    broken = workspace.read(Triple)
    broken[0, "support"], broken[1, "acceptance"] = 0, 2.0
    workspace.write(Triple, broken)
    pipeline = Pipeline(workspace, workspace.settings())
    out = pipeline.export_rdf(tmp_path / "out").folder
    done = jena("shacl.shacl_validate", "--shapes", out / "shapes.ttl", "--data", out / "shop.nt")
    assert "sh:conforms  false" in done.stdout
    for row in pipeline.validate():
        assert row["rule"] in done.stdout
        assert f"<{row['node']}>" in done.stdout


def test_jena_reads_rdf12(tmp_path: Path):
    """The profile rdf12 is read by a parser of RDF 1.2."""
    need("jena", jars(), "Apache Jena's jars: they need java, mvn and a package registry, once")
    workspace = write_tables(tmp_path / "ws")
    pipeline = Pipeline(workspace, workspace.settings())
    out = pipeline.export_rdf(tmp_path / "out", ("nt", "ttl"), Choice(profile="rdf12")).folder
    for name in ("nt", "ttl"):
        done = jena("riotcmd.riot", "--validate", out / f"shop.{name}")
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("why_together", {"a": "10/4 café", "b": "lamp"}),
        ("bought_with", {"id": "lamp"}),
        ("bought_for", {"product": "lamp"}),
        ("strongest_intentions", {}),
        ("never_together", {"id": "lamp"}),
        ("purposes", {}),
    ],
)
def test_jena_answers_as_the_embedded_store(dumps: Path, tmp_path: Path, name: str, values: dict[str, str]):
    """Each example question has the same answer from Jena and from `mindgraph sparql`."""
    workspace = Workspace(dumps.parent / "ws")
    query = with_values(query_text(name), values)
    (tmp_path / "question.rq").write_text(query, encoding="utf-8")
    theirs = select(tmp_path / "question.rq", data=dumps / "shop.nt")
    ours = list(Pipeline(workspace, workspace.settings()).sparql(query))
    assert len(ours) > 0
    assert sorted(map(_comparable, theirs)) == sorted(map(_comparable, ours))


def _comparable(row: dict[str, object]) -> str:
    """Return a row as text in which a number is the same however it is written."""
    return json.dumps({name: _value(value) for name, value in row.items()}, sort_keys=True)


def _value(value: object) -> object:
    try:
        return round(float(str(value)), 9)
    except ValueError:
        return "" if value is None else str(value).replace("\r\n", "\n")


def test_real_intentions_pass(shared_data: Path, tmp_path: Path):
    """IntentionQA's intentions, through ingest and build, are a dump without a complaint in Jena."""
    need("jena", jars(), "Apache Jena's jars: they need java, mvn and a package registry, once")
    pipeline = intentionqa(shared_data, tmp_path)
    out = pipeline.export_rdf(tmp_path / "out", ("nt", "ttl")).folder
    assert pipeline.validate() == []
    for name in ("nt", "ttl"):
        done = jena("riotcmd.riot", "--validate", out / f"qa.{name}")
        assert (done.returncode, done.stderr) == (0, "")
    done = jena("shacl.shacl_validate", "--shapes", out / "shapes.ttl", "--data", out / "qa.nt")
    assert "sh:conforms  true" in done.stdout


def intentionqa(shared_data: Path, folder: Path) -> Pipeline:
    """Return a workspace built from IntentionQA's intentions."""
    workspace = Workspace.create(folder / "ws", dataset="qa")
    pipeline = Pipeline(workspace, workspace.settings())
    pipeline.ingest(Sources(intentions=(shared_data / "intentionqa/intentions_flat.jsonl",)))
    pipeline.build()
    return pipeline
