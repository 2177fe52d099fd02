"""Every engine with a model behind it, opened for the shared cases of `tests/contract/test_lvlm.py`."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from mindgraph.lvlm import LVLM, open_lvlm
from mindgraph.lvlm.batch import BatchWriter, read_results
from mindgraph.lvlm.keys import How
from mindgraph.lvlm.ledger import Ledgered
from mindgraph.lvlm.recorded import Header, Line, Recorded, write_cassette
from mindgraph.messages import Decision, Prompt, Reply
from mindgraph.settings import Settings
from tests.models import llama_server
from tests.needs import need_module
from tests.served import transformers_server
from tests.stub_server import StubServer

#: Prompts that the cassette answers, and that the cases put.
COUNT = 6


@dataclass(frozen=True)
class Engine:
    """Be an engine, and say what the model behind it can do."""

    lvlm: LVLM
    #: Whether answers have the shape of the schema.
    shapes: bool = True
    #: Whether decisions come with probabilities.
    probabilities: bool = True


Opened = Callable[[Path], Iterator[Engine]]


@contextmanager
def _opened(settings: Settings) -> Iterator[LVLM]:
    lvlm = open_lvlm(settings)
    try:
        yield lvlm
    finally:
        lvlm.close()


def recorded(folder: Path) -> Iterator[Engine]:
    """A cassette that was written by hand."""
    lines = [
        *(Line(kind="intentions", item=f"cobuy-{i}", relations=("usedFor",), text='{"usedFor": null}')
          for i in range(COUNT)),
        *(Line(kind="verdict", item=f"candidate-{i}", relations=("usedFor",), text="Yes", p_yes=0.75)
          for i in range(COUNT)),
    ]  # fmt: skip
    cassette = folder / "cassette.jsonl.gz"
    write_cassette(cassette, Header(model="by-hand"), lines)
    with _opened(Settings(engine="recorded", cassette=str(cassette))) as lvlm:
        yield Engine(lvlm)


def http_stub(folder: Path) -> Iterator[Engine]:
    """A stub that answers at once."""
    with StubServer() as server, _opened(Settings(base_url=server.base_url, concurrency=4)) as lvlm:
        yield Engine(lvlm)


def http_llama(folder: Path) -> Iterator[Engine]:
    """llama.cpp with a real small model, text alone."""
    with llama_server() as address, _opened(Settings(base_url=address, concurrency=2)) as lvlm:
        yield Engine(lvlm)


def http_served(folder: Path) -> Iterator[Engine]:
    """`transformers serve` with a tiny LLaVA: it ignores schemas and gives no probabilities."""
    need_module("serving", "torch")
    from tests.tiny_models import build_llava

    model = str(build_llava(folder / "llava"))
    with transformers_server(model) as address:
        settings = Settings(base_url=address, model=model, concurrency=2)
        with _opened(settings) as lvlm:
            yield Engine(lvlm, shapes=False, probabilities=False)


def transformers(folder: Path) -> Iterator[Engine]:
    """A tiny LLaVA in this process."""
    need_module("transformers", "torch")
    need_module("transformers", "llguidance")
    from tests.tiny_models import build_llava

    model = str(build_llava(folder / "llava"))
    with _opened(Settings(engine="transformers", model=model, device="cpu", concurrency=4)) as lvlm:
        yield Engine(lvlm)


def batch(folder: Path) -> Iterator[Engine]:
    """Files of requests, each answered through a local server and read back."""
    with StubServer() as server:
        yield Engine(ByFiles(folder, server))


def ray_http(folder: Path) -> Iterator[Engine]:
    """Two actors of Ray, each asking a stub."""
    need_module("ray", "ray")
    with StubServer() as server:
        settings = Settings(
            engine="ray", base_url=server.base_url, model="stub-model", ray_workers=2, concurrency=4
        )
        with _opened(settings) as lvlm:
            yield Engine(lvlm)


def ray_transformers(folder: Path) -> Iterator[Engine]:
    """Two actors of Ray, each with a tiny LLaVA of its own."""
    need_module("ray", "ray")
    need_module("transformers", "torch")
    need_module("transformers", "llguidance")
    from tests.tiny_models import build_llava

    model = str(build_llava(folder / "llava"))
    settings = Settings(
        engine="ray", ray_engine="transformers", model=model, device="cpu", ray_workers=2, concurrency=4
    )
    with _opened(settings) as lvlm:
        yield Engine(lvlm)


#: Each engine by its name.
ENGINES: dict[str, Opened] = {
    "recorded": recorded,
    "http-stub": http_stub,
    "http-llama": http_llama,
    "http-served": http_served,
    "transformers": transformers,
    "batch": batch,
    "ray-http": ray_http,
    "ray-transformers": ray_transformers,
}


class ByFiles:
    """Be an `LVLM` that asks by files: a few prompts are written, answered elsewhere, and read."""

    name = "stub-model"
    #: Prompts of one round.
    ROUND = 8

    def __init__(self, folder: Path, server: StubServer) -> None:
        self._folder = folder
        self._server = server
        self._rounds = 0

    def ask(self, prompts: Iterable[Prompt]) -> Iterator[Reply]:
        return self._rounds_of(prompts, "ask")

    def decide(self, prompts: Iterable[Prompt]) -> Iterator[Decision]:
        return self._rounds_of(prompts, "decide")  # type: ignore[return-value]

    def close(self) -> None:
        pass

    def _rounds_of(self, prompts: Iterable[Prompt], how: How) -> Iterator[Reply]:
        waiting = iter(prompts)
        while some := list(islice(waiting, self.ROUND)):
            yield from self._one_round(some, how)

    def _one_round(self, prompts: list[Prompt], how: How) -> list[Reply]:
        self._rounds += 1
        folder = self._folder / f"round-{self._rounds}"
        folder.mkdir()
        writing = Ledgered(BatchWriter(folder, self.name), folder / "replies.sqlite")
        list(writing.ask(prompts) if how == "ask" else writing.decide(prompts))
        read_results(writing.replies, [answered_by(self._server, folder)])
        writing.close()
        reading = Ledgered(Recorded(Header(model=self.name), []), folder / "replies.sqlite")
        replies: list[Reply] = [*(reading.ask(prompts) if how == "ask" else reading.decide(prompts))]
        reading.close()
        return replies


def answered_by(server: StubServer, folder: Path) -> Path:
    """Put every request of a folder to a server, and write its answers as a batch service does."""
    results = folder / "results.jsonl"
    with results.open("w") as file:
        for path in sorted(folder.glob("requests-*.jsonl")):
            for line in path.read_text().splitlines():
                request = json.loads(line)
                address = server.base_url.removesuffix("/v1") + request["url"]
                asked = urllib.request.Request(address, json.dumps(request["body"]).encode())
                with urllib.request.urlopen(asked) as came:
                    response = {"status_code": came.status, "body": json.loads(came.read())}
                file.write(json.dumps({"custom_id": request["custom_id"], "response": response}) + "\n")
    return results
