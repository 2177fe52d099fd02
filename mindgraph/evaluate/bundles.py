"""Do shared purposes tell products that people bundled from others of the same session?

Measured on BundleRec (Sun et al., Revisiting Bundle Recommendation, SIGIR 2022): people cut shopping
sessions into bundles and wrote an intent on each. The intents of training sessions are the intentions
here. Pairs are scored only where both products are bundled in the session, for others are biased.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from mindgraph.errors import CatalogError
from mindgraph.evaluate.profiles import Profiles, cosines, of_categories
from mindgraph.evaluate.scores import interval, z_score
from mindgraph.graph import project
from mindgraph.records import CoBuy, Intention, Triple
from mindgraph.tables import content_ids, normal_forms, schema_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: Shares of behaviour among which training sessions choose.
WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5)
#: Parts of the training sessions, each of which is held out once for that choice.
INNER = 3


@dataclass(frozen=True)
class Found:
    """Hold what clustering made of training data."""

    merges: pl.DataFrame
    clusters: pl.DataFrame
    memberships: pl.DataFrame
    communities: pl.DataFrame


#: Intentions, triples, co-buys and the share of behaviour → purposes. Neighbouring rooms do not call
#: on each other: who evaluates is handed how purposes are found.
Find = Callable[[pl.DataFrame, pl.DataFrame, pl.DataFrame, float], Found]
Embed = Callable[[Sequence[str]], "Matrix"]


@dataclass(frozen=True)
class Bundles:
    """Hold a domain of the data set; products are numbered.

    `said` has session, bundle, product; `intents` bundle, text; `pairs` session, a, b, together.
    """

    titles: list[str]
    categories: list[list[str]]
    said: pl.DataFrame
    intents: pl.DataFrame
    pairs: pl.DataFrame
    sessions: list[str]


def read_bundles(folder: Path) -> Bundles:
    """Return the bundles of titled products in a folder of the data set's files."""
    titles = _csv(folder, "item_titles.csv", ["item", "title"])
    numbers = titles.select("item").with_row_index("product").with_columns(pl.col("product").cast(pl.Int64))
    sessions = _csv(folder, "session_bundle.csv", ["session", "bundle"])
    said = (
        sessions.join(_csv(folder, "bundle_item.csv", ["bundle", "item"]), on="bundle")
        .join(numbers, on="item")
        .select("session", "bundle", "product")
        .unique()
        .sort("session", "bundle", "product")
    )
    paths = numbers.join(_csv(folder, "item_categories.csv", ["item", "path"]), on="item", how="left")
    levels = paths.sort("product")["path"].fill_null("").str.extract_all(r"[^\[\],]+").to_list()
    return Bundles(
        titles["title"].fill_null("").to_list(),
        [[part.strip() for part in row] for row in levels],
        said,
        _csv(folder, "bundle_intent.csv", ["bundle", "text"]),
        _pairs(said),
        sessions["session"].unique().sort().to_list(),
    )


