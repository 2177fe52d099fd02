"""What is known of open models: a table of facts, and rules for the tokens of a picture."""

from __future__ import annotations

import pytest

from mindgraph.lvlm.open_models import Known, Rule, known_model, known_models, table
from tests.needs import ROOT, need_module

SIZES = [(448, 448), (448, 299), (299, 448), (448, 60), (60, 448), (100, 100), (1200, 900), (2000, 3000)]


@pytest.mark.parametrize("model", known_models(), ids=lambda model: model.family)
def test_a_model_says_where_its_facts_stand(model: Known) -> None:
    """Each entry has a card and the address of its rule, a month, and is found by its own name."""
    assert model.card.startswith("https://") and model.rule.startswith("https://")
    assert len(model.since) == 7 and model.since[:2] == "20"
    assert known_model(model.name) == model
    assert all(model.tokens.tokens(*size) > 0 for size in SIZES)


def test_a_model_is_found_by_what_servers_call_it() -> None:
    """Folders, quantised copies and other sizes of a family are known; another model is not."""
    assert {known_model(name).family for name in ("qwen3-vl:8b", "/m/Qwen3-VL-4B-Instruct-FP8")} == {
        "qwen3-vl"
    }  # type: ignore[union-attr]
    assert known_model("InternVL3_5-2B").family == "internvl3"  # type: ignore[union-attr]
    assert known_model("SmolLM2-135M") is None
    assert known_model("") is None


def test_the_table_of_the_documentation_is_up_to_date() -> None:
    """What docs/models.md shows is what the file says."""
    assert table() in (ROOT / "docs" / "models.md").read_text(encoding="utf-8")


def rule(family: str) -> Rule:
    return next(one.tokens for one in known_models() if one.family == family)


@pytest.mark.slow
@pytest.mark.xdist_group("torch")
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_the_rules_are_those_of_the_real_processors(size: tuple[int, int]) -> None:
    """Each rule gives the number that the family's own code in transformers gives."""
    need_module("transformers", "torch")
    from transformers.models.gemma4.image_processing_pil_gemma4 import get_aspect_ratio_preserving_size
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
    from transformers.models.pixtral.image_processing_pil_pixtral import get_resize_output_image_size
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    width, height = size
    for family, patch in (("qwen3-vl", 16), ("qwen3.5", 16), ("qwen2.5-vl", 14)):
        known = rule(family)
        limits = {"shortest_edge": known.least, "longest_edge": known.most}
        qwen = Qwen2VLImageProcessorPil(patch_size=patch, merge_size=2, size=limits)
        assert known.tokens(*size) == qwen.get_number_of_image_patches(height, width, {}) // 4
    for family in ("mistral-small-3", "pixtral"):
        known = rule(family)
        blank = _blank(height, width)
        tall, wide = get_resize_output_image_size(blank, (known.edge, known.edge), (known.side, known.side))
        assert known.tokens(*size) == (wide // known.side + 1) * (tall // known.side)
    intern = GotOcr2ImageProcessorPil(
        size={"height": 448, "width": 448}, crop_to_patches=True, min_patches=1, max_patches=12
    )
    assert rule("internvl3").tokens(*size) == 256 * intern.get_number_of_image_patches(height, width, {})
    tall, wide = get_aspect_ratio_preserving_size(height, width, 16, 280 * 9, 3)
    assert rule("gemma-4").tokens(*size) == (tall // 48) * (wide // 48)


def _blank(height: int, width: int) -> object:
    import numpy

    return numpy.zeros((height, width, 3))
