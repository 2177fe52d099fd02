"""SPARQL over a workspace, built on demand; and dumps checked from the file alone."""

from __future__ import annotations

import gzip
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from mindgraph.cli import cli
from mindgraph.errors import MindgraphError, NotFound, ShapeError, StoreError
from mindgraph.pipeline import Pipeline
from mindgraph.rdf import Choice, check_dump, query_names, query_text
from mindgraph.records import CoBuy, Triple
from mindgraph.workspace import Workspace
from tests.handon import small_tables, write_tables


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return write_tables(tmp_path_factory.mktemp("sparql") / "ws")


def pipeline_of(workspace: Workspace) -> Pipeline:
    return Pipeline(workspace, workspace.settings())


def run(workspace: Workspace, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["-w", str(workspace.path), *arguments])


def told(workspace: Workspace, *arguments: str) -> str:
    """Return the one line of the error that a command ends with."""
    result = run(workspace, *arguments)
    assert isinstance(result.exception, MindgraphError), result
    return str(result.exception)


def test_a_question_is_answered(workspace: Workspace):
    """A SELECT gives a row a solution, with numbers as numbers; prefixes are known."""
    rows = list(pipeline_of(workspace).sparql("SELECT (COUNT(*) AS ?n) WHERE { ?c a mg:CoBuy }"))
    assert rows == [{"n": len(small_tables()[CoBuy])}]


def test_ask_and_construct_are_answered(workspace: Workspace):
    """ASK gives one row, CONSTRUCT a row a statement."""
    pipeline = pipeline_of(workspace)
    assert list(pipeline.sparql("ASK { ?p schema:sku 'lamp' }")) == [{"answer": True}]
    (row,) = pipeline.sparql("CONSTRUCT { ?p rdfs:label ?s } WHERE { ?p schema:sku ?s FILTER (?s = 'lamp') }")
    assert row["object"] == "lamp"
    assert row["subject"] == "https://w3id.org/mindgraph/id/product/shop/lamp"


def test_parameters_are_values(workspace: Workspace):
    """A parameter is a text or, in angle brackets, an IRI; it cannot change the question."""
    pipeline = pipeline_of(workspace)
    iri = "<https://w3id.org/mindgraph/id/product/shop/lamp>"
    assert list(pipeline.sparql("SELECT ?s WHERE { ?p schema:sku ?s }", {"p": iri})) == [{"s": "lamp"}]
    assert list(pipeline.sparql("SELECT ?p WHERE { ?p schema:sku ?s }", {"s": "' } #"})) == []


def test_a_parameter_that_is_none_is_told(workspace: Workspace):
    """A name that the query has no variable for, or an IRI that is none, is an error in one line."""
    pipeline = pipeline_of(workspace)
    with pytest.raises(StoreError, match=r"no variable \?title") as caught:
        list(pipeline.sparql("SELECT ?s WHERE { ?p schema:sku ?s }", {"title": "x"}))
    assert "p, s" in caught.value.hint
    with pytest.raises(StoreError, match="is no IRI"):
        list(pipeline.sparql("SELECT ?s WHERE { ?p schema:sku ?s }", {"p": "<no iri>"}))


def test_the_store_is_kept_until_the_data_changes(tmp_path: Path):
    """The second question builds nothing; another table makes another store, and the old one goes."""
    workspace = write_tables(tmp_path / "ws")
    pipeline = pipeline_of(workspace)
    question = "SELECT (SUM(?w) AS ?n) WHERE { ?c mg:weight ?w }"
    (first,) = pipeline.sparql(question)
    (store,) = (workspace.path / "rdf").iterdir()
    made = store.stat().st_mtime_ns
    assert list(pipeline.sparql(question)) == [first]
    assert store.stat().st_mtime_ns == made
    workspace.write(CoBuy, workspace.read(CoBuy).with_columns(pl.col("weight") + 1))
    (second,) = pipeline.sparql(question)
    assert second["n"] == first["n"] + workspace.count(CoBuy)
    assert [path != store for path in (workspace.path / "rdf").iterdir()] == [True]


@pytest.mark.parametrize(
    ("query", "line"),
    [
        ("SELECT ?x WHERE { ?x", "cannot be read"),
        ("INSERT DATA { <a:a> <a:b> <a:c> }", "cannot be read"),
        ("DROP ALL", "cannot be read"),
        ("SELECT * WHERE { SERVICE <http://127.0.0.1:9999/> { ?s ?p ?o } }", "SERVICE asks another server"),
        ("SELECT * WHERE { service silent <http://x/> { ?s ?p ?o } }", "SERVICE asks another server"),
    ],
)
def test_nothing_but_reading_is_done(workspace: Workspace, query: str, line: str):
    """What writes, cannot be parsed or would leave the machine is refused in one line."""
    with pytest.raises(StoreError, match=line) as caught:
        list(pipeline_of(workspace).sparql(query))
    assert "\n" not in str(caught.value)


