"""The kit for Neo4j Browser: examples of the graph itself, guides, a style, and where they are offered."""

from __future__ import annotations

import html
import re
import threading
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner

from mindgraph import Workspace
from mindgraph.browser_kit import Examples, examples_of, offered, style_command, write_kit
from mindgraph.browser_kit.guide import as_asciidoc, as_html, filled, steps
from mindgraph.browser_kit.kit import style
from mindgraph.cli import cli
from mindgraph.errors import NotFound, WorkspaceError
from mindgraph.graph import EDGES, NODES
from mindgraph.stores.guard import read_only
from mindgraph.stores.named import all_named
from tests.handon import write_tables


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small shop, whose titles hold every awkward mark."""
    return write_tables(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def examples(shop: Workspace) -> Examples:
    """What can be asked of it."""
    return examples_of(shop.read, "shop")


def test_six_steps_and_every_question_in_them_runs_as_it_stands(examples: Examples):
    """No parameter is left in any question, and each may run."""
    told = steps(examples)

    assert len(told) == 6
    for name in [name for step in told for name in step.questions]:
        assert read_only(filled(name, examples)).parameters == ()


def test_both_guides_hold_every_question_of_every_step(examples: Examples):
    """What the HTML and the AsciiDoc show is the same text, whatever marks stand in it."""
    page, text = as_html(examples, "shop"), as_asciidoc(examples, "shop")
    wanted = [filled(name, examples) for step in steps(examples) for name in step.questions]

    shown = re.findall(r'<pre class="pre-scrollable code runnable" mode="cypher">(.*?)</pre>', page, re.S)
    assert [html.unescape(part) for part in shown] == wanted
    assert re.findall(r"\[source,cypher\]\n-----\n(.*?)\n-----\n", text, re.S) == wanted
    assert (page.count("<slide"), text.count("\n== ")) == (6, 6)


def test_the_style_knows_every_label_and_type():
    """Each has a colour and a caption of its own."""
    rules = dict(re.findall(r"^(\S+) \{(.*?)^\}", style(), re.S | re.M))

    for name in [f"node.{label}" for label in NODES] + [f"relationship.{type_}" for type_ in EDGES]:
        assert "caption:" in rules[name], name
        assert re.search(r" color: #[0-9A-F]{6};", rules[name]), name
    assert "\n" not in style_command()


def test_the_verb_writes_a_kit_and_says_where_to_begin(shop: Workspace, tmp_path: Path):
    """Style, both guides, settings and all named questions; README names every file."""
    done = CliRunner().invoke(cli, ["-w", str(shop.path), "browser-kit", str(tmp_path / "kit")])

    assert (done.exit_code, done.stdout) == (0, "")
    written = {str(path.relative_to(tmp_path / "kit")) for path in (tmp_path / "kit").rglob("*.*")}
    readme = (tmp_path / "kit" / "README.md").read_text(encoding="utf-8")
    assert written == {
        *("README.md", "mindgraph.grass", "style.txt", "guide.html", "guide.adoc", "neo4j.conf.lines"),
        *(f"queries/{question.name}.cypher" for question in all_named()),
    }
    for name in written:
        assert name.split("/")[0].removesuffix("README.md") in readme
    assert str(tmp_path / "kit") in readme


def test_the_same_graph_gives_the_same_kit(shop: Workspace, examples: Examples, tmp_path: Path):
    """Twice written, the same bytes."""
    for _ in range(2):
        files = write_kit(tmp_path / "kit", examples_of(shop.read, "shop"), "shop")
        digests = [path.read_bytes() for path in files]
    assert digests == [path.read_bytes() for path in write_kit(tmp_path / "kit", examples, "shop")]


def test_a_graph_without_triples_has_nothing_to_show(tmp_path: Path):
    """The hint says what makes them."""
    with pytest.raises(NotFound, match="no triples yet") as nothing:
        examples_of(Workspace.create(tmp_path).read, "shop")

    assert "mindgraph build" in nothing.value.hint


def test_a_folder_that_is_a_file_is_told_in_one_line(examples: Examples, tmp_path: Path):
    """Nothing is overwritten."""
    (tmp_path / "kit").write_text("mine")
    with pytest.raises(WorkspaceError, match="kit cannot be written: "):
        write_kit(tmp_path / "kit", examples, "shop")

    assert (tmp_path / "kit").read_text() == "mine"


def test_the_folder_is_offered_to_pages_of_other_addresses_on_loopback(tmp_path: Path):
    """The header that a Browser wants is there; nothing outside the folder is given."""
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "guide.html").write_text("hello")
    (tmp_path / "secret").write_text("no")
    with offered(tmp_path / "kit", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        with urllib.request.urlopen(f"{base}/guide.html") as answer:
            assert (answer.read(), answer.headers["Access-Control-Allow-Origin"]) == (b"hello", "*")
        # the Browser asks with headers of its own, so its page asks first whether it may
        asking = urllib.request.Request(f"{base}/guide.html", method="OPTIONS")
        with urllib.request.urlopen(asking) as allowed:
            assert (allowed.status, allowed.headers["Access-Control-Allow-Headers"]) == (204, "*")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{base}/%2e%2e/secret")
        with (
            pytest.raises(WorkspaceError, match="is not free") as taken,
            offered(tmp_path, server.server_port),
        ):
            pass
        server.shutdown()
    assert "--offer" in taken.value.hint
