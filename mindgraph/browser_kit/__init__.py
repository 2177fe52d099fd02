"""What makes the graph pleasant in Neo4j Browser: a style, a guide, saved queries, a server's settings.

`examples` finds what to ask of just this graph; `guide` tells its six steps, once, and writes them as
HTML and as AsciiDoc; `kit` writes everything into a folder.
"""

from __future__ import annotations
