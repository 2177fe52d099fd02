"""The graph as RDF: dumps, their description, their checks, and SPARQL over them."""

from __future__ import annotations

from mindgraph.rdf.check import Checked, check_dump
from mindgraph.rdf.export import Choice, Exported, export_rdf, open_sparql, shacl_violations, table_violations
from mindgraph.rdf.model import PARTS
from mindgraph.rdf.sparql import ask, query_names, query_text
from mindgraph.rdf.writer import FORMATS, PROFILES

__all__ = [
    "FORMATS",
    "PARTS",
    "PROFILES",
    "Checked",
    "Choice",
    "Exported",
    "ask",
    "check_dump",
    "export_rdf",
    "open_sparql",
    "query_names",
    "query_text",
    "shacl_violations",
    "table_violations",
]
