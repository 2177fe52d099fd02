"""Pictures as thumbnails: found by product, judged by content, kept once.

Only files inside the folder that was named are ever opened: an id that looks like a path finds
nothing, for it is looked up among the names that the folder has.
"""

from __future__ import annotations

import os
import struct
import urllib.parse
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from mindgraph.errors import CatalogError, WorkspaceError
from mindgraph.records import Reject, content_id, digest
from mindgraph.texts import clean

#: In the order in which `<id>.jpg`, `<id>.png` … are preferred.
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
QUALITY = 90
#: More than this many pixels, or bytes of file, are refused.
MOST_PIXELS = 100_000_000
MOST_BYTES = 100_000_000

_ORIENTATION = 0x0112
#: EXIF's words for how the camera was held, and what puts the picture upright.
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
#: What Pillow raises for damaged files, beside OSError.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    ZeroDivisionError,
    NotImplementedError,
    struct.error,
    zlib.error,
)


class PictureError(ValueError):
    """Say why a file gives no thumbnail."""


class NoPicture(PictureError):
    """Say that a file is no picture at all."""


@dataclass(frozen=True)
class Wanted:
    """Name the files that may hold a product's picture, first the preferred one."""

    product: str
    paths: tuple[Path, ...]
    #: Where the picture is named, for rejects.
    file: str | None = None
    line: int | None = None
    #: What is wrong already: a URL, a path that leads nowhere.
    problem: str = ""
    raw: str = ""


@dataclass(frozen=True)
class Stored:
    """Say which thumbnail a product has, and what was wrong on the way."""

    product: str
    image: str | None
    rejects: tuple[Reject, ...]


def rule(longest: int) -> str:
    """Return the words for how a thumbnail is made; part of a picture's id."""
    return f"longest side {longest}, lanczos, white, JPEG {QUALITY}"


def image_id(source: bytes, longest: int) -> str:
    """Return the id of a picture: a hash of the source bytes and of the resize rule."""
    return content_id("image", digest(source), rule(longest))


