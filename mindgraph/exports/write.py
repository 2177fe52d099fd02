"""One export for each kind of tool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mindgraph.errors import SettingsError
from mindgraph.exports.chat import write_chats
from mindgraph.exports.drawn import write_gexf, write_graphml
from mindgraph.exports.flat import write_flat
from mindgraph.exports.kgx import write_kgx
from mindgraph.exports.links import write_links
from mindgraph.exports.network import network_of, networkx_of
from mindgraph.exports.select import Selection, selected
from mindgraph.graph import Graph, graph_of
from mindgraph.workspace import Workspace

if TYPE_CHECKING:
    import networkx as nx

#: What can be written besides RDF.
KINDS: tuple[str, ...] = ("kgx", "graphml", "gexf", "pykeen", "sft", "jsonl", "parquet")


def export(
    graph: Graph, kind: str, folder: Path, *, seed: int = 0, exclude: Sequence[Path] = ()
) -> list[Path]:
    """Write the graph into a folder as one kind of tool takes it, and return the files.

    `seed` shuffles the splits of pykeen and sft; `exclude` are files of pairs that sft leaves out.
    """
    if folder.is_file():
        raise SettingsError(f"{folder} is a file.", hint="OUT is a folder: the files are written into it.")
    name = graph.dataset.replace("/", "_")
    if kind == "kgx":
        return write_kgx(graph, folder)
    if kind == "graphml":
        return [write_graphml(network_of(graph), folder / f"{name}.graphml")]
    if kind == "gexf":
        return [write_gexf(network_of(graph), folder / f"{name}.gexf")]
    if kind == "pykeen":
        return write_links(network_of(graph), folder, seed)
    if kind == "sft":
        return write_chats(graph, folder, seed, exclude)
    if kind in ("jsonl", "parquet"):
        return write_flat(graph, folder, kind)
    raise SettingsError(f"There is no export {kind!r}.", hint=f"There are: rdf, {', '.join(KINDS)}.")


def to_networkx(workspace: Workspace | Path | str, **chosen: Any) -> nx.MultiDiGraph:
    """Return the graph, or a part of it, for networkx; what is chosen is named as in `Selection`.

    Nodes are named `product:…`, `intention:…` and `cluster:…`; edges carry kind, relation, weight,
    acceptance and support.
    """
    found = workspace if isinstance(workspace, Workspace) else Workspace(workspace)
    read = selected(found.require().read, Selection(**chosen))
    return networkx_of(network_of(graph_of(read, found.settings().dataset)))
