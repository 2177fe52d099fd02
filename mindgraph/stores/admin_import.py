"""Files for `neo4j-admin database import`, and the script that calls it.

The rows are those that a load over Bolt sends, so both give the same graph. A file's columns carry
the importer's headers: `key:ID(Product)` names an id space, `price:double` a type. Lists travel as
text, joined by a character that stands in none of them. From CSV the importer splits it, and leaves out
empty lists; from Parquet the older one cannot, so that it is imported as text, and empty texts are left
out. The statements that follow the import make all of it what it should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pyarrow.parquet as pq

from mindgraph.errors import StoreError
from mindgraph.resources import cypher, names, statements
from mindgraph.spool import LAYERS, Layer, Spool

Kind = Literal["csv", "parquet"]

#: Characters that may join the parts of a list: controls that no text should have in it.
_JOINERS = ("\x1f", "\x1e", "\x1d", "\x1c", "\x02", "\x03")

_TYPES = {"String": "string", "Float64": "double", "Int64": "long"}


@dataclass(frozen=True)
class Written:
    """Say what was written: rows by label and type, bytes, and the folder."""

    folder: Path
    counts: dict[str, int]
    size: int


def write_import(spool: Spool, folder: Path, kind: Kind = "csv") -> Written:
    """Write the files of one data set, the arguments, the script, the schema and a README.

    Raises StoreError where every character that could join lists stands in one of them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    joiner = _joiner(spool)
    broken = [name for name in LAYERS if _write_layer(spool, name, folder, kind, joiner)]
    counts = spool.counts()
    (folder / "import.args").write_text(_arguments(kind, joiner, broken, counts), encoding="utf-8")
    (folder / "schema.cypher").write_text(_schema(spool, joiner), encoding="utf-8")
    (folder / "README.md").write_text(_readme(spool, kind), encoding="utf-8")
    script = folder / "import.sh"
    script.write_text(_SCRIPT, encoding="utf-8")
    script.chmod(0o755)
    return Written(folder, counts, sum(path.stat().st_size for path in folder.iterdir()))


def header(layer: Layer, name: str, dtype: Any, kind: Kind) -> str:
    """Return the importer's header of a column."""
    if layer.is_node and name == layer.anchor:
        return f"{name}:ID({layer.name})"
    if not layer.is_node and name in ("source", "target"):
        label = layer.ends[0 if name == "source" else 1]
        return f":{'START' if name == 'source' else 'END'}_ID({label})"
    if isinstance(dtype, pl.List):
        of = "double" if dtype.inner == pl.Float64 else "string"
        return f"{name}:{of}[]" if kind == "csv" else f"{name}:string"
    return f"{name}:{_TYPES[str(dtype)]}"


def _write_layer(spool: Spool, name: str, folder: Path, kind: Kind, joiner: str) -> bool:
    """Write one file and say whether a text in it has a line break."""
    layer, broken = LAYERS[name], False
    pieces = (_columns(layer, rows, spool.dataset, joiner, kind) for rows in spool.slices(name))
    if kind == "csv":
        with (folder / f"{name}.csv").open("wb") as file:
            for number, piece in enumerate(pieces):
                broken |= _has_breaks(piece)
                piece.write_csv(file, include_header=number == 0, quote_style="necessary")
        return broken
    writer: pq.ParquetWriter | None = None
    for piece in pieces:
        _check_texts(layer, piece.rename(lambda column: column.partition(":")[0]) if layer.is_node else piece)
        table = piece.to_arrow(compat_level=pl.CompatLevel.oldest())
        writer = writer or pq.ParquetWriter(folder / f"{name}.parquet", table.schema, compression="snappy")
        if len(piece):  # the importer refuses a row group without rows
            writer.write_table(table)
    if writer is not None:
        writer.close()
    return False


def _columns(layer: Layer, rows: pl.DataFrame, dataset: str, joiner: str, kind: Kind) -> pl.DataFrame:
    """Return rows with the importer's headers, lists as text."""
    if layer.shared:
        rows = rows.with_columns(pl.lit([dataset]).alias("datasets"))
    return rows.select(
        _cell(name, dtype, joiner).alias(header(layer, name, dtype, kind))
        for name, dtype in rows.schema.items()
    )


def _cell(name: str, dtype: Any, joiner: str) -> pl.Expr:
    if not isinstance(dtype, pl.List):
        return pl.col(name)
    filled = pl.col(name).list.len() > 0
    return pl.when(filled).then(pl.col(name).cast(pl.List(pl.String)).list.join(joiner))


def _has_breaks(piece: pl.DataFrame) -> bool:
    texts = [name for name, dtype in piece.schema.items() if dtype == pl.String]
    return bool(piece.select(pl.any_horizontal(pl.col(texts).str.contains("[\r\n]").any())).item())


