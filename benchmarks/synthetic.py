"""Make a synthetic workspace of any size from a seed, with purposes planted in it.

At scale 1 it has the size that the method's paper reports: 107,215 products, 126,142 co-buys and
2,500,000 candidates, each judged, of which exactly 1,264,441 are kept. A kept candidate says something
that no other kept one of its co-buy and relation says, so they become exactly 1,264,441 triples.
18 relations, hubs by Zipf's law, wordings that recur across co-buys, unicode, 20,000 clusters on three
levels, merges, and a truth to measure clustering against: `planted/intentions.parquet` says which
purpose each intention was made from, `planted/purposes.parquet` names the purposes and the traps among
them. Staples ("everyday use") are said of everything, and their purpose means nothing: leave them out.

    python -m benchmarks.synthetic FOLDER --scale 0.01 --seed 0
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.grouped import group, write_communities
from benchmarks.purposes import Purposes, Words
from benchmarks.said import make_candidates, make_features, make_generators, make_verdicts
from benchmarks.shop import CoBuys, Products, make_cobuys, make_products
from mindgraph.pipeline import Pipeline
from mindgraph.records import Candidate, CoBuy, Feature, Generator, Product, Verdict
from mindgraph.workspace import Workspace


@dataclass(frozen=True)
class Sizes:
    """Say how many of each there are; broad purposes are whole ones, at least one."""

    products: int
    cobuys: int
    candidates: int
    kept: int
    broad: int

    @classmethod
    def at(cls, scale: float) -> Sizes:
        """Return the sizes at a scale; 1 is the paper's."""
        full = (107_215, 126_142, 2_500_000, 1_264_441)
        return cls(*(max(20, round(number * scale)) for number in full), broad=max(1, round(200 * scale)))


def make_workspace(path: Path | str, scale: float = 1.0, seed: int = 0, *, grouped: bool = True) -> Workspace:
    """Make a workspace with all tables; without merges and clusters unless `grouped`.

    The same scale and seed give the same tables. The folder must be new or empty.
    """
    rng = np.random.default_rng(seed)
    sizes = Sizes.at(scale)
    purposes = Purposes(sizes.broad)
    words = purposes.words()
    workspace = Workspace.create(path, dataset="synthetic")
    shop = make_products(rng, sizes.products, purposes)
    cobuys = make_cobuys(rng, sizes.cobuys, shop)
    _write_shop(workspace, shop, cobuys, words, rng)
    said = make_candidates(rng, sizes.candidates, sizes.kept, shop, cobuys, words)
    workspace.write(Candidate, said.frame)
    workspace.write(Verdict, make_verdicts(rng, said))
    Pipeline(workspace, workspace.settings()).build()
    if grouped:
        group(rng, workspace, said, purposes)
        write_communities(workspace, shop)
    return workspace


def _write_shop(
    workspace: Workspace, shop: Products, cobuys: CoBuys, words: Words, rng: np.random.Generator
) -> None:
    workspace.write(Product, shop.frame)
    workspace.write(CoBuy, cobuys.frame)
    workspace.write(Generator, make_generators())
    workspace.write(Feature, make_features(rng, shop, words))


def main() -> None:
    """Make a workspace from the command line."""
    parser = argparse.ArgumentParser(description="Make a synthetic workspace.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scale", type=float, default=0.01)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    workspace = make_workspace(options.folder, options.scale, options.seed)
    for path in sorted(workspace.path.glob("*.parquet")):
        print(f"{path.name:<24}{path.stat().st_size / 1e6:>10.1f} MB")


if __name__ == "__main__":
    main()
