"""Texts by name: Cypher statements and schemas, from the wheel or from a checkout."""

from __future__ import annotations

import difflib
from pathlib import Path

from mindgraph.errors import NotFound

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """Return the folder `cypher` or `schemas`: beside the package in a checkout, inside it in a wheel."""
    inside, beside = _PACKAGE / name, _PACKAGE.parent / name
    return inside if inside.is_dir() else beside


def cypher(name: str) -> str:
    """Return a Cypher statement by its name, such as `query/bought_with`."""
    return _text(folder("cypher"), name, ".cypher")


def statements(name: str) -> list[str]:
    """Return the statements of a file that ends each with a semicolon, such as `schema.cypher`."""
    lines = _text(folder("cypher"), name, "").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith(("//", "--")))
    return [part.strip() for part in text.split(";") if part.strip()]


def schema(name: str) -> str:
    """Return a schema's text by its file name, such as `shapes.ttl`."""
    return _text(folder("schemas"), name, "")


def names(under: str) -> list[str]:
    """Return the sorted names of the statements in a folder of `cypher`, such as `query`."""
    return sorted(path.stem for path in (folder("cypher") / under).glob("*.cypher"))


def _text(root: Path, name: str, suffix: str) -> str:
    path = root / f"{name}{suffix}"
    if not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
        known = [str(p.relative_to(root))[: -len(suffix) or None] for p in root.rglob(f"*{suffix}")]
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known))}."
        raise NotFound(f"No {root.name} text is named {name!r}.", hint=hint)
    return path.read_text(encoding="utf-8")
