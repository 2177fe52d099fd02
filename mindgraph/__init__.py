"""From a catalogue and its co-buys to a knowledge graph of shopping intentions."""

from __future__ import annotations

from importlib import metadata

__version__ = metadata.version("mindgraph-kg")

__all__ = ["__version__"]