def thumbnail(source: bytes, longest: int) -> bytes:
    """Return an RGB JPEG, upright, over white, first frame, longest side at most `longest` pixels.

    Raises NoPicture where the bytes are no picture, PictureError where it is damaged or too large.
    """
    try:
        with Image.open(BytesIO(source), formats=_FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise PictureError(f"picture of {picture.width} × {picture.height} pixels is too large")
            picture.draft("RGB", (longest, longest))
            picture.load()
            turn = _TURNS.get(picture.getexif().get(_ORIENTATION, 1))
            small = _flat(picture)
            small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
            out = BytesIO()
            (small if turn is None else small.transpose(turn)).save(out, "JPEG", quality=QUALITY)
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise NoPicture("no picture (JPEG, PNG, WebP, GIF, BMP or TIFF)") from error
    except Image.DecompressionBombError as error:
        raise PictureError("picture of too many pixels") from error
    except _DAMAGE as error:
        raise PictureError(f"damaged picture: {_lower(error)}") from error
    return out.getvalue()


class Folder:
    """Know the pictures of a folder: `<id>.jpg` and the like, or `<id>/*`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files: dict[str, dict[str, Path]] = {}
        self._folders: dict[str, Path] = {}
        try:
            entries = sorted(path.iterdir())
        except OSError as error:
            raise CatalogError(
                f"{path} cannot be read as a folder of pictures: {error.strerror or error}.",
                hint="--images names a folder that holds <id>.jpg, or a folder <id> with pictures.",
            ) from error
        for entry in entries:
            name = clean(entry.name)
            suffix = Path(name).suffix
            if entry.is_dir():
                self._folders[name] = entry
            elif suffix.lower() in SUFFIXES:
                stem = name.removesuffix(suffix)
                self._files.setdefault(stem, {}).setdefault(suffix.lower(), entry)

    def of(self, product: str) -> tuple[Path, ...]:
        """Return the files of a product, the preferred one first; ids may be percent-encoded."""
        for name in (product, urllib.parse.quote(product, safe="")):
            if name in self._files:
                found = self._files[name]
                return tuple(found[suffix] for suffix in SUFFIXES if suffix in found)
            if name in self._folders:
                return tuple(sorted(p for p in self._folders[name].iterdir() if p.is_file()))
        return ()


def named_file(text: str, folders: Sequence[Path]) -> tuple[Path | None, str]:
    """Return the file that a cell names, or why there is none; it must lie in one of the folders."""
    if "://" in text[:16] or text.startswith("data:"):
        return None, "the picture is a URL; download it first"
    inside = False
    for base in (folder.absolute() for folder in folders):
        for joined in (base / text, base / text.lstrip("/\\")):
            path = Path(os.path.normpath(joined))
            if path.is_relative_to(os.path.normpath(base)):
                inside = True
                if _is_file(path):
                    return path, ""
    if inside:
        return None, f"no such picture in {' or '.join(str(folder) for folder in folders)}"
    return None, "the picture lies outside the catalogue's folder; name its folder with --images"


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long for a file
        return False


def store(wanted: Iterable[Wanted], folder: Path, longest: int) -> Iterator[Stored]:
    """Make and keep the thumbnail of each product, in the order given, several at a time."""
    folder.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings(), ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        warnings.simplefilter("ignore")  # of Pillow, about size and broken metadata: judged here
        yield from pool.map(lambda one: _store_one(one, folder, longest), wanted)


def _store_one(one: Wanted, folder: Path, longest: int) -> Stored:
    rejects = [_reject(one, one.problem, one.raw)] if one.problem else []
    stray = []
    for path in one.paths:
        try:
            return Stored(one.product, _keep(path, folder, longest), tuple(rejects))
        except NoPicture as error:
            stray.append(_reject(one, str(error), str(path.name)))
        except PictureError as error:
            rejects.append(_reject(one, str(error), str(path.name)))
    return Stored(one.product, None, tuple(rejects or stray))


def _keep(path: Path, folder: Path, longest: int) -> str:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise PictureError(f"picture file of more than {MOST_BYTES // 1_000_000} MB")
        source = path.read_bytes()
    except OSError as error:
        raise PictureError(f"picture cannot be read: {error.strerror or error}") from error
    name = image_id(source, longest)
    kept = folder / f"{name}.jpg"
    if not kept.is_file():
        beside = folder / f".{name}.{digest(str(path).encode())}.new"
        small = thumbnail(source, longest)
        try:
            beside.write_bytes(small)
            beside.replace(kept)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise WorkspaceError(
                f"{kept} cannot be written: {error.strerror or error}.",
                hint="Free some disk space and run the command again.",
            ) from error
    return name


def _flat(picture: Image.Image) -> Image.Image:
    """Return the first frame as 8-bit RGB, what is transparent over white."""
    if picture.mode.startswith(("I", "F")):
        return _eight_bit(picture).convert("RGB")
    if picture.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    return picture.convert("RGB")


def _eight_bit(picture: Image.Image) -> Image.Image:
    """Scale 16-bit and floating grey values to 8 bits instead of cutting them off."""
    grey = np.asarray(picture, dtype=np.float64)
    grey = np.nan_to_num(grey, posinf=0.0, neginf=0.0)
    low, high = float(grey.min()), float(grey.max())
    if picture.mode.startswith("I;16") or (low >= 0 and 255 < high <= 65_535):
        low, high = 0.0, 65_535.0
    elif low >= 0 and high <= 255:
        low, high = 0.0, 255.0
    return Image.fromarray(((grey - low) * (255 / ((high - low) or 1))).astype(np.uint8))


def _reject(one: Wanted, reason: str, raw: str) -> Reject:
    return Reject(stage="ingest", key=one.product, file=one.file, line=one.line, reason=reason, raw=raw)


def _lower(error: BaseException) -> str:
    text = str(error).strip().rstrip(".") or type(error).__name__
    return text[:1].lower() + text[1:]
