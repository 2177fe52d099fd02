"""Catalogue in: products, co-buys, pictures and finished intentions from files.

What cannot be read is a reject with file, line, reason and raw text, and the rest goes on; what
cannot be read at all is a CatalogError.
"""

from __future__ import annotations

from mindgraph.catalog.ingest import ingest
from mindgraph.catalog.reading import Catalogue, Sources, read_catalogue

__all__ = ["Catalogue", "Sources", "ingest", "read_catalogue"]
