"""GraphML and GEXF: the network as XML, for tools that draw it."""

from __future__ import annotations

import colorsys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from mindgraph.exports.files import fresh
from mindgraph.exports.network import Network
from mindgraph.records import digest

_NODE = ("kind", "label", "category", "brand", "price", "level", "purpose", "degree")
_EDGE = ("kind", "relation", "weight", "acceptance", "support")
_ENTITIES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "\t": "&#9;",
    "\n": "&#10;",
    "\r": "&#13;",
}
#: What XML 1.0 cannot hold in any way; a replacement character stands for it.
_FORBIDDEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]"
_GREY = (150, 150, 150)
_ROWS = 20_000

_GRAPHML = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
_GEXF = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://www.gexf.net/1.2draft" '
    'xmlns:viz="http://www.gexf.net/1.2draft/viz" version="1.2">\n<graph defaultedgetype="directed">\n'
)


def write_graphml(network: Network, path: Path) -> Path:
    """Write GraphML; what is not known of a thing is left out."""
    nodes = [_text('<node id="{id}">'), *_data(_NODE, "n"), _text("</node>\n")]
    edges = [
        _text('<edge id="{id}" source="{source}" target="{target}">'),
        *_data(_EDGE, "e"),
        _text("</edge>\n"),
    ]
    with fresh(path) as file:
        file.write(_GRAPHML.encode())
        for scope, frame, names in (("node", network.nodes, _NODE), ("edge", network.edges, _EDGE)):
            for name in names:
                kind = _type(frame, name)
                key = f'<key id="{scope[0]}_{name}" for="{scope}" attr.name="{name}" attr.type="{kind}"/>\n'
                file.write(key.encode())
        file.write(b'<graph edgedefault="directed">\n')
        for text in (*_rows(network.nodes, nodes), *_rows(network.edges, edges)):
            file.write(text)
        file.write(b"</graph>\n</graphml>\n")
    return path


def write_gexf(network: Network, path: Path) -> Path:
    """Write GEXF, coloured by purpose and sized by degree."""
    looks = network.nodes.with_columns(_colours(network.nodes), _sizes())
    nodes = [
        _text('<node id="{id}" label="{label}"><attvalues>'),
        *_values(_NODE, "n"),
        _text('</attvalues><viz:color {colour}/><viz:size value="{size}"/></node>\n'),
    ]
    edges = [
        _text('<edge id="{id}" source="{source}" target="{target}" weight="{drawn}"><attvalues>'),
        *_values(_EDGE, "e"),
        _text("</attvalues></edge>\n"),
    ]
    drawn = network.edges.with_columns(pl.col("weight").fill_null(1.0).alias("drawn"))
    with fresh(path) as file:
        file.write(_GEXF.encode())
        for scope, frame, names in (("node", network.nodes, _NODE), ("edge", network.edges, _EDGE)):
            file.write(f'<attributes class="{scope}">\n'.encode())
            for name in names:
                kind = _type(frame, name)
                file.write(f'<attribute id="{scope[0]}_{name}" title="{name}" type="{kind}"/>\n'.encode())
            file.write(b"</attributes>\n")
        file.write(b"<nodes>\n")
        file.writelines(_rows(looks, nodes))
        file.write(b"</nodes>\n<edges>\n")
        file.writelines(_rows(drawn, edges))
        file.write(b"</edges>\n</graph>\n</gexf>\n")
    return path


def colour_of(purpose: str) -> tuple[int, int, int]:
    """Return a colour for a purpose, the same on any day: its hue comes from the words."""
    hue = int(digest(purpose.encode())[:8], 16) / 2**32
    red, green, blue = colorsys.hsv_to_rgb(hue, 0.65, 0.85)
    return round(red * 255), round(green * 255), round(blue * 255)


def _colours(nodes: pl.DataFrame) -> pl.Expr:
    named = {purpose: _rgb(colour_of(purpose)) for purpose in nodes["purpose"].drop_nulls().unique()}
    return (
        pl.col("purpose").replace_strict(named, default=_rgb(_GREY), return_dtype=pl.String).alias("colour")
    )


def _rgb(colour: tuple[int, int, int]) -> str:
    return 'r="{}" g="{}" b="{}"'.format(*colour)


def _sizes() -> pl.Expr:
    return (2 + 4 * (1 + pl.col("degree")).log(10)).round(2).cast(pl.String).alias("size")


def _data(names: tuple[str, ...], scope: str) -> list[pl.Expr]:
    return [_optional(f'<data key="{scope}_{name}">', name, "</data>") for name in names]


def _values(names: tuple[str, ...], scope: str) -> list[pl.Expr]:
    return [_optional(f'<attvalue for="{scope}_{name}" value="', name, '"/>') for name in names]


def _optional(before: str, name: str, after: str) -> pl.Expr:
    """Return a piece with a column's value, or nothing where it is null."""
    return pl.concat_str(pl.lit(before), pl.col(name), pl.lit(after)).fill_null("")


def _text(template: str) -> pl.Expr:
    """Return a text with the columns that it names in braces."""
    pieces: list[Any] = []
    for number, piece in enumerate(template.replace("{", "\0").replace("}", "\0").split("\0")):
        pieces.append(pl.col(piece).fill_null("") if number % 2 else pl.lit(piece))
    return pl.concat_str(pieces)


def _rows(frame: pl.DataFrame, pieces: list[pl.Expr]) -> Iterator[bytes]:
    """Yield the rows as XML; every value is escaped but for `colour`, which is made here."""
    values = frame.select(
        pl.col(name) if name == "colour" else _escaped(frame[name]) for name in frame.columns
    )
    for part in values.iter_slices(_ROWS):
        text = part.select(pl.concat_str(pieces).str.join("")).item()
        yield text.encode()


def _escaped(column: pl.Series) -> pl.Series:
    if column.dtype != pl.String:
        return column.cast(pl.String)
    return column.str.replace_all(_FORBIDDEN, "\ufffd").str.replace_many(
        list(_ENTITIES), list(_ENTITIES.values())
    )


def _type(frame: pl.DataFrame, name: str) -> str:
    dtype = frame.schema[name]
    return "string" if dtype == pl.String else "long" if dtype == pl.Int64 else "double"
