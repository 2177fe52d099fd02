"""New data keeps the ids of clusters that stayed mostly the same; a table says which."""

from __future__ import annotations

import polars as pl

from mindgraph.records import Lineage, digest
from mindgraph.tables import schema_of

#: Jaccard of the members from which on a cluster is the same one.
SAME = 0.5


def fresh_ids(members: pl.DataFrame) -> pl.DataFrame:
    """Return an id by content for each cluster: cluster, id. `members` has level, cluster, intention."""
    joined = (
        members.sort("level", "cluster", "intention")
        .group_by("level", "cluster", maintain_order=True)
        .agg(pl.col("intention").str.join("\n").alias("key"))
    )
    ids = [
        digest(f"cluster {level}\n{key}".encode()) for level, key in joined.select("level", "key").iter_rows()
    ]
    return joined.select("level", "cluster").with_columns(pl.Series("id", ids, dtype=pl.String))


def carried(now: pl.DataFrame, before: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the ids to use (id, kept) and the lineage, for members now and before.

    Both tables have level, id, intention. A cluster takes over the id of the previous one of its
    level with which it shares most, where the Jaccard of their members is at least one half: at
    most one of the new ones can share that much, so the match has no order.
    """
    schema = schema_of(Lineage)
    ids = now.select("level", "id").unique().sort("level", "id")
    if before.is_empty():
        return ids.select("id", pl.col("id").alias("kept")), pl.DataFrame(schema=schema)
    shared = now.join(before.rename({"id": "previous"}), on=["level", "intention"])
    overlaps = (
        shared.group_by("level", "id", "previous")
        .agg(pl.len().alias("both"))
        .join(now.group_by("level", "id").agg(pl.len().alias("size")), on=["level", "id"])
        .join(
            before.group_by("level", pl.col("id").alias("previous")).agg(pl.len().alias("old")),
            on=["level", "previous"],
        )
        .with_columns((pl.col("both") / (pl.col("size") + pl.col("old") - pl.col("both"))).alias("overlap"))
        .sort("level", "id", "overlap", "previous", descending=[False, False, True, False])
    )
    kept = _one_to_one(overlaps.filter(pl.col("overlap") >= SAME))
    names = ids.join(kept.select("id", "previous"), on="id", how="left").select(
        "id", pl.coalesce("previous", "id").alias("kept")
    )
    return names, _lineage(overlaps, names, ids).select(list(schema))


def _one_to_one(same: pl.DataFrame) -> pl.DataFrame:
    """Return at most one pair a cluster on both sides; ties at exactly one half go by id."""
    return same.unique(["level", "id"], keep="first", maintain_order=True).unique(
        ["level", "previous"], keep="first", maintain_order=True
    )


def _lineage(overlaps: pl.DataFrame, names: pl.DataFrame, ids: pl.DataFrame) -> pl.DataFrame:
    parts = pl.col("id").n_unique().over("level", "previous")
    whole = pl.col("previous").n_unique().over("level", "id")
    told = (
        overlaps.filter(pl.col("overlap") >= 0.1)
        .with_columns(parts.alias("parts"), whole.alias("whole"))
        .join(names, on="id")
        .with_columns(
            pl.when(pl.col("kept") == pl.col("previous"))
            .then(pl.lit("kept"))
            .when(pl.col("whole") > 1)
            .then(pl.lit("merged"))
            .when(pl.col("parts") > 1)
            .then(pl.lit("split"))
            .otherwise(pl.lit("changed"))
            .alias("change")
        )
        .select(pl.col("kept").alias("cluster"), "previous", pl.col("overlap").round(4), "change")
    )
    fresh = names.join(told, left_on="kept", right_on="cluster", how="anti").select(
        pl.col("kept").alias("cluster"),
        pl.lit(None, pl.String).alias("previous"),
        pl.lit(0.0).alias("overlap"),
        pl.lit("new").alias("change"),
    )
    return pl.concat([told, fresh]).sort("cluster", "previous")
