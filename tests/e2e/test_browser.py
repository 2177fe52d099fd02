"""The real Neo4j Browser in a headless Chromium: style and guide work, and the graph is drawn.

Asked are a Neo4j server of each generation, and `mindgraph serve`; what is clicked is the guide itself,
as `browser-kit` writes and offers it. Screenshots are kept in the folder that MINDGRAPH_SCREENSHOTS
names, else with the test's files.
"""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mindgraph.browser_kit import Examples, examples_of, offered, style_command, write_kit
from mindgraph.browser_kit.guide import filled, steps
from mindgraph.graph import graph_of
from mindgraph.stores.embedded_home import Home
from mindgraph.stores.serving import Served
from mindgraph.workspace import Workspace
from tests.needs import need, need_module
from tests.servers import Server, wipe
from tests.shop import load_plainly

pytestmark = pytest.mark.slow

_FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]

#: Milliseconds that the Browser may take for anything; machines are slow at times.
_PATIENCE = 120_000

DRAWINGS = ("neighbourhood", "pair", "around_intention")

#: The server whose Browser is shown where the graph is served by us.
_FIVE = pytest.param("5", marks=pytest.mark.xdist_group("neo4j-5"), id="neo4j-5")


class Browser:
    """Be a page that shows Neo4j Browser, logged in."""

    def __init__(self, page: Any, http: str, uri: str, user: str, password: str) -> None:
        self.page = page
        page.set_default_timeout(_PATIENCE)
        page.goto(f"{http}/browser/?connectURL={uri}")
        page.fill("[data-testid=username]", user)
        page.fill("[data-testid=password]", password)
        page.click("[data-testid=connect]")
        page.wait_for_selector(".monaco-editor")
        page.wait_for_selector("text=You are connected as user")

    def type(self, text: str) -> None:
        """Run one command or statement in the editor."""
        self.page.click(".monaco-editor")
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        self.page.keyboard.press("Control+Enter")

    def clear(self) -> None:
        """Remove all frames."""
        self.type(":clear")
        self.page.wait_for_selector("[data-testid=frame]", state="detached")

    def run(self, text: str) -> None:
        """Run one command in an empty stream, and wait for its frame."""
        self.clear()
        self.type(text)
        self.page.wait_for_selector("[data-testid=frame] [data-testid=frameContents]")

    def click(self, question: str) -> None:
        """Click a question of the guide's step that is open, run it, and wait for its answer."""
        self.clear()
        self.page.locator("[data-testid=guidesDrawer] pre.runnable", has_text=question).click()
        self.page.click("[data-testid=editor-Run]")
        self.page.wait_for_selector("[data-testid=frame] [data-testid=frame-loaded-contents]")
        self.page.wait_for_timeout(300)

    def failures(self) -> list[str]:
        """Return what error frames say."""
        found: list[str] = self.page.locator("[data-testid=frame]").all_inner_texts()
        return [text for text in found if re.search(r"Neo\.\w+Error|ERROR|Syntax error|Not found", text)]

    def rows(self) -> bool:
        """Say whether the frame on top holds an answer: rows or a drawing."""
        text = self.page.locator("[data-testid=frame]").first.inner_text()
        return re.search(r"Started streaming [1-9]\d* records|Displaying [1-9]\d* nodes", text) is not None

    def captions(self) -> set[str]:
        """Return the first words of each drawn node, once a drawing stands."""
        self.page.wait_for_selector("svg g.node text")
        drawn: list[str] = self.page.eval_on_selector_all("svg g.node", "ns => ns.map(n => n.textContent)")
        return {" ".join(text.split()[:2]) for text in drawn}

    def colours(self) -> set[str]:
        """Return the colours of the drawn nodes."""
        found: list[str] = self.page.eval_on_selector_all(
            "svg g.node circle", "cs => cs.map(c => c.getAttribute('fill'))"
        )
        return set(found)


@pytest.fixture(scope="module")
def examples(sample_shop: Workspace) -> Examples:
    """What can be asked of the sample shop."""
    return examples_of(sample_shop.read, "sample-shop")


