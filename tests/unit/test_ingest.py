"""The stage `ingest`: what it replaces, what it leaves, and when it has nothing to do."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from mindgraph.catalog import Sources
from mindgraph.errors import CatalogError
from mindgraph.pipeline import Pipeline
from mindgraph.records import Candidate, CoBuy, Generator, Product, Reject, Verdict
from mindgraph.settings import Settings
from mindgraph.tables import frame_of, records_of
from mindgraph.workspace import Stage, Workspace


class Shop:
    """Write input files, and ingest them into a workspace."""

    def __init__(self, folder: Path, workspace: str = "ws") -> None:
        self.folder = folder
        self.workspace = Workspace(folder / workspace)

    def file(self, name: str, *lines: str) -> Path:
        path = self.folder / name
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    def ingest(self, **sources: object) -> Stage:
        return Pipeline(self.workspace, Settings()).ingest(Sources(**sources))  # type: ignore[arg-type]

    def ids(self, record: type) -> list[str]:
        return self.workspace.read(record)["id"].to_list()

    def reasons(self) -> list[str]:
        return [reject.reason for reject in records_of(Reject, self.workspace.read(Reject))]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    shop = Shop(tmp_path)
    shop.file("p.csv", "id,title,image", "a,Lamp,pics/a.jpg", "b,Tent,", "c,Stove,pics/none.jpg")
    shop.file("c.csv", "product_a,product_b,weight", "b,a,2", "a,c,1", "a,z,1")
    shop.file(
        "i.csv", "product_a,product_b,relation,text", "a,b,usedFor,camping", "a,b,isA,gear", "a,b,likes,x"
    )
    (tmp_path / "pics").mkdir()
    Image.new("RGB", (900, 600), "red").save(tmp_path / "pics" / "a.jpg")
    return shop


def whole(shop: Shop) -> dict[str, object]:
    return {
        "products": (shop.folder / "p.csv",),
        "cobuys": shop.folder / "c.csv",
        "intentions": (shop.folder / "i.csv",),
    }


def test_a_catalogue_is_put_into_the_workspace_with_all_that_could_not_be_read(shop: Shop) -> None:
    """Products, co-buys, thumbnails, candidates, verdicts and rejects stand in their tables."""
    stage = shop.ingest(**whole(shop))

    products = records_of(Product, shop.workspace.read(Product))
    assert [(p.id, p.title, p.image is not None) for p in products] == [
        ("a", "Lamp", True),
        ("b", "Tent", False),
        ("c", "Stove", False),
    ]
    with Image.open(shop.workspace.images / f"{products[0].image}.jpg") as picture:
        assert picture.size == (448, 299)
    assert shop.workspace.read(CoBuy)["weight"].to_list() == [2.0, 1.0]
    assert shop.workspace.count(Candidate) == shop.workspace.count(Verdict) == 2
    assert sorted(shop.reasons()) == [
        f"no such picture in {shop.folder}",
        "unknown product z",
        "unknown relation likes",
    ]
    assert stage.counts["pictures"] == 1


def test_the_same_input_again_does_nothing(shop: Shop) -> None:
    """A run whose files are those of the last one says so and leaves no manifest."""
    shop.ingest(**whole(shop))

    again = shop.ingest(**whole(shop))

    assert again.unchanged
    assert len(shop.workspace.manifests()) == 1


@pytest.mark.parametrize("change", ["file", "picture", "thumbnail", "setting"])
def test_what_changes_is_noticed(shop: Shop, change: str) -> None:
    """A changed table, picture or setting, or a lost thumbnail, makes a new run."""
    shop.ingest(**whole(shop))
    maps: tuple[str, ...] = ()
    if change == "file":
        shop.file("c.csv", "product_a,product_b", "a,b")
    elif change == "picture":
        Image.new("RGB", (90, 60), "blue").save(shop.folder / "pics" / "a.jpg")
    elif change == "thumbnail":
        next(shop.workspace.images.glob("*.jpg")).unlink()
    else:
        maps = ("title=title",)

    again = shop.ingest(**whole(shop), maps=maps)

    assert not again.unchanged
    assert len(list(shop.workspace.images.glob("*.jpg"))) == 1


def test_twice_the_same_input_is_the_same_bytes_in_another_folder(shop: Shop, tmp_path: Path) -> None:
    """No path, time or order of work comes into the tables."""
    shop.ingest(**whole(shop))
    other = Shop(tmp_path, "other")
    other.ingest(**whole(shop))

    def tables(workspace: Workspace) -> dict[str, bytes]:
        found = [*workspace.path.glob("*.parquet"), *workspace.images.iterdir()]
        return {path.name: path.read_bytes() for path in found if path.name != "rejects.parquet"}

    assert tables(shop.workspace) == tables(other.workspace)
    assert len(tables(shop.workspace)) == 6


def test_a_new_catalogue_replaces_the_old_one_as_a_whole(shop: Shop) -> None:
    """Products, co-buys, thumbnails and rejects of before are gone."""
    shop.ingest(**whole(shop))
    products = shop.file("p.csv", "id,title", "x,Cup", "y,Pot")

    shop.ingest(products=(products,), cobuys=shop.file("c.csv", "product_a,product_b", "x,y"))

    assert shop.ids(Product) == ["x", "y"]
    assert shop.workspace.count(CoBuy) == 1
    assert list(shop.workspace.images.glob("*.jpg")) == []
    assert shop.reasons() == []


def test_intentions_replace_those_of_a_file_of_that_name_alone(shop: Shop) -> None:
    """What a model said, and what another file gave, stays with its verdicts."""
    shop.ingest(**whole(shop))
    cobuy = shop.ids(CoBuy)[0]
    said = Candidate(id="m", cobuy=cobuy, relation="isA", text="gear", generator="g", reply="r")
    for record, row in {
        Generator: Generator(id="g", model="m"),
        Candidate: said,
        Verdict: Verdict(candidate="m", judge="shopper", answer="yes"),
    }.items():
        table = shop.workspace.read(record)
        shop.workspace.write(record, table.vstack(frame_of(record, [row])))
    more = shop.file("more.csv", "product_a,product_b,text", "a,b,fun")

    shop.ingest(intentions=(more,))
    shop.file("i.csv", "product_a,product_b,relation,text", "a,b,usedFor,hiking")
    shop.ingest(intentions=(shop.folder / "i.csv",))

    assert sorted(shop.workspace.read(Candidate)["text"].to_list()) == ["fun", "gear", "hiking"]
    assert shop.workspace.count(Verdict) == 3
    assert sorted(shop.workspace.read(Generator)["model"].to_list()) == ["i.csv", "m", "more.csv"]


def test_intentions_alone_are_added_to_products_from_files(shop: Shop) -> None:
    """The catalogue and its rejects stay; the intentions are checked against it."""
    shop.ingest(products=(shop.folder / "p.csv",), cobuys=shop.folder / "c.csv")
    titled = shop.file("t.csv", "product_a,product_b,title_a,title_b,text", "a,b,X,Y,camping", "q,r,X,Y,none")

    shop.ingest(intentions=(titled,))

    assert shop.workspace.read(Product)["title"].to_list() == ["Lamp", "Tent", "Stove"]
    assert shop.workspace.read(Candidate)["text"].to_list() == ["camping"]
    assert sorted(shop.reasons())[1:] == ["the pair is no co-buy of this catalogue", "unknown product z"]
    assert shop.ingest(intentions=(titled,)).unchanged


def test_a_catalogue_made_from_intentions_is_made_anew_from_them(shop: Shop) -> None:
    """Where no products were named, the file's own titles are the catalogue, each time."""
    header = "product_a,product_b,title_a,title_b,text"
    shop.ingest(intentions=(shop.file("t.csv", header, "a,b,Lamp,Tent,camping"),))
    shop.ingest(intentions=(shop.file("t.csv", header, "c,d,Cup,Pot,tea"),))

    assert shop.workspace.read(Product)["title"].to_list() == ["Cup", "Pot"]
    assert shop.workspace.read(Candidate)["text"].to_list() == ["tea"]


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("p.csv", ("id,title", ",Lamp")),
        ("p.csv", ("id,title",)),
        ("c.csv", ("product_a,product_b", "x,y", "y,z")),
        ("i.csv", ("product_a,product_b,text", "a,z,camping")),
    ],
)
def test_a_file_of_which_nothing_is_usable_stops_the_run(
    shop: Shop, name: str, lines: tuple[str, ...]
) -> None:
    """The error says so with an example, the rejects are kept, the tables stay as they were."""
    shop.ingest(**whole(shop))
    shop.file(name, *lines)

    with pytest.raises(CatalogError, match=name) as caught:
        shop.ingest(**whole(shop))

    assert "\n" not in str(caught.value)
    assert shop.ids(Product) == ["a", "b", "c"]
    assert shop.workspace.count(Reject) > 0 or len(lines) == 1


