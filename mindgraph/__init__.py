"""From a catalogue and its co-buys to a knowledge graph of shopping intentions.

This is the catalogue of public names. A name is imported when it is first used, so that
`import mindgraph` is light.
"""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mindgraph.catalog import Sources
    from mindgraph.errors import (
        BudgetReached,
        CatalogError,
        LVLMError,
        LVLMUnavailable,
        MindgraphError,
        MissingExtra,
        NotFound,
        SettingsError,
        ShapeError,
        StoreError,
        StoreMismatch,
        StoreUnavailable,
        WorkspaceError,
    )
    from mindgraph.exports import to_networkx
    from mindgraph.graph import Graph, graph_of
    from mindgraph.lvlm import LVLM, open_lvlm
    from mindgraph.pipeline import Pipeline
    from mindgraph.relations import RELATIONS, Relation
    from mindgraph.settings import Settings
    from mindgraph.stores import Store
    from mindgraph.workspace import Workspace

__version__ = metadata.version("mindgraph-kg")

#: Public name → the module that defines it.
_HOME = {
    "Sources": "catalog",
    "BudgetReached": "errors",
    "CatalogError": "errors",
    "LVLMError": "errors",
    "LVLMUnavailable": "errors",
    "MindgraphError": "errors",
    "MissingExtra": "errors",
    "NotFound": "errors",
    "SettingsError": "errors",
    "ShapeError": "errors",
    "StoreError": "errors",
    "StoreMismatch": "errors",
    "StoreUnavailable": "errors",
    "WorkspaceError": "errors",
    "to_networkx": "exports",
    "Graph": "graph",
    "graph_of": "graph",
    "LVLM": "lvlm",
    "open_lvlm": "lvlm",
    "Pipeline": "pipeline",
    "RELATIONS": "relations",
    "Relation": "relations",
    "Settings": "settings",
    "Store": "stores",
    "Workspace": "workspace",
}

__all__ = [
    "LVLM",
    "RELATIONS",
    "BudgetReached",
    "CatalogError",
    "Graph",
    "LVLMError",
    "LVLMUnavailable",
    "MindgraphError",
    "MissingExtra",
    "NotFound",
    "Pipeline",
    "Relation",
    "Settings",
    "SettingsError",
    "ShapeError",
    "Sources",
    "Store",
    "StoreError",
    "StoreMismatch",
    "StoreUnavailable",
    "Workspace",
    "WorkspaceError",
    "__version__",
    "graph_of",
    "open_lvlm",
    "to_networkx",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
