"""Counting ahead: what a plan counts is what the model then reads, token for token."""

from __future__ import annotations

from pathlib import Path

import pytest

from mindgraph.lvlm import open_lvlm
from mindgraph.lvlm.counting import open_counter
from mindgraph.messages import Prompt
from mindgraph.settings import Settings
from tests.models import llama_server
from tests.needs import need_module
from tests.questions import intention, picture, verdict

ODD = ("a {brace}, <a mark> and [INST] in a title", "żółć ❤ 寝袋")


def counts(settings: Settings, asked: list[Prompt]) -> tuple[str, list[float], list[float]]:
    """How it is counted, what is counted, and what the model says that it read."""
    counter = open_counter(settings)
    lvlm = open_lvlm(settings)
    read = {reply.prompt.item: float(reply.usage.prompt_tokens or 0) for reply in lvlm.ask(asked)}
    lvlm.close()
    return counter.basis, [float(counter.count(one)) for one in asked], [read[one.item] for one in asked]


@pytest.mark.slow
@pytest.mark.xdist_group("llama")
def test_a_server_counts_what_it_then_reads() -> None:
    """llama.cpp's own template and tokenizer give the number that it charges."""
    asked = [intention(), intention(1, content=ODD), verdict(), intention(2, system="")]
    with llama_server() as address:
        basis, counted, read = counts(Settings(base_url=address, concurrency=1), asked)
    assert basis == "counted by the server"
    assert counted == read


@pytest.mark.slow
@pytest.mark.xdist_group("torch")
def test_a_processor_counts_what_the_model_then_reads(tmp_path: Path) -> None:
    """The processor of a folder counts words, marks and pictures as the engine reads them."""
    need_module("transformers", "torch")
    need_module("transformers", "llguidance")
    from tests.tiny_models import build_llava

    shown = (picture(tmp_path, "a"), picture(tmp_path, "b", "blue"))
    asked = [intention(), intention(1, content=(*shown, *ODD)), intention(2, content=(shown[0], "Why?"))]
    model = str(build_llava(tmp_path / "llava"))
    basis, counted, read = counts(Settings(engine="transformers", model=model, device="cpu"), asked)
    assert basis == "counted by the model's processor"
    assert counted == read
