"""A whole catalogue from its files: products, co-buys, intentions, and what could not be read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from mindgraph.catalog import pictures
from mindgraph.catalog.cobuys import baskets_of, cobuys_of, pairs_of
from mindgraph.catalog.columns import (
    COBUYS,
    INTENTIONS,
    ORDERS,
    PRODUCTS,
    Input,
    Map,
    check_maps,
    parse_maps,
    read_field,
    read_input,
)
from mindgraph.catalog.files import TableFile
from mindgraph.catalog.intentions import Imported, intentions_of, named_pairs, named_products
from mindgraph.catalog.lines import format_of
from mindgraph.catalog.products import products_of
from mindgraph.errors import CatalogError
from mindgraph.records import CoBuy, Reject, digest
from mindgraph.tables import frame_of


@dataclass(frozen=True)
class Sources:
    """Name the files of a catalogue, and how their columns are called."""

    products: tuple[Path, ...] = ()
    cobuys: Path | None = None
    orders: Path | None = None
    intentions: tuple[Path, ...] = ()
    images: Path | None = None
    maps: tuple[str, ...] = ()

    def roles(self) -> list[tuple[str, Path]]:
        """Return each file with its role."""
        return [
            *((PRODUCTS, path) for path in self.products),
            *((COBUYS, path) for path in (self.cobuys,) if path),
            *((ORDERS, path) for path in (self.orders,) if path),
            *((INTENTIONS, path) for path in self.intentions),
        ]

    def names(self) -> dict[Path, str]:
        """Return for each file the shortest end of its path that tells it from the others."""
        parts = {path: path.absolute().parts for _, path in self.roles()}
        return {path: _shortest_end(own, parts.values()) for path, own in parts.items()}

    def check(self) -> None:
        """Raise CatalogError where a file is missing or no table, or nothing is named."""
        parse_maps(self.maps)
        if not self.products and not self.intentions:
            raise CatalogError("No file of products was named.", hint="mindgraph ingest PRODUCTS [COBUYS]")
        if not self.products and (self.cobuys or self.orders):
            raise CatalogError(
                "Co-buys need the products they name.", hint="mindgraph ingest PRODUCTS COBUYS"
            )
        for _, path in self.roles():
            format_of(path)
        if self.images:
            pictures.Folder(self.images)

    def folders(self) -> list[Path]:
        """Return the folders in which a picture that a cell names may lie."""
        named = [self.images] if self.images else []
        return [*named, *dict.fromkeys(path.parent for path in self.products)]


@dataclass
class Catalogue:
    """Hold what the files gave; `image` of products is still the path that the file names."""

    products: pl.DataFrame
    cobuys: pl.DataFrame
    imported: list[Imported] = field(default_factory=list)
    rejects: list[pl.DataFrame] = field(default_factory=list)
    #: Files of which no line could be used.
    barren: list[TableFile] = field(default_factory=list)


def read_catalogue(
    sources: Sources,
    revisions: dict[Path, str],
    *,
    largest_basket: int,
    lang: str,
    known: tuple[pl.DataFrame, pl.DataFrame] | None = None,
) -> Catalogue:
    """Read all files; `revisions` are their digests.

    `known` are the products and co-buys of a workspace that the intentions are to be added to.
    Raises CatalogError where a file cannot be read at all.
    """
    maps = parse_maps(sources.maps)
    inputs = [read_input(path, role, maps) for role, path in sources.roles()]
    names = sources.names()
    for part in inputs:
        part.file.name = names[part.file.path]
    check_maps(maps, inputs)
    by_role = {
        role: [part for part in inputs if part.role == role]
        for role in (PRODUCTS, COBUYS, ORDERS, INTENTIONS)
    }
    if known is not None:
        catalogue = Catalogue(*known)
    else:
        catalogue = _products(by_role)
        _pair(catalogue, by_role, largest_basket)
    catalogue.rejects += [
        frame_of(Reject, part.file.bad).with_columns(file=pl.lit(part.file.name)) for part in inputs
    ]
    for part in by_role[INTENTIONS]:
        found = intentions_of(part, catalogue.cobuys, revisions[part.file.path], lang)
        catalogue.imported.append(found)
        catalogue.rejects.append(found.rejects)
        _note_barren(catalogue, part, found.candidates)
    return catalogue


def wanted_pictures(products: pl.DataFrame, sources: Sources) -> list[pictures.Wanted]:
    """Return for each product with a picture the files that may hold it, in the order of products."""
    folder = pictures.Folder(sources.images) if sources.images else None
    found = []
    folders = sources.folders()
    for product, image, file, line in products.select("id", "image", "file", "line").iter_rows():
        paths = folder.of(product) if folder else ()
        if paths:
            found.append(pictures.Wanted(product, paths, file, line))
        elif image:
            path, problem = pictures.named_file(image, folders)
            found.append(pictures.Wanted(product, (path,) if path else (), file, line, problem, image))
    return found


def picture_digest(sources: Sources) -> str:
    """Return a digest of names, sizes and times of the pictures: cheap to compare, changes with them."""
    maps = parse_maps(sources.maps)
    lines = [_stat(path) for path in sorted(_listed(sources.images))] if sources.images else []
    for path in sources.products:
        lines += _named_stats(path, sources, maps)
    return digest("\n".join(lines).encode("utf-8", "surrogateescape")) if lines else ""


def _products(by_role: dict[str, list[Input]]) -> Catalogue:
    named = by_role[PRODUCTS] or [_as_products(part) for part in by_role[INTENTIONS]]
    products, rejects = products_of(named)
    catalogue = Catalogue(products, frame_of(CoBuy), rejects=[rejects])
    if products.is_empty():
        catalogue.barren += [part.file for part in named]
    return catalogue


def _as_products(part: Input) -> Input:
    rows = named_products(part)
    empty = {
        name: pl.lit(None, dtype=pl.String)
        for name in ("brand", "categories", "description", "price", "image")
    }
    return Input(PRODUCTS, part.file, rows.with_columns(**empty), frozenset({"id", "title"}))


def _pair(catalogue: Catalogue, by_role: dict[str, list[Input]], largest_basket: int) -> None:
    """Fill in the co-buys: from pairs and orders, or where there are none from the intentions."""
    ids = catalogue.products["id"]
    pairs: list[pl.DataFrame] = []
    lift = None
    for part in by_role[COBUYS]:
        found, rejects = pairs_of(part, ids)
        pairs.append(found)
        catalogue.rejects.append(rejects)
        _note_barren(catalogue, part, found)
    for part in by_role[ORDERS]:
        found, lift, rejects = baskets_of(part, ids, largest_basket)
        pairs.append(found)
        catalogue.rejects.append(rejects)
        if len(rejects) >= len(part.rows):
            _note_barren(catalogue, part, found)
    if not by_role[COBUYS] and not by_role[ORDERS]:
        pairs = [named_pairs(part, ids) for part in by_role[INTENTIONS]]
        catalogue.cobuys = _once(cobuys_of(pairs))
    else:
        catalogue.cobuys = cobuys_of(pairs, lift)


def _once(cobuys: pl.DataFrame) -> pl.DataFrame:
    """Give each pair weight 1: that it is explained several times does not make it bought more often."""
    return cobuys.with_columns(weight=pl.lit(1.0))


def _note_barren(catalogue: Catalogue, part: Input, kept: pl.DataFrame) -> None:
    if kept.is_empty() and (len(part.rows) or part.file.bad):
        catalogue.barren.append(part.file)


def _shortest_end(own: tuple[str, ...], paths: Collection[tuple[str, ...]]) -> str:
    for length in range(1, len(own)):
        if not any(other[-length:] == own[-length:] for other in paths if other != own):
            return "/".join(own[-length:])
    return "/".join(own)


def _listed(folder: Path) -> Iterable[Path]:
    for path in folder.iterdir():
        yield from (inner for inner in path.iterdir() if inner.is_file()) if path.is_dir() else (path,)


def _named_stats(path: Path, sources: Sources, maps: Sequence[Map]) -> list[str]:
    named = read_field(path, PRODUCTS, "image", maps)
    found = (pictures.named_file(text, sources.folders())[0] for text in named.to_list())
    return [_stat(file) for file in found if file]


def _stat(path: Path) -> str:
    status = path.stat()
    return f"{path.name}\t{status.st_size}\t{status.st_mtime_ns}"
