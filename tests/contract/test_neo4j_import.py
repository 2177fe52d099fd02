"""The importer of a real Neo4j makes the graph that a load over Bolt makes."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mindgraph.errors import StoreError
from mindgraph.records import Product
from mindgraph.resources import folder, statements
from mindgraph.spool import Spool
from mindgraph.stores.admin_import import Kind, write_import
from mindgraph.stores.bolt import Login, connect, synchronise, verify
from tests.needs import need
from tests.servers import GENERATIONS, Generation, NoServer, Server, jars, prepare, write_admin_script
from tests.shops import CAMPING, shop, spooled

AWKWARD = (
    'quotes " and "" and \\ backslash',
    "comma, semicolon; tab\t pipe|",
    "line\nbreak\r\nand return\r",
    "  blanks around  ",
    "NUL \x00 and other \x01\x1e\x7f controls",
    "emoji 😀, accents é, right-to-left ‏א",
    "'; DROP CONSTRAINT product_key; //",
    "=1+1",
    "null",
    "x" * 64_000,
)


@pytest.fixture(
    params=[pytest.param(name, marks=pytest.mark.xdist_group(f"neo4j-{name}")) for name in GENERATIONS]
)
def generation(request: pytest.FixtureRequest) -> Generation:
    """A generation whose jars are here."""
    found = GENERATIONS[request.param]
    try:
        jars(found)
    except NoServer as lack:
        need("neo4j", False, str(lack))
    return found


@pytest.fixture
def stopped(generation: Generation) -> Iterator[Server]:
    """A server that has not been started, with an empty folder."""
    try:
        server = prepare(generation)
    except NoServer as lack:
        need("neo4j", False, str(lack))
    yield server
    server.close()


def run_script(server: Server, generation: Generation, files: Path, *arguments: str) -> None:
    """Run import.sh as a person does."""
    assert server.home is not None
    admin = write_admin_script(generation, server.home, server.home / "neo4j-admin")
    done = subprocess.run(
        [str(files / "import.sh"), *arguments],
        env={**os.environ, "NEO4J_ADMIN": str(admin)},
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def imported(server: Server, generation: Generation, spool: Spool, files: Path, kind: Kind) -> None:
    """Write the files, import them, start the server and run the statements that follow."""
    write_import(spool, files, kind)
    run_script(server, generation, files)
    server.start()
    with server.driver() as driver, driver.session() as session:
        for statement in statements_of(files / "schema.cypher"):
            session.run(statement).consume()


def statements_of(path: Path) -> list[str]:
    """Return the statements of a file, as cypher-shell reads them: each ends with a semicolon and a line."""
    return [part.strip() for part in path.read_text().split(";\n") if part.strip()]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_the_imported_graph_is_the_loaded_one(
    stopped: Server, generation: Generation, tmp_path: Path, kind: Kind
):
    """Counts and checksum are equal, awkward texts and empty lists included; a load finds nothing to do."""
    said = [*CAMPING, *(("lamp", "tent", "can", text, 0.5) for text in AWKWARD)]
    titles = dict(zip(("lamp", "stove", "tent", "torch"), AWKWARD[2:6], strict=True))
    bare = Product(id='it\'s "odd" \\ 😀', title="", categories=["a;b", "", " c\n"], brand="Ö, GmbH")
    workspace = shop(tmp_path / "shop", said, titles=titles, extra={Product: [bare]})
    spool = spooled(workspace, size=9)
    imported(stopped, generation, spool, tmp_path / "files", kind)
    with connect(stopped.uri, Login()) as bolt:
        compared = verify(bolt, spool)
        done = synchronise(bolt, spool)
        more = synchronise(bolt, spooled(shop(tmp_path / "shop", CAMPING), size=9))
    assert {name: part.held.count for name, part in compared.items()} == spool.counts()
    assert done.created.total() + done.updated.total() + done.removed.total() == 0
    assert more.compared == "what changed"


@pytest.mark.slow
def test_whatever_stands_in_a_text_survives_the_importer(
    stopped: Server, generation: Generation, tmp_path: Path
):
    """Quotes, delimiters, line breaks, NUL and arrays come back from the real importer as they were."""
    titles: list[str] = []
    lists: list[list[str]] = []

    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(title=texts(), parts=st.lists(texts(), max_size=3).filter(lambda found: found != [""]))
    def draw(title: str, parts: list[str]) -> None:
        titles.append(title)
        lists.append(parts)

    draw()
    products = [
        Product(id=f"p{number:04d}", title=title, categories=parts, brand=title or None)
        for number, (title, parts) in enumerate(zip(titles, lists, strict=True))
    ]
    spool = spooled(shop(tmp_path / "shop", extra={Product: products}))
    imported(stopped, generation, spool, tmp_path / "files", "csv")
    with connect(stopped.uri, Login()) as bolt:
        verify(bolt, spool)


def texts() -> st.SearchStrategy[str]:
    """Draw texts full of what a CSV reader may stumble over."""
    awkward = st.sampled_from(
        ['"', '""', ",", ";", "\n", "\r", "\r\n", "\x00", "\\", "'", " ", "\t", "\x1e", "😀"]
    )
    plain = st.characters(exclude_categories=["Cs"], exclude_characters="\x1f")
    return st.lists(st.one_of(awkward, plain), max_size=8).map("".join)


def test_a_joiner_that_stands_in_a_list_is_not_taken(tmp_path: Path):
    """Lists are joined by a character that is in none of them; where all are taken, the place is named."""
    taken = Product(id="p", title="P", categories=["a\x1fb", "c"])
    workspace = shop(tmp_path / "shop", extra={Product: [taken]})
    write_import(spooled(workspace), tmp_path / "files")
    assert "--array-delimiter=U+001E" in (tmp_path / "files" / "import.args").read_text()
    full = Product(id="p", title="P", categories=["\x1f\x1e\x1d\x1c\x02\x03"])
    with pytest.raises(StoreError, match="Every character that could join lists"):
        write_import(spooled(shop(tmp_path / "shop", extra={Product: [full]})), tmp_path / "files")


def test_what_the_importer_cannot_take_is_refused(tmp_path: Path):
    """A list of one empty text, and in Parquet an empty text that may be null, are named, not lost."""
    odd = Product(id="p", title="P", categories=[""])
    with pytest.raises(StoreError, match="of one empty text"):
        write_import(spooled(shop(tmp_path / "a", extra={Product: [odd]})), tmp_path / "files")
    empty = Product(id="p", title="P", brand="")
    with pytest.raises(StoreError, match="empty brand"):
        write_import(spooled(shop(tmp_path / "b", extra={Product: [empty]})), tmp_path / "files", "parquet")


def test_the_folder_says_how_it_is_used(tmp_path: Path):
    """A script that can be run, its arguments, the schema, and a README with the counts."""
    spool = spooled(shop(tmp_path / "shop"))
    written = write_import(spool, tmp_path / "files")
    names = {path.name for path in written.folder.iterdir()}
    assert {"import.sh", "import.args", "schema.cypher", "README.md", "Product.csv"} <= names
    assert os.access(tmp_path / "files" / "import.sh", os.X_OK)
    assert "| BOUGHT_FOR |" in (tmp_path / "files" / "README.md").read_text()
    assert (tmp_path / "files" / "Product.csv").read_text().startswith("key:ID(Product),dataset:string,")
    assert folder("cypher").is_dir() and statements("schema.cypher")
