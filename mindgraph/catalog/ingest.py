"""The stage `ingest`: a catalogue is read and put into the workspace, whole.

Products, co-buys and thumbnails are replaced; finished intentions replace those of a file of the
same name. Where only intentions are named and the workspace has products from files, these stay.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from mindgraph.catalog import pictures
from mindgraph.catalog.intentions import Imported
from mindgraph.catalog.reading import Catalogue, Sources, picture_digest, read_catalogue, wanted_pictures
from mindgraph.errors import CatalogError
from mindgraph.records import Candidate, CoBuy, Generator, Product, Record, Reject, Verdict
from mindgraph.settings import Settings
from mindgraph.tables import frame_of
from mindgraph.workspace import Stage, Workspace, file_digest

STAGE = "ingest"
_THUMBNAIL = re.compile(r"[0-9a-f]{32}\.jpg")


def ingest(workspace: Workspace, settings: Settings, sources: Sources) -> Stage:
    """Read the files into the workspace; where nothing has changed, do nothing.

    Raises CatalogError where a file cannot be read at all, or where no line of it could be used;
    then the tables stay as they were, and the rejects say why.
    """
    sources.check()
    revisions = {path: file_digest(path) for _, path in sources.roles()}
    names = sources.names()
    files = {f"{role}:{names[path]}": revisions[path] for role, path in sources.roles()}
    files["images"] = picture_digest(sources)
    Workspace.create(workspace.path)
    adds = _adds(workspace, sources)
    with workspace.stage(
        STAGE,
        reads=(Product, CoBuy) if adds else (),
        writes=_writes(adds, sources),
        settings=_settings(settings, sources, adds),
        files=files,
    ) as stage:
        stage.unchanged = stage.unchanged and _has_thumbnails(workspace)
        if not stage.unchanged:
            known = (workspace.read(Product), workspace.read(CoBuy)) if adds else None
            catalogue = read_catalogue(
                sources,
                revisions,
                largest_basket=settings.max_basket,
                lang=settings.lang,
                known=known,
            )
            _write(stage, catalogue, sources, settings, adds)
    return stage


def _adds(workspace: Workspace, sources: Sources) -> bool:
    """Say whether intentions are added to products that came from files of their own."""
    if sources.products or not workspace.has(Product):
        return False
    last = workspace.last(STAGE)
    return last is None or last.settings.get("catalogue") == "files"


def _writes(adds: bool, sources: Sources) -> tuple[type[Record], ...]:
    catalogue: tuple[type[Record], ...] = () if adds else (Product, CoBuy)
    return (*catalogue, Generator, Candidate, Verdict) if sources.intentions else catalogue


def _settings(settings: Settings, sources: Sources, adds: bool) -> dict[str, object]:
    return {
        "thumbnail": settings.thumbnail,
        "max_basket": settings.max_basket,
        "lang": settings.lang,
        "maps": list(sources.maps),
        "catalogue": "files" if adds or sources.products else "intentions",
    }


def _write(stage: Stage, catalogue: Catalogue, sources: Sources, settings: Settings, adds: bool) -> None:
    workspace = stage.workspace
    _refuse_barren(workspace, catalogue)
    if not adds:
        products = _with_pictures(workspace, catalogue, sources, settings)
        stage.write(Product, products)
        stage.write(CoBuy, catalogue.cobuys)
        _drop_other_thumbnails(workspace, products)
        stage.counts["untitled"] = int((~products["titled"]).sum())
        stage.counts["pictures"] = int(products["image"].is_not_null().sum())
    if catalogue.imported:
        _write_imported(stage, catalogue.imported)
    others = _other_rejects(workspace, sources) if adds else frame_of(Reject)
    stage.reject(pl.concat([others, *catalogue.rejects]))


def _refuse_barren(workspace: Workspace, catalogue: Catalogue) -> None:
    if not catalogue.barren:
        return
    rejects = pl.concat(catalogue.rejects)
    workspace.replace_rejects(STAGE, rejects)
    first = catalogue.barren[0]
    lines = len(first.lines) + len(first.bad)
    usable = f"none of its {lines:,} lines could be used" if lines else "it has no lines but the header"
    example = rejects.filter(file=first.name).sort("line").head(1).rows(named=True)
    said = f" For example line {example[0]['line']}: {example[0]['reason']}." if example else ""
    raise CatalogError(
        f"{first.path}: {usable}.{said}",
        hint=f"See {workspace.file(Reject)}; name other columns with --map field=column.",
    )


def _with_pictures(
    workspace: Workspace, catalogue: Catalogue, sources: Sources, settings: Settings
) -> pl.DataFrame:
    """Make the thumbnails and return the products with `image` as the picture's id."""
    wanted = wanted_pictures(catalogue.products, sources)
    stored = list(pictures.store(wanted, workspace.images, settings.thumbnail)) if wanted else []
    catalogue.rejects.append(frame_of(Reject, (reject for one in stored for reject in one.rejects)))
    images = pl.DataFrame(
        {"id": [one.product for one in stored], "image": [one.image for one in stored]},
        schema={"id": pl.String, "image": pl.String},
    )
    return catalogue.products.drop("image").join(images, on="id", how="left", maintain_order="left")


def _write_imported(stage: Stage, imported: Sequence[Imported]) -> None:
    """Replace what was imported before from files of these names; all else stays."""
    workspace = stage.workspace
    names = [part.generator.model for part in imported]
    generators = workspace.read(Generator)
    old = (pl.col("kind") == "import") & pl.col("model").is_in(names)
    gone = generators.filter(old)["id"].implode()
    candidates = workspace.read(Candidate)
    replaced = candidates.filter(pl.col("generator").is_in(gone))["id"].implode()
    fresh = [frame_of(Generator, [part.generator]) for part in imported]
    stage.write(Generator, pl.concat([generators.filter(~old), *fresh]).unique("id"))
    kept = candidates.filter(~pl.col("generator").is_in(gone))
    stage.write(Candidate, pl.concat([kept, *(part.candidates for part in imported)]).unique("id"))
    verdicts = workspace.read(Verdict).filter(~pl.col("candidate").is_in(replaced))
    stage.write(Verdict, pl.concat([verdicts, *(part.verdicts for part in imported)]).unique(Verdict.order))
    stage.counts["intentions"] = sum(len(part.candidates) for part in imported)


def _other_rejects(workspace: Workspace, sources: Sources) -> pl.DataFrame:
    named = sources.names()
    names = [named[path] for path in sources.intentions]
    return workspace.read(Reject).filter(stage=STAGE).filter(~pl.col("file").is_in(names).fill_null(False))


def _has_thumbnails(workspace: Workspace) -> bool:
    ids = workspace.read(Product)["image"].drop_nulls().unique()
    return not len(ids) or set(ids.to_list()) <= {path.stem for path in workspace.images.glob("*.jpg")}


def _drop_other_thumbnails(workspace: Workspace, products: pl.DataFrame) -> None:
    kept = set(products["image"].drop_nulls().to_list())
    if workspace.images.is_dir():
        for path in workspace.images.iterdir():
            if _THUMBNAIL.fullmatch(path.name) and path.stem not in kept:
                path.unlink()