def test_a_word_in_a_text_is_no_keyword(workspace: Workspace):
    """The word SERVICE may stand in strings, IRIs and comments."""
    query = "# SERVICE\nSELECT ?x WHERE { BIND ('SERVICE <x>' AS ?x) OPTIONAL { ?x a <http://x/SERVICE> } }"
    assert list(pipeline_of(workspace).sparql(query)) == [{"x": "SERVICE <x>"}]


@pytest.mark.parametrize("name", query_names())
def test_every_example_runs(workspace: Workspace, name: str):
    """Each example question is answered, and says in its first line what it answers."""
    assert query_text(name).startswith("# ")
    parameters = {"a": "lamp", "b": "la", "product": "lamp", "id": "lamp"}
    wanted = {p: v for p, v in parameters.items() if f"#   {p}: " in query_text(name)}
    rows = list(pipeline_of(workspace).sparql(query_text(name), wanted))
    assert rows or name in ("why_together",)


def test_an_unknown_example_is_told():
    """A name that is no example suggests the nearest."""
    with pytest.raises(NotFound, match="bougt_for") as caught:
        query_text("bougt_for")
    assert "bought_for" in caught.value.hint


def test_the_verb_asks(workspace: Workspace, tmp_path: Path):
    """A query, a file and an example are asked alike; rows come in the format wanted."""
    query = "SELECT ?s WHERE { ?p schema:sku ?s } ORDER BY ?s LIMIT 1"
    (tmp_path / "q.rq").write_text(query)
    for arguments in (["-c", query], [str(tmp_path / "q.rq")]):
        assert run(workspace, "sparql", *arguments, "--format", "csv").output == "s\n#1?q=ü%20\n"
    result = run(workspace, "sparql", "bought_for", "-p", "product=lamp", "--format", "jsonl")
    assert result.exit_code == 0
    assert '"relation"' in result.output


def test_the_verb_lists_its_examples(workspace: Workspace):
    """`sparql --list` names every example with its question."""
    assert [
        line.split(",")[0]
        for line in run(workspace, "sparql", "--list", "--format", "csv").output.splitlines()[1:]
    ] == query_names()


@pytest.mark.parametrize("arguments", [[], ["-c", "ASK {}", "file.rq"], ["-c", "ASK {}", "-p", "x"]])
def test_the_verb_says_how_it_is_used(workspace: Workspace, arguments: list[str]):
    """Neither or both of query and file, or a parameter without a value, is a usage error."""
    assert run(workspace, "sparql", *arguments).exit_code == 2


def test_no_workspace_is_told(tmp_path: Path):
    """Asking, exporting or checking without a workspace says where to begin."""
    nowhere = Workspace(tmp_path / "nowhere")
    for arguments in (["sparql", "-c", "ASK {}"], ["export", "rdf", str(tmp_path / "out")], ["validate"]):
        assert "is no workspace" in told(nowhere, *arguments)
    assert not (tmp_path / "out").exists()


def test_validate_says_that_all_holds(workspace: Workspace):
    """A clean workspace passes the rules and, on a sample, the shapes."""
    result = run(workspace, "validate", "--shacl", "3")
    assert result.exit_code == 0, result.output


def test_validate_names_rule_and_node(tmp_path: Path):
    """A broken rule is a row with rule, node and message, and the command fails."""
    workspace = write_tables(tmp_path / "ws")
    workspace.write(Triple, workspace.read(Triple).with_columns(pl.lit(0, pl.Int64).alias("support")))
    result = run(workspace, "validate", "--format", "jsonl")
    assert isinstance(result.exception, ShapeError)
    assert "violations; the first: https://w3id.org/mindgraph/id/triple/shop/" in str(result.exception)
    assert "An assertion is supported by one answer or more." in result.output


def exported(tmp_path: Path, *formats: str) -> Path:
    pipeline = pipeline_of(write_tables(tmp_path / "ws"))
    return pipeline.export_rdf(tmp_path / "out", formats).folder


