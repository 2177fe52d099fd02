"""The catalogue of public names is complete and true."""

from __future__ import annotations

import ast
import inspect

import mindgraph
from mindgraph import errors
from tests.needs import ROOT


def test_every_public_name_is_there():
    """Each name of `__all__` can be had, and each that can be had is in `__all__`."""
    assert [name for name in mindgraph.__all__ if not hasattr(mindgraph, name)] == []
    assert set(mindgraph.__all__) - {"__version__"} == set(mindgraph._HOME)


def test_types_are_told_of_every_public_name():
    """What a type checker sees is what is there."""
    tree = ast.parse((ROOT / "mindgraph" / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for block in tree.body
        if isinstance(block, ast.If)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == {name: f"mindgraph.{home}" for name, home in mindgraph._HOME.items()}


def test_every_error_is_public():
    """Whoever catches an error of ours finds it in the catalogue."""
    ours = {n for n, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.MindgraphError)}
    assert ours - set(mindgraph.__all__) == set()


def test_every_public_name_says_what_it_is():
    """A public class or function has a docstring."""
    undocumented = [
        name
        for name in mindgraph.__all__
        if (inspect.isclass(getattr(mindgraph, name)) or inspect.isfunction(getattr(mindgraph, name)))
        and not getattr(mindgraph, name).__doc__
    ]
    assert undocumented == []
