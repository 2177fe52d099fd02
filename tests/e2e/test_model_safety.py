"""What a model says stays text, and a key stays in its header: from the answer to graph, RDF and sheets."""

from __future__ import annotations

import json
from pathlib import Path

import pyoxigraph
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from mindgraph.cli import cli
from mindgraph.pipeline import Pipeline
from mindgraph.records import Candidate, CoBuy, Feature
from mindgraph.workspace import Workspace
from tests.stub_server import Answer, Seen, StubServer, chat, good

SECRET = "sk-never-to-be-written-71c"
#: What a model may say, in the hope that someone runs it.
SPELLS = (
    "lighting the tent <script>alert(1)</script>",
    "camping') MATCH (n) DETACH DELETE n //",
    '"} ) . <urn:a> <urn:b> "stolen" . #',
    "reading ../../../../etc/passwd at night",
    "=HYPERLINK(evil) on the road",
    "writing [x](javascript:alert(1)) \\u0000 ${jndi:ldap://x}",
)
PAIRS = [
    ("lamp", "tent"),
    ("lamp", "mat"),
    ("mat", "tent"),
    ("lamp", "stove"),
    ("stove", "tent"),
    ("mat", "stove"),
]


def spells(seen: Seen, number: int) -> Answer:
    """Cast a spell in every intention; judge well."""
    shape = (seen.body.get("response_format") or {}).get("json_schema", {})
    if shape.get("name") != "intentions":
        return good(seen, number)
    said = {"phrase": SPELLS[number % len(SPELLS)], "detail": SPELLS[(number + 1) % len(SPELLS)]}
    return chat(json.dumps(dict.fromkeys(shape["schema"]["properties"], None) | {_first(shape): said}))


def _first(shape: dict[str, dict[str, dict[str, object]]]) -> str:
    return next(iter(shape["schema"]["properties"]))


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Four products, two of them with a picture, and six co-buys."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("lamp", "tent"):
        Image.new("RGB", (64, 48), "red" if name == "lamp" else "blue").save(pictures / f"{name}.jpg")
    names = ("lamp", "tent", "mat", "stove")
    (tmp_path / "products.csv").write_text("id,title\n" + "".join(f"{n},A {n} of steel\n" for n in names))
    (tmp_path / "cobuys.csv").write_text("product_a,product_b\n" + "".join(f"{a},{b}\n" for a, b in PAIRS))
    folder = tmp_path / "shop"
    files = [str(tmp_path / "products.csv"), str(tmp_path / "cobuys.csv"), "--images", str(pictures)]
    assert run(folder, "ingest", *files).exit_code == 0
    return folder


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["-w", str(folder), *words], catch_exceptions=False)


@pytest.mark.slow
def test_what_a_model_says_stays_text(shop: Path, tmp_path: Path) -> None:
    """Markup, Cypher, RDF, a path and a formula come out of graph and RDF as the text that was said."""
    with StubServer(spells) as server:
        for words in (
            ["distill", "--base-url", server.base_url, "--model", "m"],
            ["filter"],
            ["build"],
            ["load"],
        ):
            done = run(shop, *words)
            assert done.exit_code == 0, done.output
    pipeline = Pipeline(Workspace(shop))
    said = set(pipeline.workspace.read(Candidate)["text"].to_list())
    assert len(said) >= 4
    rows = pipeline.query("MATCH (i:Intention) RETURN i.text AS text, i.id AS id").rows
    assert {row["text"] for row in rows} <= said
    assert {"<script>", "DETACH DELETE", "../../"} <= {
        mark for mark in ("<script>", "DETACH DELETE", "../../") if any(mark in row["text"] for row in rows)
    }
    counts = pipeline.query("MATCH (p:Product) RETURN count(p) AS n").rows
    assert counts[0]["n"] == 4
    assert run(shop, "export", "rdf", str(tmp_path / "rdf"), "--as", "nt").exit_code == 0
    (dump,) = (tmp_path / "rdf").glob("*.nt")
    triples = list(pyoxigraph.parse(path=str(dump), format=pyoxigraph.RdfFormat.N_TRIPLES))
    texts = {t.object.value for t in triples if isinstance(t.object, pyoxigraph.Literal)}
    assert {row["text"] for row in rows} <= texts
    assert not any("urn:b" in str(triple.predicate) for triple in triples)
    told = run(shop, "explain", str(rows[0]["id"]))
    assert told.exit_code == 0


@pytest.mark.slow
def test_a_key_is_in_no_file_of_a_run(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a run with a server that repeats the key, no file of the workspace and no output holds it."""
    monkeypatch.setenv("MINDGRAPH_API_KEY", SECRET)

    def repeats(seen: Seen, number: int) -> Answer | None:
        if seen.headers.get("authorization") != f"Bearer {SECRET}":
            return Answer(401, b"{}")
        if seen.body.get("logprobs"):
            return None
        if number % 5 == 4:
            return Answer(400, json.dumps({"error": {"message": seen.headers["authorization"]}}).encode())
        return chat(f'{{"features": "{SECRET}"}}') if number % 5 == 3 else None

    with StubServer(repeats) as server:
        said = [run(shop, "distill", "--base-url", server.base_url, "--model", "m"), run(shop, "filter")]
        said += [run(shop, "plan"), run(shop, "status"), run(shop, "replies", "list"), run(shop, "build")]
    assert all(done.exit_code == 0 for done in said)
    assert not any(SECRET in done.output for done in said)
    files = [path for path in shop.rglob("*") if path.is_file()]
    assert {"replies.sqlite", "rejects.parquet", "mindgraph.toml"} <= {path.name for path in files}
    assert any(path.parent.name == "runs" for path in files)
    assert [path.name for path in files if SECRET.encode() in path.read_bytes()] == []


def test_missing_pictures_are_recorded(shop: Path) -> None:
    """A co-buy with two pictures, one or none is asked with what there is, and says how many were seen."""
    with StubServer() as server:
        assert run(shop, "distill", "--base-url", server.base_url, "--model", "m").exit_code == 0
        shown = [sum(part["type"] == "image_url" for part in _parts(seen)) for seen in server.chats()]
    workspace = Workspace(shop)
    pairs = workspace.read(CoBuy).select("product_a", "product_b", cobuy="id")
    seen = workspace.read(Candidate).join(pairs, on="cobuy").select("product_a", "product_b", "images_seen")
    found = {(a, b): n for a, b, n in seen.unique().iter_rows()}
    pictured = {"lamp", "tent"}
    assert found == {(a, b): (a in pictured) + (b in pictured) for a, b in found}
    assert set(found.values()) == set(shown) == {0, 1, 2}
    notes = dict(workspace.read(Feature).select("product", "images_seen").iter_rows())
    assert notes == {"lamp": 1, "tent": 1, "mat": 0, "stove": 0}


def _parts(seen: Seen) -> list[dict[str, str]]:
    content = seen.body["messages"][-1]["content"]
    return content if isinstance(content, list) else []