def _joiner(spool: Spool) -> str:
    """Return a character that stands in no list."""
    left = list(_JOINERS)
    for name in LAYERS:
        lists = [column for column, dtype in spool.schema(name).items() if dtype == pl.List(pl.String)]
        for rows in spool.slices(name) if lists else ():
            for column in lists:
                _check_lists(name, rows[column])
                parts = rows[column].explode()
                left = [mark for mark in left if not parts.str.contains(mark, literal=True).any()]
    if not left:
        raise StoreError("Every character that could join lists stands in one: neo4j-admin cannot take them.")
    return left[0]


def _check_texts(layer: Layer, rows: pl.DataFrame) -> None:
    """Raise where an empty text stands in a column that may be null: Parquet's reader makes it null."""
    for name in ("brand", "image"):
        if name in rows.columns and (rows[name] == "").any():
            raise StoreError(
                f"A {layer.name} has an empty {name}: neo4j-admin reads it from Parquet as none.",
                hint="Write CSV: mindgraph neo4j-import DIR --as csv",
            )


def _check_lists(name: str, lists: pl.Series) -> None:
    """Raise where a list is one empty text: joined, it cannot be told from an empty list."""
    if ((lists.list.len() == 1) & (lists.list.first() == "")).any():
        raise StoreError(
            f"A {name} has a list ({lists.name}) of one empty text: neo4j-admin cannot take it.",
            hint="Load it over Bolt: mindgraph load neo4j://HOST",
        )


def _arguments(kind: Kind, joiner: str, broken: Sequence[str], counts: dict[str, int]) -> str:
    def files() -> Iterator[str]:
        for name, layer in LAYERS.items():
            if counts[name]:
                yield f"--{'nodes' if layer.is_node else 'relationships'}={name}=./{name}.{kind}"

    lines = [
        f"--input-type={kind}",
        f"--array-delimiter=U+{ord(joiner):04X}",
        *(["--multiline-fields=true"] if broken else []),
        "--bad-tolerance=0",
        *files(),
    ]
    return "\n".join(lines) + "\n"


def _schema(spool: Spool, joiner: str) -> str:
    """Return the statements that follow the import: schema, lists, and what was loaded."""
    made = [*statements("schema.cypher"), *statements("schema_neo4j.cypher"), *_vector_schema(spool)]
    mark = f"'\\u{ord(joiner):04X}'"
    filled = [_body(f"import/{name}").replace("$joiner", mark) for name in names("import") if name in LAYERS]
    loaded = _body("import/loaded").replace("$dataset", _literal(spool.dataset))
    done = loaded.replace("$loaded", _literal(spool.digest))
    return "".join(f"{statement};\n" for statement in [*made, "CALL db.awaitIndexes(600)", *filled, done])


def _vector_schema(spool: Spool) -> list[str]:
    """Return the statements that index the vectors, where there are any."""
    length = spool.dimensions()
    found = statements("schema_vectors.cypher") if length else []
    return [statement.replace("$dimensions", str(length)) for statement in found]


def _body(name: str) -> str:
    """Return a statement without its comment."""
    lines = cypher(name).splitlines()
    return "\n".join(line for line in lines if not line.startswith("//")).strip()


def _literal(text: str) -> str:
    """Return a text as a Cypher string."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _readme(spool: Spool, kind: Kind) -> str:
    rows = "\n".join(f"| {name} | {count:,} |" for name, count in spool.counts().items())
    return f"""# The graph of {spool.dataset}, for neo4j-admin

    ./import.sh [DATABASE]      # default neo4j; the database must be empty and its server stopped
    ./import.sh schema          # once the server runs: constraints, indexes, empty lists

`import.sh` calls `neo4j-admin database import full DATABASE @import.args` in this folder. Set
`NEO4J_ADMIN` and `CYPHER_SHELL` where these two are not on the path; `cypher-shell` takes its login from
`NEO4J_USERNAME` and `NEO4J_PASSWORD`. `--overwrite-destination` after the name of the database replaces
what is there.

Files are {kind.upper()}. The graph is the one that `mindgraph load neo4j://HOST` makes; afterwards
`mindgraph validate neo4j://HOST` compares it with the workspace, and `mindgraph load neo4j://HOST` keeps
it up to date.

| label or type | rows |
| --- | ---: |
{rows}
"""


_SCRIPT = """#!/usr/bin/env bash
# Import the files of this folder into an empty database, or make the schema of an imported one.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

if [ "${1:-}" = schema ]; then
  exec "${CYPHER_SHELL:-cypher-shell}" --fail-fast --file schema.cypher "${@:2}"
fi

database="${1:-neo4j}"
"${NEO4J_ADMIN:-neo4j-admin}" database import full "$database" @import.args "${@:2}"
echo "Imported. Start the server, then: $0 schema" >&2
"""
