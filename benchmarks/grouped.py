"""What clustering would have found: merges, clusters and memberships, and the truth beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from benchmarks.purposes import NOUN, STAPLE, Purposes
from benchmarks.said import Said
from benchmarks.shop import Products
from mindgraph.records import Cluster, Community, Evidence, Intention, Membership, Merge, Triple, content_id
from mindgraph.tables import schema_of
from mindgraph.workspace import Workspace

#: Share of the wordings that differ from another one by "a", "your" or "the" alone, and are merged.
_MERGED = 0.5
#: Folder of the truth, inside the workspace.
PLANTED = "planted"


def group(rng: np.random.Generator, workspace: Workspace, said: Said, purposes: Purposes) -> None:
    """Write merges, clusters, memberships, and the planted purpose of each intention."""
    meant = _meant(workspace, said)
    table = purposes.table()
    merges = _merges(rng, meant)
    canonical = meant.join(merges, left_on="id", right_on="intention", how="anti")
    memberships = canonical.select(
        intention="id",
        cluster=table.filter(pl.col("level") == 0)["id"].gather(canonical["purpose"]),
        weight=pl.Series(np.round(rng.uniform(0.5, 1.0, len(canonical)), 3)),
    )
    workspace.write(Merge, merges)
    workspace.write(Membership, memberships)
    workspace.write(Cluster, _clusters(rng, workspace, table, memberships))
    _write_truth(workspace.path / PLANTED, meant, table)


def write_communities(workspace: Workspace, shop: Products) -> None:
    """Write a community a department."""
    names = pl.Series([content_id("community", int(d)) for d in range(int(shop.department.max()) + 1)])
    frame = pl.DataFrame({"product": shop.frame["id"], "community": names.gather(shop.department)})
    workspace.write(Community, frame)


def _meant(workspace: Workspace, said: Said) -> pl.DataFrame:
    """Return each intention with its support, what it means, and how it is worded."""
    known = said.wording.with_columns(candidate=said.frame["id"], purpose=pl.Series(said.purpose))
    known = known.filter(pl.Series(said.kept))
    triples = workspace.scan(Triple).select(pl.col("id").alias("triple"), "intention", "support").collect()
    found = (
        workspace.read(Evidence)
        .join(triples, on="triple")
        .join(known, on="candidate")
        .group_by(pl.col("intention").alias("id"))
        .agg(pl.col("support").sum(), pl.col(*said.wording.columns, "purpose").first())
    )
    return found.join(workspace.read(Intention), on="id").sort("id")


def _merges(rng: np.random.Generator, meant: pl.DataFrame) -> pl.DataFrame:
    """Merge wordings of a purpose that mention the thing in another way, into the best supported."""
    head = pl.when(pl.col("mood") == NOUN).then("head").otherwise(0)
    alike = ["purpose", "mood", "deed", "circumstance", "adverb"]
    best = (
        meant.sort("support", "id", descending=[True, False])
        .with_columns(head.alias("head"))
        .with_columns(canonical=pl.col("id").first().over([*alike, "head"]))
        .filter((pl.col("canonical") != pl.col("id")) & (pl.col("mood") != STAPLE))
        .sort("id")
    )
    best = best.filter(pl.Series(rng.random(len(best)) < _MERGED))
    score = pl.Series(np.round(rng.uniform(0.9, 0.999, len(best)), 3))
    return best.select(pl.col("id").alias("intention"), "canonical").with_columns(score=score)


def _clusters(
    rng: np.random.Generator, workspace: Workspace, table: pl.DataFrame, memberships: pl.DataFrame
) -> pl.DataFrame:
    """Return the clusters of all levels that have members."""
    inside = _with_parents(memberships.select("intention", "cluster"), table)
    sizes = inside.group_by("cluster").agg(pl.len().cast(pl.Int64).alias("size"))
    found = table.join(sizes, left_on="id", right_on="cluster").sort("level", "number")
    found = found.join(_spoken(workspace, inside), left_on="id", right_on="cluster", how="left")
    draws = np.round(rng.random((3, len(found))), 4)
    return found.with_columns(
        keywords=pl.col("label").str.extract_all(r"\p{L}{4,}").list.head(5),
        relations=pl.col("relations").fill_null("{}"),
        examples=pl.col("examples").fill_null([]),
        category_entropy=pl.Series(draws[0] * 3),
        stability=pl.Series(draws[1]),
        cohesion=pl.Series(draws[2]),
        communities=pl.lit([], pl.List(pl.String)),
    ).select(list(schema_of(Cluster)))


def _with_parents(memberships: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Return the intentions in the clusters of every level."""
    parents = table.select(pl.col("id").alias("cluster"), "parent")
    levels = [memberships]
    for _ in range(2):
        above = levels[-1].join(parents, on="cluster").select("intention", pl.col("parent").alias("cluster"))
        levels.append(above)
    return pl.concat(levels)


def _spoken(workspace: Workspace, inside: pl.DataFrame) -> pl.DataFrame:
    """Return of each cluster the shares of its relations, as JSON, and some of its products."""
    triples = workspace.scan(Triple).select("intention", "relation", "product_a", "support").collect()
    said = triples.join(inside, on="intention")
    shares = (
        said.group_by("cluster", "relation")
        .agg(pl.col("support").sum())
        .with_columns(share=(pl.col("support") / pl.col("support").sum().over("cluster")).round(4))
        .sort("cluster", "share", "relation", descending=[False, True, False])
        .group_by("cluster", maintain_order=True)
        .agg(pl.format('"{}":{}', "relation", "share").str.join(",").alias("relations"))
        .with_columns(relations="{" + pl.col("relations") + "}")
    )
    examples = said.sort("cluster", "product_a").group_by("cluster", maintain_order=True)
    return shares.join(
        examples.agg(pl.col("product_a").unique(maintain_order=True).head(3).alias("examples")), on="cluster"
    )


def _write_truth(folder: Path, meant: pl.DataFrame, table: pl.DataFrame) -> None:
    folder.mkdir(exist_ok=True)
    fine = table.filter(pl.col("level") == 0)
    truth = meant.select(
        "id", "text", "support", "purpose", "mood", "deed", "thing", "circumstance", "adverb"
    ).with_columns(staple=pl.col("mood") == STAPLE)
    truth.with_columns(cluster=fine["id"].gather(truth["purpose"])).write_parquet(
        folder / "intentions.parquet"
    )
    table.write_parquet(folder / "purposes.parquet")
