"""Real photographs on their way to a model: both arrive, whole, in order, before what differs."""

from __future__ import annotations

import base64
import csv
import io
import json
from pathlib import Path

from PIL import Image

from mindgraph.catalog import Sources
from mindgraph.pipeline import Pipeline
from mindgraph.records import Candidate, CoBuy, Feature, Product
from mindgraph.workspace import Workspace
from tests.stub_server import Seen, StubServer

PAIRS = 10


def ten_linked_pairs(folder: Path, shared: Path) -> Sources:
    """Write ten links between products with photographs as a catalogue."""
    catalogue = shared / "magento_catalog"
    lines = (catalogue / "products.jsonl").read_text(encoding="utf-8").splitlines()
    products = {row["sku"]: row for row in map(json.loads, lines)}
    with (catalogue / "links.csv").open(newline="") as file:
        links = [(row["sku"], row["linked_sku"]) for row in csv.DictReader(file)]
    pictured = {s for s, row in products.items() if (catalogue / (row.get("image_file") or "-")).is_file()}
    found = dict.fromkeys(
        tuple(sorted(link)) for link in links if set(link) <= pictured and len(set(link)) == 2
    )
    chosen = list(found)[:PAIRS]
    wanted = sorted({sku for pair in chosen for sku in pair})
    (folder / "products.jsonl").write_text("\n".join(json.dumps(products[sku]) for sku in wanted) + "\n")
    (folder / "cobuys.csv").write_text("\n".join(["product_a,product_b", *map(",".join, chosen)]) + "\n")
    return Sources(
        products=(folder / "products.jsonl",),
        cobuys=folder / "cobuys.csv",
        images=catalogue / "images",
        maps=("id=sku",),
    )


def decoded(part: dict[str, object]) -> bytes:
    url = part["image_url"]["url"]  # type: ignore[index]
    head, _, data = url.partition(",")
    assert head == "data:image/jpeg;base64"
    return base64.b64decode(data, validate=True)


def kinds(seen: Seen) -> list[str]:
    return [part["type"] for part in seen.body["messages"][-1]["content"]]


def test_both_photographs_arrive_before_the_text_that_differs(tmp_path: Path, shared_data: Path) -> None:
    """Each question on a co-buy carries its two pictures, a first; only its last text differs."""
    sources = ten_linked_pairs(tmp_path, shared_data)
    with StubServer() as server:
        workspace = Workspace.create(
            tmp_path / "workspace", engine="http", base_url=server.base_url, model="stub"
        )
        pipeline = Pipeline(workspace, workspace.settings())
        pipeline.ingest(sources)
        pipeline.distill()
        chats = server.chats()
    thumbnails = {id: (workspace.images / f"{image}.jpg").read_bytes() for id, image in _images(workspace)}
    by_pictures: dict[tuple[bytes, ...], list[list[dict[str, object]]]] = {}
    for seen in chats:
        content = seen.body["messages"][-1]["content"]
        pictures = tuple(decoded(part) for part in content if part["type"] == "image_url")
        assert kinds(seen)[: len(pictures)] == ["image_url"] * len(pictures)
        for picture in pictures:
            assert max(Image.open(io.BytesIO(picture)).convert("RGB").size) == 448
        by_pictures.setdefault(pictures, []).append(content)
    for _, a, b in workspace.read(CoBuy).select("id", "product_a", "product_b").iter_rows():
        asked = by_pictures[(thumbnails[a], thumbnails[b])]
        assert len(asked) == 4
        assert len({str(content[:-1]) for content in asked}) == 1
        assert len({str(content[-1]) for content in asked}) == 4
    assert set(workspace.read(Candidate)["images_seen"]) == {2}
    assert set(workspace.read(Feature)["images_seen"]) == {1}


def test_the_faithful_mode_shows_one_sheet(tmp_path: Path, shared_data: Path) -> None:
    """Stacked, both photographs arrive as one picture, as wide as the wider one."""
    sources = ten_linked_pairs(tmp_path, shared_data)
    with StubServer() as server:
        settings = {"images": "stacked", "style": "paragraph", "calls": "per-relation", "relations": ["can"]}
        workspace = Workspace.create(
            tmp_path / "workspace", engine="http", base_url=server.base_url, model="stub", **settings
        )
        pipeline = Pipeline(workspace, workspace.settings())
        pipeline.ingest(sources)
        pipeline.distill()
        sheets = [seen for seen in server.chats() if "above" in str(seen.body["messages"])]
    assert len(sheets) == PAIRS
    for seen in sheets:
        assert kinds(seen) == ["image_url", "text", "text"]
        sheet = Image.open(io.BytesIO(decoded(seen.body["messages"][-1]["content"][0])))
        assert sheet.height > 448
    assert set(workspace.read(Candidate)["images_seen"]) == {2}


def _images(workspace: Workspace) -> list[tuple[str, str]]:
    return workspace.read(Product).select("id", "image").rows()
