"""KGX: nodes and edges as TSV and JSON lines, as pipelines of biomedical graphs exchange them.

Biolink has no words for shops. Categories are the nearest that are true (a product is a physical
entity, an intention an information content entity), predicates `related_to` and `part_of`;
`original_predicate` keeps our own. Ids are `mgproduct:`, `mgintention:`, `mgcluster:` or `mgcobuy:` and the
graph's key, percent-encoded.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import polars as pl

from mindgraph.exports.files import one_line, write_jsonl, write_tsv
from mindgraph.graph import Graph
from mindgraph.tables import map_distinct

#: Label → category.
CATEGORIES = {
    "Product": "biolink:PhysicalEntity",
    "Intention": "biolink:InformationContentEntity",
    "IntentionCluster": "biolink:InformationContentEntity",
    "CoBuy": "biolink:Event",
}
#: Type → predicate, knowledge level, agent type.
EDGES = {
    "OF": ("biolink:has_participant", "observation", "automated_agent"),
    "HAS_INTENTION": ("biolink:related_to", "prediction", "computational_model"),
    "BOUGHT_FOR": ("biolink:related_to", "prediction", "data_analysis_pipeline"),
    "CO_BOUGHT": ("biolink:related_to", "observation", "automated_agent"),
    "IN_CLUSTER": ("biolink:part_of", "prediction", "data_analysis_pipeline"),
    "PART_OF": ("biolink:part_of", "prediction", "data_analysis_pipeline"),
}
#: Label → the word before the colon of an id.
_PREFIX = {
    "Product": "mgproduct",
    "Intention": "mgintention",
    "IntentionCluster": "mgcluster",
    "CoBuy": "mgcobuy",
}
_NAMES = {"Product": "title", "Intention": "text", "IntentionCluster": "label", "CoBuy": None}


def write_kgx(graph: Graph, folder: Path) -> list[Path]:
    """Write nodes and edges as TSV and as JSON lines."""
    nodes = pl.concat([_nodes(graph, label) for label in CATEGORIES])
    edges = pl.concat([_edges(graph, type_) for type_ in EDGES])
    name = graph.dataset.replace("/", "_")
    return [
        write_tsv(folder / f"{name}_nodes.tsv", _flat(nodes)),
        write_tsv(folder / f"{name}_edges.tsv", _flat(edges)),
        write_jsonl(folder / f"{name}_nodes.jsonl", nodes),
        write_jsonl(folder / f"{name}_edges.jsonl", edges),
    ]


def _nodes(graph: Graph, label: str) -> pl.DataFrame:
    table = graph.nodes[label]
    ids = _curies(label, table.rows[table.key])
    named, variants = (
        _NAMES[label],
        pl.col("variants") if label == "Intention" else pl.lit([], pl.List(pl.String)),
    )
    return table.rows.select(
        ids.alias("id"),
        pl.concat_list(pl.lit(CATEGORIES[label])).alias("category"),
        (pl.col(named) if named else pl.lit(None, pl.String)).alias("name"),
        variants.alias("synonym"),
        pl.lit(f"mindgraph:{graph.dataset}").alias("provided_by"),
    )


def _edges(graph: Graph, type_: str) -> pl.DataFrame:
    table = graph.edges[type_]
    predicate, level, agent = EDGES[type_]
    own = (
        pl.concat_str(pl.lit("mg:"), "relation")
        if type_ == "HAS_INTENTION"
        else pl.lit(f"mg:{type_.lower()}")
    )
    columns = table.rows.columns
    ids = table.rows["id"] if "id" in columns else table.rows["source"] + ">" + table.rows["target"]
    return table.rows.select(
        (f"mg{type_.lower()}:" + _local(ids)).alias("id"),
        _curies(table.source, table.rows["source"]).alias("subject"),
        pl.lit(predicate).alias("predicate"),
        _curies(table.target, table.rows["target"]).alias("object"),
        pl.lit("biolink:Association").alias("category"),
        own.alias("original_predicate"),
        pl.lit(level).alias("knowledge_level"),
        pl.lit(agent).alias("agent_type"),
        pl.lit("infores:mindgraph").alias("primary_knowledge_source"),
        (pl.col("relation") if "relation" in columns else pl.lit(None, pl.String)).alias("relation"),
        *(
            (pl.col(n) if n in columns else pl.lit(None)).cast(pl.Float64).alias(n)
            for n in ("acceptance", "support", "weight")
        ),
    )


def _curies(label: str, keys: pl.Series) -> pl.Series:
    return f"{_PREFIX[label]}:" + _local(keys)


def _local(keys: pl.Series) -> pl.Series:
    """Return keys as they stand after the colon: percent-encoded, for a slash there is no part of a name."""
    encoded = keys.str.replace_all("/", "%2F", literal=True)
    awkward = keys.str.contains(r"[^A-Za-z0-9._~/-]")
    if not awkward.any():
        return encoded
    whole = map_distinct(keys.filter(awkward), lambda key: quote(key, safe="-._~"))
    return encoded.scatter(awkward.arg_true(), whole)


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table for TSV: lists joined by bars, texts on one line and without bars of their own."""
    bar = {
        n: pl.col(n).list.eval(pl.element().str.replace_all("|", "/", literal=True))
        for n, t in frame.schema.items()
        if t == pl.List(pl.String)
    }
    joined = frame.with_columns(expr.list.join("|").alias(name) for name, expr in bar.items())
    return joined.with_columns(one_line(n).alias(n) for n, t in joined.schema.items() if t == pl.String)