@pytest.mark.parametrize(
    "sources",
    [
        {},
        {"cobuys": Path("c.csv")},
        {"intentions": (Path("none.csv"),)},
        {"products": (Path("p.csv"),), "images": Path("none")},
    ],
)
def test_sources_that_cannot_be_a_catalogue_are_told_before_anything_is_written(
    shop: Shop, sources: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No workspace is left behind by a slip."""
    monkeypatch.chdir(shop.folder)

    with pytest.raises(CatalogError):
        shop.ingest(**sources)

    assert not shop.workspace.path.exists()


def test_pictures_of_a_folder_are_found_by_id(shop: Shop) -> None:
    """--images serves where the table names no picture, and comes first where it does."""
    images = shop.folder / "images"
    (images / "b").mkdir(parents=True)
    Image.new("L", (50, 40)).save(images / "b" / "front.png")
    Image.new("RGB", (50, 50), "blue").save(images / "a.webp")
    shop.ingest(products=(shop.folder / "p.csv",), images=images)

    products = {p.id: p for p in records_of(Product, shop.workspace.read(Product))}
    with Image.open(shop.workspace.images / f"{products['a'].image}.jpg") as picture:
        assert picture.size == (50, 50)
    assert products["b"].image is not None


def test_files_of_one_name_are_told_apart(shop: Shop) -> None:
    """Rejects name the folder where the name alone would not do, and a change of either is noticed."""
    for season, lamp in (("spring", "Lamp"), ("autumn", "Lantern")):
        (shop.folder / season).mkdir()
        shop.file(f"{season}/p.csv", "id,title", f"{season}-1,{lamp}", "too,many,cells")
    products = (shop.folder / "spring" / "p.csv", shop.folder / "autumn" / "p.csv")

    shop.ingest(products=products)
    rejects = shop.workspace.read(Reject)
    shop.file("spring/p.csv", "id,title", "spring-1,Torch")
    again = shop.ingest(products=products)

    assert rejects["file"].to_list() == ["autumn/p.csv", "spring/p.csv"]
    assert not again.unchanged
    assert shop.workspace.read(Product)["title"].to_list() == ["Lantern", "Torch"]
