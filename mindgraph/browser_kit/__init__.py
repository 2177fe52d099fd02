"""What makes the graph pleasant in Neo4j Browser: a style, a guide, saved queries, a server's settings.

`examples` finds what to ask of just this graph; `guide` tells its six steps, once, and writes them as
HTML and as AsciiDoc; `kit` writes everything into a folder and offers it to a Browser.
"""

from __future__ import annotations

from mindgraph.browser_kit.examples import Examples, examples_of
from mindgraph.browser_kit.kit import offered, style_command, write_kit

__all__ = ["Examples", "examples_of", "offered", "style_command", "write_kit"]
