"""The real Neo4j Browser in a headless Chromium: style and guide work, and the graph is drawn.

Screenshots are kept in the folder that MINDGRAPH_SCREENSHOTS names, else with the test's files.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mindgraph.browser_kit import Examples, examples_of, style_command
from mindgraph.browser_kit.guide import filled, steps
from mindgraph.graph import graph_of
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


class Browser:
    """Be a page that shows Neo4j Browser, logged in."""

    def __init__(self, page: Any, server: Server) -> None:
        self.page = page
        page.set_default_timeout(_PATIENCE)
        page.goto(f"{server.http}/browser/?connectURL={server.uri}")
        page.fill("[data-testid=username]", server.user)
        page.fill("[data-testid=password]", server.password)
        page.click("[data-testid=connect]")
        page.wait_for_selector(".monaco-editor")
        page.wait_for_selector("[data-testid=frame]")

    def run(self, text: str) -> None:
        """Run one command or statement in an empty stream, and wait for its frame."""
        for command in (":clear", text):
            self.page.click(".monaco-editor")
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(command)
            self.page.keyboard.press("Control+Enter")
            if command == ":clear":
                self.page.wait_for_selector("[data-testid=frame]", state="detached")
        self.page.wait_for_selector("[data-testid=frame] [data-testid=frameContents]")
        self.page.wait_for_selector("[data-testid=frameStatusbar], [data-testid=frame-loaded-contents]")

    def failures(self) -> list[str]:
        """Return what error frames say."""
        found: list[str] = self.page.locator("[data-testid=frame]").all_inner_texts()
        return [text for text in found if re.search(r"Neo\.\w+Error|ERROR|Syntax error", text)]

    def captions(self) -> set[str]:
        """Return the first words of each drawn node, once a drawing stands."""
        self.page.wait_for_selector("svg g.node text")
        drawn: list[str] = self.page.eval_on_selector_all("svg g.node", "ns => ns.map(n => n.textContent)")
        return {" ".join(text.split()[:2]) for text in drawn}


@pytest.fixture(scope="module")
def examples(sample_shop: Workspace) -> Examples:
    """What can be asked of the sample shop."""
    return examples_of(sample_shop.read, "sample-shop")


@pytest.fixture(scope="module")
def browser(neo4j_server: Server, sample_shop: Workspace) -> Iterator[Browser]:
    """Neo4j Browser, logged in to a server that holds the sample shop."""
    need_module("chromium", "playwright")
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    need("chromium", found, "no Chromium: apt install chromium")
    need("chromium", neo4j_server.http, "the server's Browser is not known: unset NEO4J_URI")
    from playwright.sync_api import sync_playwright

    with neo4j_server.driver() as driver:
        wipe(driver)
        load_plainly(driver, graph_of(sample_shop.read, "sample-shop"))
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        page = chromium.new_page(viewport={"width": 1200, "height": 640})
        yield Browser(page, neo4j_server)
        chromium.close()


def test_style_guide_and_drawings_in_the_real_browser(
    browser: Browser, examples: Examples, tmp_path: Path
) -> None:
    """Every question of the guide runs without an error frame; the drawings bear our captions and colours."""
    shots = Path(os.environ.get("MINDGRAPH_SCREENSHOTS", tmp_path))
    browser.run(style_command())
    assert browser.failures() == []
    for name in [name for step in steps(examples) for name in step.questions]:
        browser.run(filled(name, examples))
        if name in DRAWINGS:
            captions = browser.captions()
            colours = browser.page.eval_on_selector_all(
                "svg g.node circle", "cs => cs.map(c => c.getAttribute('fill'))"
            )
            assert {"#2F6F8F", "#F4B860"} <= set(colours), name
            assert captions & {_first_words(t) for t in (examples.title_a, examples.title, examples.text)}
            browser.page.wait_for_timeout(3000)  # the drawing comes to rest
            browser.page.screenshot(path=str(shots / f"{name}.png"))
        else:
            browser.page.wait_for_timeout(500)
        assert browser.failures() == [], name


def _first_words(text: str) -> str:
    return " ".join(text.split()[:2])
