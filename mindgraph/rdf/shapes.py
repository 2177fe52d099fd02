"""The SHACL shapes, and what pyshacl finds with them: for a sample or a part, not for millions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from mindgraph.errors import MissingExtra
from mindgraph.rdf.writer import own_names
from mindgraph.settings import Settings

SHAPES = "https://w3id.org/mindgraph/shapes#"
_FOUND = {"rule": pl.String, "node": pl.String}


def messages(settings: Settings) -> dict[str, str]:
    """Return what each shape says, by its name."""
    text = own_names("shapes.ttl", settings)
    return dict(
        re.findall(
            r"^:(\w+) a sh:(?:PropertyShape|SPARQLConstraint).*?sh:message \"([^\"]+)\"", text, re.S | re.M
        )
    )


def shape_violations(data: Iterable[Path], settings: Settings) -> pl.DataFrame:
    """Return what breaks the shapes in some N-Triples files: columns rule and node, in their order.

    Raises MissingExtra without pyshacl.
    """
    try:
        import pyshacl
        import rdflib
    except ImportError as error:
        raise MissingExtra("pyshacl", "validate") from error
    graph = rdflib.Graph()
    for path in data:
        graph.parse(path, format="nt")
    shapes = rdflib.Graph().parse(data=own_names("shapes.ttl", settings), format="turtle")
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes, advanced=False)
    return report_rows(report, shapes)


def report_rows(report: object, shapes: object) -> pl.DataFrame:
    """Return the rows of a SHACL report, whoever wrote it; both are rdflib graphs."""
    import rdflib
    from rdflib.namespace import SH

    assert isinstance(report, rdflib.Graph)
    rows = set()
    for result in report.subjects(rdflib.RDF.type, SH.ValidationResult):
        shape = report.value(result, SH.sourceConstraint) or report.value(result, SH.sourceShape)
        rows.add((str(shape).removeprefix(SHAPES), str(report.value(result, SH.focusNode))))
    return pl.DataFrame(sorted(rows), schema=_FOUND, orient="row")