@pytest.fixture(scope="module")
def kit(examples: Examples, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address under which the sample shop's kit is offered."""
    folder = tmp_path_factory.mktemp("kit")
    write_kit(folder, examples, "sample-shop")
    with offered(folder, 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium."""
    need_module("chromium", "playwright")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    need("chromium", found, "no Chromium: apt install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def browser(chromium: Any, neo4j_server: Server, sample_shop: Workspace) -> Iterator[Browser]:
    """Neo4j Browser, logged in to a server that holds the sample shop."""
    need("chromium", neo4j_server.http, "the server's Browser is not known: unset NEO4J_URI")
    with neo4j_server.driver() as driver:
        wipe(driver)
        load_plainly(driver, graph_of(sample_shop.read, "sample-shop"))
    with page_of(chromium) as page:
        yield Browser(page, neo4j_server.http, neo4j_server.uri, *neo4j_server.auth)


def test_the_guide_is_clicked_through_on_neo4j(
    browser: Browser, kit: str, examples: Examples, tmp_path: Path
) -> None:
    """Style and guide come from the offered folder; all six steps run, and drawings are ours."""
    browser.run(f":style {kit}/mindgraph.grass")
    assert browser.failures() == []

    click_through(browser, kit, examples, screenshots(tmp_path))


def test_the_guide_is_played_in_the_stream_and_the_style_pasted(browser: Browser, kit: str) -> None:
    """What needs nothing but one line: the style as text, and the guide as a row of slides."""
    browser.run(style_command())
    assert browser.failures() == []
    browser.run(f":play {kit}/guide.html")
    browser.page.wait_for_selector("[data-testid=carousel] h3")
    first = browser.page.inner_text("[data-testid=carousel]")
    browser.page.click("[data-testid=nextSlide]")
    browser.page.wait_for_timeout(300)

    assert browser.failures() == []
    assert "What is in the graph" in first
    assert "One product" in browser.page.inner_text("[data-testid=carousel]")


@pytest.mark.parametrize("neo4j_server", [_FIVE], indirect=True)
def test_the_guide_is_clicked_through_on_the_served_graph(
    chromium: Any, neo4j_server: Server, sample_shop: Workspace, kit: str, examples: Examples, tmp_path: Path
) -> None:
    """`mindgraph serve` behind the same Browser: the same answers; what runs away is ended."""
    served = Served(Home(sample_shop.graph), tmp_path / "serve", 0)
    try:
        served.start()
        with page_of(chromium) as page:
            address = served.address
            browser = Browser(page, neo4j_server.http, address.uri, address.user, address.password)
            browser.run(f":style {kit}/mindgraph.grass")
            click_through(browser, kit, examples, screenshots(tmp_path), "served-")
            browser.clear()
            browser.type(
                "MATCH (a), (b), (c), (d), (e) WHERE a.id + b.id + c.id + d.id = e.id + 'x' RETURN a"
            )
            page.wait_for_timeout(3000)
            assert served.restrain(1.0)
            page.wait_for_selector("text=A statement took longer than 1 seconds")
    finally:
        served.close()


def click_through(browser: Browser, kit: str, examples: Examples, shots: Path, prefix: str = "") -> None:
    """Open the guide beside the stream, click every question of every step, and look at the answers."""
    browser.type(f":guide {kit}/guide.html")
    browser.page.wait_for_selector("[data-testid=guidesDrawer] pre.runnable")
    for number, step in enumerate(steps(examples), start=1):
        browser.page.click(f"[data-testid=pagination-{number}]")
        for name in step.questions:
            browser.click(filled(name, examples).splitlines()[0])
            assert (browser.failures(), browser.rows()) == ([], True), name
            if name in DRAWINGS:
                known = {_first_words(t) for t in (examples.title_a, examples.title, examples.text)}
                assert browser.captions() & known, name
                assert {"#2F6F8F", "#F4B860"} <= browser.colours(), name
                browser.page.wait_for_timeout(2000)  # the drawing comes to rest
                browser.page.screenshot(path=str(shots / f"{prefix}{name}.png"))


@contextmanager
def page_of(chromium: Any) -> Iterator[Any]:
    """Open a page that remembers nothing of another one."""
    context = chromium.new_context(viewport={"width": 1200, "height": 640})
    yield context.new_page()
    context.close()


def screenshots(folder: Path) -> Path:
    """Return the folder that screenshots are kept in."""
    return Path(os.environ.get("MINDGRAPH_SCREENSHOTS", folder))


def _first_words(text: str) -> str:
    return " ".join(text.split()[:2])
