"""What `bench_engines` runs in children: `python -m benchmarks.engine_runs WHAT …`; each prints JSON."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mindgraph.lvlm import open_lvlm
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.messages import Decoding, Picture, Prompt
from mindgraph.relations import BY_NAME, DEFAULT_RELATIONS
from mindgraph.settings import Settings

TEXT = (
    "Product a: a rechargeable camping lamp with a hook, 400 lumen. Product b: a tent for two persons, "
    "light, with a vestibule. Notes: the lamp hangs from a loop; the tent packs small. "
)


def relations(cobuys: int, pictures: tuple[Picture, ...] = (), *, first: bool = False) -> Iterator[Prompt]:
    """Yield a question for each relation and co-buy; `first` puts what differs in front of what is shared."""
    for number in range(cobuys):
        shown: tuple[str | Picture, ...] = (*pictures, f"Co-buy {number}. {TEXT * 3}")
        for name in DEFAULT_RELATIONS:
            question = f"Complete the sentence: {BY_NAME[name].phrase or 'because'} …"
            yield Prompt(
                kind="intentions",
                item=f"{number}",
                relations=(name,),
                system="You explain why two products were bought together, in one short sentence.",
                content=(question, *shown) if first else (*shown, question),
                decoding=Decoding(max_tokens=8),
            )


def prefill(folder: str) -> dict[str, Any]:
    """Ask 18 relations of co-buys together and apart; CPU seconds of each, and whether they agree."""
    import torch
    from PIL import Image

    from mindgraph.lvlm.local import Local
    from tests.tiny_models import build_llava

    torch.set_num_threads(1)
    at = Path(folder)
    model = build_llava(at / "llava")
    for name, colour in (("a", "red"), ("b", "blue")):
        Image.new("RGB", (448, 448), colour).save(at / f"{name}.jpg")
    shown = tuple(Picture(name, str(at / f"{name}.jpg")) for name in "ab")
    together = open_lvlm(Settings(engine="transformers", model=str(model), device="cpu", concurrency=18))
    assert isinstance(together, Local)
    apart = Local(together._model, together.name, batch=1, shared=False)
    list(together.ask(relations(1, shown)))
    list(apart.ask(list(relations(1, shown))[:2]))
    asked = list(relations(3, shown))
    found = {}
    for name, engine in (("together", together), ("apart", apart)):
        begun = time.process_time()
        texts = {(r.prompt.item, r.prompt.relations): r.text for r in engine.ask(asked)}
        found[name] = (time.process_time() - begun, texts)
    (shared, said), (alone, other) = found["together"], found["apart"]
    return {"shared": shared, "apart": alone, "same": said == other, "way": together.way}


def cached(address: str, cobuys: str) -> dict[str, Any]:
    """Return the share of prompt tokens that the server had kept, in our order and relation first."""
    found = {}
    for name, first in (("ours", False), ("relation first", True)):
        lvlm = open_lvlm(Settings(base_url=address, concurrency=1))
        replies = list(lvlm.ask(relations(int(cobuys), first=first)))
        lvlm.close()
        read = sum(reply.usage.prompt_tokens or 0 for reply in replies)
        found[name] = sum(reply.usage.cached_tokens or 0 for reply in replies) / max(1, read)
    return found


def plan(address: str, folder: str, cobuys: str) -> dict[str, Any]:
    """Plan the features and intentions of some co-buys, and let the server read them: tokens of both.

    Answers are cut after one token: it is the reading that is compared.
    """
    import polars as pl

    from mindgraph.distill import Choice, chosen
    from mindgraph.pairs import Gallery, displays, pairs
    from mindgraph.pipeline import Pipeline
    from mindgraph.prompts import Asker
    from mindgraph.records import Feature, Product
    from mindgraph.workspace import Workspace

    workspace, choice = Workspace(folder), Choice(int(cobuys), "random")
    given = {"base_url": address, "concurrency": 2, "max_tokens": 1, "images": "none"}
    settings = workspace.settings({**given, "relations": ("usedFor", "can")})
    steps = {step.step: step for step in Pipeline(workspace, settings).plan(choice)}
    asker, bought = Asker(settings), chosen(workspace, settings, choice)
    ids = pl.concat([bought["product_a"], bought["product_b"]])
    shown = displays(workspace.read(Product), ids, workspace.read(Feature))
    asked = [asker.feature(product, one.shown, None) for product, one in shown.items()]
    for pair in pairs(bought, shown, Gallery(workspace.images, "none")):
        asked += asker.intentions(pair)
    lvlm = open_lvlm(settings)
    used = sum(reply.usage.prompt_tokens or 0 for reply in lvlm.ask(asked))
    lvlm.close()
    told = (steps["feature"], steps["intentions"])
    return {
        "planned": sum(step.prompt_tokens for step in told),
        "used": used,
        "basis": told[1].basis,
        "calls": len(asked),
    }


def answers(address: str, ledger: str, count: str) -> dict[str, Any]:
    """Ask so many questions behind a ledger, and count what came."""
    settings = Settings(base_url=address, model="m", concurrency=16, timeout=2)
    lvlm = open_lvlm(settings, ledger=ledger)
    assert isinstance(lvlm, Ledgered)
    items, errors = [], 0
    for reply in lvlm.ask(_plain(int(count))):
        items.append(reply.prompt.item)
        errors += reply.error is not None
    lvlm.close()
    return {"items": len(items), "distinct": len(set(items)), "errors": errors, "asked": lvlm.asked}


def _plain(count: int) -> Iterator[Prompt]:
    for number in range(count):
        yield Prompt(kind="feature", item=f"p{number}", content=(f"Describe product {number}.",))


if __name__ == "__main__":
    runs: dict[str, Callable[..., dict[str, Any]]] = {
        "prefill": prefill,
        "cached": cached,
        "plan": plan,
        "answers": answers,
    }
    print(json.dumps(runs[sys.argv[1]](*sys.argv[2:])))