def bundle_measure(
    bundles: Bundles,
    find: Find,
    embed: Embed,
    *,
    folds: int = 5,
    repeats: int = 2,
    seed: int = 0,
    weights: Sequence[float] = WEIGHTS,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return mean AUC within a session for each variant, and the gains of title + purposes.

    The first table has variant, auc, low, high; the second against, gain, low, high (95 %, paired
    bootstrap over sessions). Sessions are split, never their pairs; the share of behaviour of each
    fold is the one that does best on its training sessions, by cross-validation among them.
    """
    rng = np.random.default_rng(seed)
    titles = embed(bundles.titles)
    found: dict[str, list[pl.DataFrame]] = {}
    chosen: list[float] = []
    for run in range(repeats):
        order = rng.permutation(len(bundles.sessions))
        for part in np.array_split(order, folds):
            test = [bundles.sessions[at] for at in part]
            weight = _best_weight(bundles, find, embed, titles, test, weights, rng)
            chosen.append(weight)
            scores = _scored(bundles, find, embed, titles, test, weight, rng)
            for name, table in _fused(scores, run).items():
                found.setdefault(name, []).append(table)
    sessions = {name: _per_session(pl.concat(tables)) for name, tables in found.items()}
    return _levels(sessions, seed), _gains(sessions, seed, chosen)


def _csv(folder: Path, name: str, columns: list[str]) -> pl.DataFrame:
    try:
        found = pl.read_csv(folder / name, infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CatalogError(
            f"{folder / name}: cannot be read ({str(error).splitlines()[0]}).",
            hint="Give the folder of one domain of BundleRec.",
        ) from error
    if len(found.columns) < len(columns):
        raise CatalogError(f"{folder / name}: {len(found.columns)} columns, expected {len(columns)}.")
    return found.select(found.columns[: len(columns)]).rename(
        dict(zip(found.columns[: len(columns)], columns, strict=True))
    )


def _pairs(said: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of bundled products of each session that has pairs of both kinds."""
    ordered = pl.col("product") < pl.col("product_b")
    there = said.select("session", "product").unique()
    pairs = there.join(there, on="session", suffix="_b").filter(ordered)
    same = said.join(said, on=["session", "bundle"], suffix="_b").filter(ordered)
    together = same.select("session", "product", "product_b").unique().with_columns(together=pl.lit(1))
    return (
        pairs.join(together, on=["session", "product", "product_b"], how="left")
        .with_columns(pl.col("together").fill_null(0))
        .filter(pl.col("together").n_unique().over("session") == 2)
        .rename({"product": "a", "product_b": "b"})
        .sort("session", "a", "b")
    )


def _best_weight(
    bundles: Bundles,
    find: Find,
    embed: Embed,
    titles: Matrix,
    test: list[str],
    weights: Sequence[float],
    rng: Any,
) -> float:
    """Return the share of behaviour that does best on training sessions, each held out once."""
    if len(weights) == 1:
        return weights[0]
    left_out = set(test)
    train = [session for session in bundles.sessions if session not in left_out]
    known = replace(
        bundles,
        said=bundles.said.filter(~pl.col("session").is_in(test)),
        pairs=bundles.pairs.filter(~pl.col("session").is_in(test)),
        sessions=train,
    )
    parts = [[train[at] for at in part] for part in np.array_split(rng.permutation(len(train)), INNER)]

    def worth(weight: float) -> float:
        fixed = np.random.default_rng(0)
        runs = [
            _fused(_scored(known, find, embed, titles, held, weight, fixed, all_of_them=False))
            for held in parts
        ]
        return float(_per_session(pl.concat(r["title + purposes"] for r in runs))["auc"].to_numpy().mean())

    return max(weights, key=worth)


def _scored(
    bundles: Bundles,
    find: Find,
    embed: Embed,
    titles: Matrix,
    test: list[str],
    weight: float,
    rng: Any,
    *,
    all_of_them: bool = True,
) -> pl.DataFrame:
    """Return the test pairs with one column a score; what is found comes from the other sessions."""
    pairs = bundles.pairs.filter(pl.col("session").is_in(test))
    a, b = pairs["a"].to_numpy(), pairs["b"].to_numpy()
    intentions, triples, cobuys = training_tables(bundles, test)
    found = find(intentions, triples, cobuys, weight)
    said = project(triples, found.merges)
    seen = bundles.said.filter(~pl.col("session").is_in(test))["product"].unique().sort().to_numpy()
    profiles = Profiles(titles, seen, a, b, embed)
    columns: dict[str, Any] = {"title": cosines(titles, titles, a, b)}
    columns["purposes"] = profiles.of_purposes(said, intentions, found.memberships, found.clusters)
    if all_of_them:
        text = find(intentions, triples, cobuys, 0.0)
        mixed = found.memberships.with_columns(
            pl.Series("cluster", rng.permutation(found.memberships["cluster"].to_numpy()))
        )
        columns |= {
            "category": of_categories(bundles.categories, a, b),
            "communities": profiles.of_communities(found.communities),
            "raw intentions": profiles.of_intentions(said),
            "mean intention vector": profiles.of_vectors(said, intentions),
            "text clusters": profiles.of_purposes(
                project(triples, text.merges), intentions, text.memberships, text.clusters
            ),
            "shuffled purposes": profiles.of_purposes(said, intentions, mixed, found.clusters),
        }
    return pairs.with_columns(pl.Series(name, values) for name, values in columns.items())


def training_tables(
    bundles: Bundles, left_out: Sequence[str]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Return intentions, triples and co-buys: every pair of a bundle, for what people wrote on it."""
    said = bundles.said.filter(~pl.col("session").is_in(list(left_out))).join(bundles.intents, on="bundle")
    said = said.with_columns(normal_forms(said["text"]).alias("text")).filter(pl.col("text") != "")
    intentions = said.select("text", lang=pl.lit("en")).unique().sort("text")
    intentions = intentions.with_columns(content_ids(intentions, "intention", ["text", "lang"]).alias("id"))
    pairs = (
        said.join(said.select("session", "bundle", "product"), on=["session", "bundle"], suffix="_b")
        .filter(pl.col("product") < pl.col("product_b"))
        .join(intentions.select("text", pl.col("id").alias("intention")), on="text")
        .with_columns(
            product_a=pl.col("product").cast(pl.String), product_b=pl.col("product_b").cast(pl.String)
        )
        .with_columns(
            pl.concat_str("product_a", pl.lit("|"), "product_b").alias("cobuy"), relation=pl.lit("open")
        )
    )
    triples = (
        pairs.group_by("cobuy", "product_a", "product_b", "relation", "intention")
        .agg(pl.len().cast(pl.Int64).alias("support"))
        .with_columns(pl.concat_str("cobuy", "intention").alias("id"), acceptance=pl.lit(None, pl.Float64))
        .select(list(schema_of(Triple)))
        .sort("id")
    )
    cobuys = triples.group_by("cobuy", "product_a", "product_b").agg(
        pl.len().cast(pl.Float64).alias("weight")
    )
    cobuys = cobuys.rename({"cobuy": "id"}).with_columns(
        lift=pl.lit(None, pl.Float64), source=pl.lit([], pl.List(pl.String))
    )
    return (
        intentions.select(list(schema_of(Intention))).sort("id"),
        triples,
        cobuys.select(list(schema_of(CoBuy))).sort("id"),
    )


def _fused(scores: pl.DataFrame, run: int = 0) -> dict[str, pl.DataFrame]:
    """Return each score alone, and added to the title's as z-scores over the fold's pairs."""
    names = [name for name in scores.columns if name not in ("session", "a", "b", "together")]
    z = {name: z_score(scores[name].to_numpy()) for name in names}
    variants = {name: z[name] for name in names}
    variants |= {f"title + {name}": z["title"] + z[name] for name in names if name != "title"}
    if "category" in z:
        variants["title + category + purposes"] = z["title"] + z["category"] + z["purposes"]
    kept = scores.select("session", "together", run=pl.lit(run))
    return {name: kept.with_columns(pl.Series("score", values)) for name, values in variants.items()}


def _per_session(scored: pl.DataFrame) -> pl.DataFrame:
    """Return the AUC of each session, the mean over repeats: session, auc."""
    yes = pl.col("together") == 1
    wins = pl.col("rank").filter(yes).sum() - yes.sum() * (yes.sum() + 1) / 2
    return (
        scored.with_columns(pl.col("score").rank("average").over("session", "run").alias("rank"))
        .group_by("session", "run")
        .agg((wins / (yes.sum().cast(pl.Float64) * (~yes).sum())).alias("auc"))
        .group_by("session")
        .agg(pl.col("auc").sort().mean())
        .sort("session")
    )


def _levels(sessions: Mapping[str, pl.DataFrame], seed: int) -> pl.DataFrame:
    rows = [
        (name, *interval(table["auc"].to_numpy(), seed=seed), len(table)) for name, table in sessions.items()
    ]
    return pl.DataFrame(rows, schema=["variant", "auc", "low", "high", "sessions"], orient="row")


def _gains(sessions: Mapping[str, pl.DataFrame], seed: int, chosen: Sequence[float]) -> pl.DataFrame:
    """Return what title + purposes gains over each other variant with the title."""
    ours = "title + purposes"
    pairs = [(ours, name) for name in sessions if name.startswith("title") and "purposes" not in name]
    pairs += [(ours, "title + shuffled purposes"), ("title + category + purposes", "title + category")]
    rows = []
    for one, other in dict.fromkeys(pairs):
        difference = sessions[one]["auc"].to_numpy() - sessions[other]["auc"].to_numpy()
        rows.append((one, other, *interval(difference, seed=seed), float(np.mean(chosen))))
    return pl.DataFrame(rows, schema=["variant", "against", "gain", "low", "high", "behaviour"], orient="row")
