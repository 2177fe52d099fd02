"""The http engine against `transformers serve`, which knows neither schemas nor probabilities."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from mindgraph.lvlm import open_lvlm
from mindgraph.settings import Settings
from tests.needs import need_module
from tests.questions import intention, picture, verdicts
from tests.served import transformers_server

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("torch")]


def test_what_the_server_ignores_is_found_out_and_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two pictures arrive; after a few answers without JSON the schema is put in words; each is said once."""
    need_module("serving", "torch")
    from tests.tiny_models import build_llava

    model = str(build_llava(tmp_path / "llava"))
    shown = (picture(tmp_path, "a"), picture(tmp_path, "b", "blue"))
    asked = [intention(n, content=(*shown, f"Pair {n}: what are both used for?")) for n in range(6)]
    with transformers_server(model) as address, caplog.at_level(logging.WARNING):
        lvlm = open_lvlm(Settings(base_url=address, model=model, concurrency=1))
        replies = list(lvlm.ask(asked))
        decisions = list(lvlm.decide(verdicts(3)))
        lvlm.close()
    assert [reply.error for reply in replies] == [None] * 6
    # two pictures are 32 tokens; the schema in words makes the later prompts longer
    read = [reply.usage.prompt_tokens or 0 for reply in replies]
    assert (min(read) > 32, read[5] > read[0] + 100) == (True, True)
    assert [one.p_yes for one in decisions] == [None] * 3
    said = [record.getMessage() for record in caplog.records if record.name.startswith("mindgraph")]
    assert [sum(words in line for line in said) for words in ("ignores the schema", "gives no prob")] == [
        1,
        1,
    ]