@pytest.mark.parametrize("name", ["nt", "nq", "ttl", "trig", "jsonld", "nt.gz", "jsonld.gz"])
def test_a_good_dump_passes(tmp_path: Path, name: str):
    """A dump is parsed whole; counts and checksum agree with what lies beside it."""
    checked = check_dump(exported(tmp_path, name) / f"shop.{name}")
    assert checked.faults == checked.unknown == []
    assert checked.triples > 300
    assert run(Workspace(tmp_path / "ws"), "validate", str(checked.path)).exit_code == 0


def test_a_missing_statement_is_found(tmp_path: Path):
    """A line less shows in the counts of its property and in the checksum."""
    path = exported(tmp_path, "nt") / "shop.nt"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b"ns#weight>" not in line or b"cobuy" not in line))
    faults = check_dump(path).faults
    assert any("ns#weight: 0 in the file, 8 in void.ttl" in fault for fault in faults)
    assert any("SHA-256" in fault for fault in faults)
    assert "in void.ttl" in told(Workspace(tmp_path / "ws"), "validate", str(path))


def test_a_broken_line_is_named(tmp_path: Path):
    """A line that is no statement is told with file and line."""
    path = exported(tmp_path, "nt") / "shop.nt"
    lines = path.read_bytes().splitlines(keepends=True)
    lines[6] = lines[6].replace(b" .\n", b" \n")
    path.write_bytes(b"".join(lines))
    with pytest.raises(ShapeError, match=r"shop\.nt:[78]: "):
        check_dump(path)


def test_a_truncated_gzip_is_told(tmp_path: Path):
    """A compressed dump that ends too early is an error in one line."""
    path = exported(tmp_path, "nt.gz") / "shop.nt.gz"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ShapeError, match=r"shop\.nt\.gz"):
        check_dump(path)


def test_gzip_is_plain_gzip(tmp_path: Path):
    """Any gzip reads the dump, and it holds the same bytes as without."""
    out = exported(tmp_path, "nt", "nt.gz")
    assert gzip.decompress((out / "shop.nt.gz").read_bytes()) == (out / "shop.nt").read_bytes()


def test_a_dump_alone_is_parsed(tmp_path: Path):
    """Without description and checksums a dump is parsed, and what was not compared is said."""
    path = exported(tmp_path, "nt") / "shop.nt"
    for name in ("void.ttl", "SHA256SUMS"):
        path.with_name(name).unlink()
    checked = check_dump(path)
    assert checked.faults == []
    assert len(checked.unknown) == 2


@pytest.mark.parametrize("name", ["gone.nt", "shop.txt"])
def test_what_is_no_dump_is_told(tmp_path: Path, name: str):
    """A file that is not there, or of no RDF format, is named."""
    (tmp_path / "shop.txt").write_text("hello")
    with pytest.raises(NotFound, match=name):
        check_dump(tmp_path / name)


def test_a_selection_is_a_part(tmp_path: Path):
    """A dump of a chosen part holds fewer assertions, of the chosen kind, and passes the rules."""
    workspace = write_tables(tmp_path / "ws")
    result = run(
        workspace, "export", "rdf", str(tmp_path / "out"), "--relation", "used_for", "--min-acceptance", "0.2"
    )
    assert result.exit_code == 0, result.output
    text = (tmp_path / "out" / "shop.nt").read_text()
    assert "ns#usedFor" in text
    assert "ns#open>" not in text


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--cluster", "nowhere"], "no cluster 'nowhere'"),
        (["--category", "Toys"], "category 'Toys'"),
        (["--parts", "shelves"], "no part 'shelves'"),
    ],
)
def test_an_unknown_choice_is_told(workspace: Workspace, tmp_path: Path, arguments: list[str], line: str):
    """What is chosen and not there is named in one line."""
    assert line in told(workspace, "export", "rdf", str(tmp_path / "out"), *arguments)


@pytest.mark.parametrize(
    "arguments", [["--relation", "lovedBy"], ["--sorted", "--as", "ttl"], ["--as", "xml"]]
)
def test_a_wrong_option_is_a_usage_error(workspace: Workspace, tmp_path: Path, arguments: list[str]):
    """Options that contradict each other or name nothing are usage errors."""
    assert run(workspace, "export", "rdf", str(tmp_path / "out"), *arguments).exit_code == 2


def test_the_choice_goes_into_the_version(workspace: Workspace, tmp_path: Path):
    """A part of the graph is another version of the data set."""
    pipeline = pipeline_of(workspace)
    versions = {
        pipeline.export_rdf(tmp_path / str(n), ("nq",), choice).version
        for n, choice in enumerate(
            [Choice(), Choice(parts=("cobuys",)), Choice(profile="rdf12"), Choice(rejected=True)]
        )
    }
    assert len(versions) == 4
