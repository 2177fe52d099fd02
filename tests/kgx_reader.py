"""Read nodes and edges with the `kgx` package, and validate them: a program for an environment that has it.

    python tests/kgx_reader.py tsv|jsonl NODES EDGES OUT

Writes one JSON object: the nodes and the edges as read, each by its id, and what kgx's validator objects
to. kgx fetches the Biolink model when it starts; here it is given the one in the `biolink-model` package
that is installed with it, so no network is needed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def main(format_: str, nodes: str, edges: str, out: str) -> None:
    """Read, validate and write what was found."""
    import biolink_model
    import bmt

    model = Path(biolink_model.__path__[0])
    schema = str(model / "schema" / "biolink_model.yaml")
    # The default arguments are addresses; kgx gives none of its own.
    bmt.Toolkit.__init__.__defaults__ = (schema, {"predicate mappings": []})
    from kgx import config

    prefixes = json.loads((model / "prefixmaps" / "biolink_model_prefix_map.json").read_text())
    for name in ("biolink", "monarch_context", "obo_context"):
        config.jsonld_context_map[name] = prefixes
    from kgx.transformer import Transformer
    from kgx.validator import Validator

    transformer = Transformer(stream=False)
    transformer.transform({"filename": [nodes, edges], "format": format_})
    graph = transformer.store.graph
    validator = Validator()
    validator.validate(graph)
    read_nodes = dict(graph.nodes(data=True))
    read_edges = {key: data for _, _, key, data in graph.edges(keys=True, data=True)}
    Path(out).write_text(
        json.dumps(
            {
                "nodes": read_nodes,
                "edges": {data["id"]: data for data in read_edges.values()},
                "objections": {
                    str(level): {str(kind): sorted(said) for kind, said in found.items()}
                    for level, found in validator.get_errors().items()
                },
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
