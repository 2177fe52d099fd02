"""Pictures of every kind become small upright JPEGs; what is none is told and does no harm."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mindgraph.catalog.pictures import Folder, NoPicture, PictureError, Wanted, named_file, store, thumbnail
from mindgraph.errors import WorkspaceError
from tests.disks import fill, small_disk

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")

RED = (220, 20, 30)


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    out = BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def small(source: bytes, longest: int = 64) -> Image.Image:
    found = Image.open(BytesIO(thumbnail(source, longest)))
    assert (found.format, found.mode) == ("JPEG", "RGB")
    return found


def near(pixel: Any, expected: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 16 for a, b in zip(pixel, expected, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_every_usual_format_is_made_small(kind: str) -> None:
    """The longest side is the setting, the shape stays, whatever the file calls itself."""
    found = small(encoded(Image.new("RGB", (300, 150), RED), kind))

    assert found.size == (64, 32)
    assert near(found.getpixel((30, 15)), RED)


def test_a_small_picture_is_not_enlarged() -> None:
    """One pixel stays one pixel; a thin line keeps a side of one."""
    assert small(encoded(Image.new("RGB", (1, 1)), "PNG")).size == (1, 1)
    assert small(encoded(Image.new("RGB", (5000, 1)), "PNG")).size == (64, 1)


def test_colour_models_are_brought_to_rgb() -> None:
    """CMYK, palettes, grey and 16 bits come out as they look."""
    cmyk = small(encoded(Image.new("RGB", (80, 80), RED).convert("CMYK"), "JPEG", quality=95))
    palette = small(
        encoded(Image.new("RGB", (80, 80), RED).convert("P", palette=Image.Palette.ADAPTIVE), "PNG")
    )
    grey = small(encoded(Image.new("L", (80, 80), 100), "PNG"))
    deep = small(encoded(Image.new("I;16", (80, 80), 25_700), "PNG"))
    real = small(encoded(Image.new("F", (80, 80), 0.5), "TIFF"))

    assert near(cmyk.getpixel((9, 9)), RED)
    assert near(palette.getpixel((9, 9)), RED)
    assert near(grey.getpixel((9, 9)), (100, 100, 100))
    assert near(deep.getpixel((9, 9)), (100, 100, 100))
    assert real.size == (64, 64)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_is_transparent_is_white(kind: str) -> None:
    """A product on nothing stands on white, as in a shop."""
    picture = Image.new("RGBA", (80, 80), (0, 0, 0, 0))
    picture.paste((*RED, 255), (0, 0, 40, 80))

    found = small(encoded(picture, kind))

    assert near(found.getpixel((60, 30)), (255, 255, 255))
    assert near(found.getpixel((10, 30)), RED)


def test_a_transparent_palette_colour_is_white() -> None:
    """GIFs mark one colour as nothing."""
    picture = Image.new("P", (80, 80), 0)
    picture.putpalette([0, 0, 0, *RED])
    picture.paste(1, (0, 0, 40, 80))

    found = small(encoded(picture, "GIF", transparency=0))

    assert near(found.getpixel((60, 30)), (255, 255, 255))
    assert near(found.getpixel((10, 30)), RED)


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_of_an_animation_the_first_frame_is_kept(kind: str) -> None:
    """A picture that moves shows how it begins."""
    frames = [Image.new("RGB", (80, 80), colour) for colour in (RED, (0, 0, 255))]

    found = small(encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True))

    assert near(found.getpixel((9, 9)), RED)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(orientation: int) -> None:
    """Cameras write how they were held; the model sees the thing as it stood."""
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = Image.new("RGB", (128, 64), "white")
    upright.paste(RED, (0, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    held = upright.transpose(turns[orientation]) if orientation in turns else upright

    found = small(encoded(held, "JPEG", exif=exif.tobytes(), quality=95))

    assert found.size == (64, 32)
    assert near(found.getpixel((6, 3)), RED)
    assert near(found.getpixel((50, 25)), (255, 255, 255))


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that says it is of this size, and has almost no bytes."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [11_000, 14_000, 60_000])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_of_too_many_pixels_is_refused_unopened(side: int) -> None:
    """A few bytes that unpack to gigabytes are told, not unpacked."""
    with pytest.raises(PictureError, match="too"):
        thumbnail(bomb(side, side), 64)


def test_damaged_pictures_are_told() -> None:
    """Cut anywhere, a picture is damaged or none; no other error comes out."""
    for kind in ("JPEG", "PNG", "WEBP", "GIF", "TIFF"):
        whole = encoded(Image.effect_noise((120, 90), 60).convert("RGB"), kind)
        for part in (1, 10, 40, len(whole) // 2, len(whole) - 30):
            with pytest.raises(PictureError):
                thumbnail(whole[:part], 64)


def test_what_is_no_picture_is_told_as_such() -> None:
    """Text, HTML and vector graphics give no thumbnail."""
    for content in (
        b"",
        b"hello",
        b"<html>404</html>",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe",
    ):
        with pytest.raises(NoPicture):
            thumbnail(content, 64)


def put(path: Path, colour: Any = RED, kind: str = "JPEG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(Image.new("RGB", (100, 50), colour), kind))
    return path


def test_a_folder_finds_pictures_by_id(tmp_path: Path) -> None:
    """`<id>.jpg` before `<id>.png`, else `<id>/*` by name; ids with slashes may be percent-encoded."""
    for name in ("1.png", "1.jpg", "2.WebP", "3/b.jpg", "3/a.jpg", "v1.0.jpg", "a%2Fb.jpg"):
        put(tmp_path / name)
    folder = Folder(tmp_path)

    found = {
        name: [str(p.relative_to(tmp_path)) for p in folder.of(name)]
        for name in ("1", "2", "3", "v1.0", "a/b")
    }

    assert found == {
        "1": ["1.jpg", "1.png"],
        "2": ["2.WebP"],
        "3": ["3/a.jpg", "3/b.jpg"],
        "v1.0": ["v1.0.jpg"],
        "a/b": ["a%2Fb.jpg"],
    }


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "..", ".", "", "a/../../secret", "x" * 10_000, "a\x00b"]
)
def test_an_id_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """Ids are looked up among the names that are there; none is used as a path."""
    put(tmp_path / "secret.jpg")
    put(tmp_path / "images" / "1.jpg")

    assert Folder(tmp_path / "images").of(name) == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("https://example.org/1.jpg", "URL"),
        ("data:image/png;base64,AAAA", "URL"),
        ("../secret.jpg", "outside"),
        ("pictures/../../secret.jpg", "outside"),
        ("none.jpg", "no such picture"),
        ("x" * 10_000, "no such picture"),
        ("a\x00b", "no such picture"),
    ],
)
def test_a_cell_that_leads_to_no_picture_says_why(tmp_path: Path, text: str, problem: str) -> None:
    """URLs are not fetched, and no file outside the named folders is read."""
    put(tmp_path / "secret.jpg")
    (tmp_path / "shop").mkdir()

    path, why = named_file(text, [tmp_path / "shop"])

    assert path is None
    assert problem in why


def test_a_cell_names_a_picture_in_one_of_the_folders(tmp_path: Path) -> None:
    """Relative to either folder, with or without a slash in front, or in full."""
    first, second = put(tmp_path / "images" / "1.jpg"), put(tmp_path / "shop" / "m" / "2.jpg")
    folders = [tmp_path / "images", tmp_path / "shop"]

    assert named_file("1.jpg", folders) == (first, "")
    assert named_file("/m/2.jpg", folders) == (second, "")
    assert named_file(str(second), folders) == (second, "")


def test_thumbnails_are_kept_once_by_content(tmp_path: Path) -> None:
    """Two products with the same picture share a file; a second run does no work."""
    wanted = [Wanted(name, (put(tmp_path / f"{name}.jpg"),)) for name in ("1", "2")]

    first = list(store(wanted, tmp_path / "images", 64))
    (kept,) = (tmp_path / "images").iterdir()
    before = kept.stat().st_mtime_ns
    second = list(store(wanted, tmp_path / "images", 64))

    assert first == second
    assert {one.image for one in first} == {kept.stem}
    assert kept.stat().st_mtime_ns == before
    assert {one.image for one in store(wanted, tmp_path / "images", 32)} != {kept.stem}


def test_the_next_picture_serves_where_the_first_is_damaged(tmp_path: Path) -> None:
    """The damaged one is rejected with its name; a note between the pictures is passed over."""
    damaged, note, whole = tmp_path / "a.jpg", tmp_path / "b.txt", put(tmp_path / "c.jpg")
    damaged.write_bytes(whole.read_bytes()[:400])
    note.write_text("no picture")

    (stored,) = store([Wanted("1", (damaged, note, whole), "p.csv", 2)], tmp_path / "images", 64)

    assert stored.image is not None
    assert [(r.key, r.file, r.line, r.raw) for r in stored.rejects] == [("1", "p.csv", 2, "a.jpg")]


def test_a_product_whose_only_file_is_no_picture_is_rejected(tmp_path: Path) -> None:
    """A lying ending is told where nothing else serves."""
    lying = tmp_path / "1.jpg"
    lying.write_text("<html>not found</html>")

    (stored,) = store([Wanted("1", (lying,))], tmp_path / "images", 64)

    assert stored.image is None
    assert [r.reason for r in stored.rejects] == ["no picture (JPEG, PNG, WebP, GIF, BMP or TIFF)"]


def test_pictures_of_phones_hold_several_and_give_the_first() -> None:
    """A multi-picture JPEG is read as the JPEG it begins with."""
    frames = [Image.new("RGB", (80, 80), colour) for colour in (RED, (0, 0, 255))]

    found = small(encoded(frames[0], "MPO", save_all=True, append_images=frames[1:]))

    assert near(found.getpixel((9, 9)), RED)


def test_a_disk_that_is_full_is_told_and_leaves_no_half_picture(tmp_path: Path) -> None:
    """What could not be written is the workspace's trouble, not the picture's; with room again it is made."""
    wanted = [Wanted("1", (put(tmp_path / "a.jpg"),))]
    with small_disk(tmp_path / "small", "64k") as disk:
        (disk / "images").mkdir()
        ballast = fill(disk)
        with pytest.raises(WorkspaceError, match="cannot be written: No space left on device"):
            list(store(wanted, disk / "images", 64))
        assert list((disk / "images").iterdir()) == []
        ballast.unlink()
        (stored,) = store(wanted, disk / "images", 64)
        assert (disk / "images" / f"{stored.image}.jpg").is_file()
