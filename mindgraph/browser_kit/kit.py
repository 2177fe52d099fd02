"""Write the kit into a folder, and offer the folder to a Browser."""

from __future__ import annotations

import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from mindgraph.browser_kit.examples import Examples
from mindgraph.browser_kit.guide import as_asciidoc, as_html, filled
from mindgraph.errors import WorkspaceError
from mindgraph.stores.named import all_named

#: The port on which the folder is offered unless another is named.
PORT = 8001

_SETTINGS = """\
# For neo4j.conf: the Browser may read the guide from this machine, and opens it after the login.
browser.remote_content_hostname_whitelist=guides.neo4j.com,localhost
browser.post_connect_cmd=style http://localhost:{port}/mindgraph.grass; play http://localhost:{port}/guide.html
"""


def write_kit(folder: Path, examples: Examples, dataset: str, *, port: int = PORT) -> list[Path]:
    """Write style, guides, saved queries and settings into a folder, and return the files."""
    files = {
        "README.md": _read("readme.md").format(dataset=dataset, folder=folder, port=port),
        "mindgraph.grass": style(),
        "style.txt": style_command() + "\n",
        "guide.html": as_html(examples, dataset),
        "guide.adoc": as_asciidoc(examples, dataset),
        "neo4j.conf.lines": _SETTINGS.format(port=port),
        **{f"queries/{q.name}.cypher": filled(q.name, examples) + "\n" for q in all_named()},
    }
    try:
        (folder / "queries").mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(
            f"{folder} cannot be written: {error.strerror or error}.", hint="Name another folder."
        ) from error
    return [folder / name for name in files]


def style() -> str:
    """Return the style sheet."""
    return _read("mindgraph.grass")


def style_command() -> str:
    """Return the Browser's command that applies the style, as one line."""
    return f":style {' '.join(style().split())}"


@contextmanager
def offered(folder: Path, port: int = PORT) -> Iterator[http.server.ThreadingHTTPServer]:
    """Offer a folder's files on loopback, so that a page of another address may read them."""
    try:
        server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", port), partial(_Handler, directory=str(folder))
        )
    except OSError as error:
        raise WorkspaceError(
            f"Port {port} is not free: {error.strerror or error}.", hint="Name another one: --offer PORT"
        ) from error
    with server:
        yield server


def _read(name: str) -> str:
    """Return a text that lies beside this module."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


class _Handler(http.server.SimpleHTTPRequestHandler):
    """Answer with the files of one folder, which any page may read."""

    extensions_map = {  # noqa: RUF012 (as its base class has it)
        **http.server.SimpleHTTPRequestHandler.extensions_map,
        ".grass": "text/plain; charset=utf-8",
        ".adoc": "text/plain; charset=utf-8",
        ".cypher": "text/plain; charset=utf-8",
        ".html": "text/html; charset=utf-8",
    }

    def do_OPTIONS(self) -> None:
        """Answer what a page asks before it asks for a file with headers of its own, as the Browser does."""
        self.send_response(HTTPStatus.NO_CONTENT)
        self.send_header("Access-Control-Allow-Methods", "GET, HEAD")
        self.send_header("Access-Control-Allow-Headers", "*")
        self.end_headers()

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""
