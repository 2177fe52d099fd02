"""The graph in the formats of other tools, and a chosen part of it for any of them."""

from __future__ import annotations

from mindgraph.exports.select import Selection, selected
from mindgraph.exports.write import KINDS, export, to_networkx

__all__ = ["KINDS", "Selection", "export", "selected", "to_networkx"]
