"""KGX: nodes and edges as TSV and JSON lines, as pipelines of biomedical graphs exchange them.

Biolink has no words for shops. Categories are the nearest that are true (a product is a physical
entity, an intention an information content entity), predicates `related_to` and `part_of`;
`original_predicate` keeps our own.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from mindgraph.exports.files import one_line, write_jsonl, write_tsv
from mindgraph.graph import Graph

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
    named, variants = (
        _NAMES[label],
        pl.col("variants") if label == "Intention" else pl.lit([], pl.List(pl.String)),
    )
    return table.rows.select(
        _curie(label, table.key).alias("id"),
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
    id_ = pl.col("id") if "id" in columns else pl.concat_str("source", pl.lit(">"), "target")
    return table.rows.select(
        pl.concat_str(pl.lit(f"mg{type_.lower()}:"), id_).alias("id"),
        _curie(table.source, "source").alias("subject"),
        pl.lit(predicate).alias("predicate"),
        _curie(table.target, "target").alias("object"),
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


def _curie(label: str, column: str) -> pl.Expr:
    return pl.concat_str(pl.lit(f"{_PREFIX[label]}:"), pl.col(column))


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table for TSV: lists joined by bars, texts on one line and without bars of their own."""
    bar = {
        n: pl.col(n).list.eval(pl.element().str.replace_all("|", "/", literal=True))
        for n, t in frame.schema.items()
        if t == pl.List(pl.String)
    }
    joined = frame.with_columns(expr.list.join("|").alias(name) for name, expr in bar.items())
    return joined.with_columns(one_line(n).alias(n) for n, t in joined.schema.items() if t == pl.String)
