"""What asks the stub: `python -m benchmarks.model_client WHO COUNT ADDRESS FOLDER`.

`ours` and `openai` send the same co-buys, two pictures and a schema each; `ledger` sends short texts,
100 in flight, and stores the answers; `look-up` asks a ledger for keys, half of which it has; `distill`
and `filter` run those stages on a workspace.
"""

from __future__ import annotations

import base64
import json
import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from mindgraph.lvlm import open_lvlm
from mindgraph.lvlm.replies import Replies
from mindgraph.messages import Picture, Prompt
from mindgraph.prompts.answers import intentions_schema
from mindgraph.settings import Settings

SCHEMA = intentions_schema(("usedFor", "capableOf", "can", "effect", "cause"))
SYSTEM = "You explain why two products were bought together. " * 20
#: How many different pictures there are; a co-buy shows two of them.
PICTURES = 200
#: Requests about one co-buy that follow each other.
CALLS = 4
_FLYING = 16


def make_pictures(folder: Path) -> None:
    """Write pictures with as many bytes as thumbnails of photographs have (about 40 kB)."""
    chance = random.Random(0)
    for number in range(PICTURES):
        noise = Image.frombytes("RGB", (448, 448), chance.randbytes(448 * 448 * 3))
        noise.resize((448, 448), Image.Resampling.BOX).save(folder / f"{number}.jpg", quality=8)


def cobuys(count: int, folder: Path) -> Iterator[tuple[str, tuple[Path, Path], str]]:
    """Yield id, pictures and text of the requests."""
    for number in range(count):
        cobuy = number // CALLS
        pictures = (folder / f"{cobuy % PICTURES}.jpg", folder / f"{cobuy * 7 % PICTURES}.jpg")
        yield f"{number}", pictures, f"Product a is a lamp, product b is a tent ({number}). " * 25


def ours(count: int, address: str, folder: Path) -> None:
    """Ask through the engine."""
    lvlm = open_lvlm(Settings(base_url=address, model="stub", concurrency=_FLYING))
    prompts = (
        Prompt(
            kind="intentions",
            item=item,
            system=SYSTEM,
            content=(*(Picture(path.name, str(path)) for path in pictures), text),
            schema=SCHEMA,
        )
        for item, pictures, text in cobuys(count, folder)
    )
    done = sum(reply.error is None and bool(reply.text) for reply in lvlm.ask(prompts))
    assert done == count
    lvlm.close()


def openai(count: int, address: str, folder: Path) -> None:
    """Ask the same through the client that the service itself recommends."""
    from openai import OpenAI

    client = OpenAI(base_url=address, api_key="none")

    def ask(request: tuple[str, tuple[Path, Path], str]) -> bool:
        _, pictures, text = request
        content: list[Any] = [
            {"type": "image_url", "image_url": {"url": _data_url(path)}} for path in pictures
        ]
        content.append({"type": "text", "text": text})
        answer = client.chat.completions.create(
            model="stub",
            messages=[{"role": "system", "content": SYSTEM}, {"role": "user", "content": content}],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": "intentions", "strict": True, "schema": SCHEMA},
            },
            temperature=0.0,
            max_tokens=512,
        )
        return bool(answer.choices[0].message.content)

    with ThreadPoolExecutor(_FLYING) as pool:
        assert sum(pool.map(ask, cobuys(count, folder))) == count


def ledger(count: int, address: str, folder: Path) -> None:
    """Ask short questions, 100 in flight, and store every answer."""
    path = folder / "replies.sqlite"
    lvlm = open_lvlm(Settings(base_url=address, model="stub", concurrency=100), ledger=path, run="bench")
    prompts = (
        Prompt(kind="feature", item=f"p{n}", system=SYSTEM, content=(f"a lamp, number {n}",))
        for n in range(count)
    )
    assert sum(bool(reply.key) for reply in lvlm.ask(prompts)) == count
    lvlm.close()


def first_cobuys(count: int, source: str, folder: Path) -> None:
    """Give a workspace the first co-buys of another one."""
    from mindgraph.records import CoBuy
    from mindgraph.workspace import Workspace

    Workspace(folder).write(CoBuy, Workspace(source).read(CoBuy).head(count))


def stage(verb: str, address: str, folder: Path) -> None:
    """Run `distill` or `filter` as if it had not run; print what was asked and found, and the CPU seconds."""
    from mindgraph.pipeline import Pipeline
    from mindgraph.workspace import Workspace

    for stamp in (folder / "runs").glob(f"*{verb}*"):
        stamp.unlink()
    workspace = Workspace(folder)
    pipeline = Pipeline(workspace, workspace.settings({"base_url": address, "model": "stub"}))
    begun = time.process_time()
    done = pipeline.distill() if verb == "distill" else pipeline.filter()
    found = {"asked": done.counts["asked"], "found": done.counts["from the ledger"]}
    print(json.dumps({**found, "seconds": time.process_time() - begun}))


def fill(path: Path, count: int) -> None:
    """Make a ledger of so many answers, as the engine would have left it, with random keys."""
    Replies(path).close()
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA cache_size = -1000000")
        db.execute("INSERT INTO recipes VALUES (1, 'ask', 'stub', '', '{}', '', '', '')")
        db.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO replies SELECT i, randomblob(16), 1, 'feature', 'p' || i, '', 0, 0, '',"
            " randomblob(60), hex(randomblob(60)), NULL, 'stop', 1, 900, 800, 30, NULL, 1.0, 0.0, '', NULL"
            " FROM n",
            (count,),
        )
    db.close()


def look_up(count: int, path: Path) -> None:
    """Look up keys, every second of which is there, and print the seconds it took."""
    with sqlite3.connect(path) as db:
        rows = db.execute("SELECT max(id) FROM replies").fetchone()[0]
        every = max(1, rows // (count // 2))
        query = "SELECT key FROM replies WHERE id % ? = 0 LIMIT ?"
        there = [key for (key,) in db.execute(query, (every, count // 2))]
    chance = random.Random(1)
    keys = there + [chance.randbytes(16) for _ in range(count - len(there))]
    chance.shuffle(keys)
    replies = Replies(path)
    begun = time.perf_counter()
    assert len(replies.look_up(keys)) == len(there)
    print(time.perf_counter() - begun)


def _data_url(path: Path) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode()


if __name__ == "__main__":
    who, how_many, where, at = sys.argv[1], int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    if who in ("fill", "look-up"):
        (fill if who == "fill" else lambda path, count: look_up(count, path))(at, how_many)
    elif who == "cobuys":
        first_cobuys(how_many, where, at)
    elif who in ("distill", "filter"):
        stage(who, where, at)
    else:
        {"ours": ours, "openai": openai, "ledger": ledger}[who](how_many, where, at)
