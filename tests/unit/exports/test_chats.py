"""Conversations for fine-tuning."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from mindgraph.cli import cli
from mindgraph.errors import CatalogError
from mindgraph.exports.chat import read_pairs
from mindgraph.records import (
    CoBuy,
    Product,
    Triple,
    content_id,
)
from mindgraph.workspace import Workspace
from tests.exports import pipeline_of, shop
from tests.handon import write_tables
from tests.needs import need_module


def chats(folder: Path) -> dict[str, list[dict]]:
    return {
        name: [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().split("\n") if line]
        for name in ("train", "valid", "test")
    }


def test_chats_are_conversations(workspace: Workspace, tmp_path: Path):
    """Each line is a system, a user and an assistant message of one of the two tasks."""
    pipeline_of(workspace).export("sft", tmp_path)
    told = [chat for rows in chats(tmp_path).values() for chat in rows]
    assert {chat["task"] for chat in told} == {"understand", "choose"}
    for chat in told:
        assert [m["role"] for m in chat["messages"]] == ["system", "user", "assistant"]
        assert all(m["content"].strip() for m in chat["messages"])
    first = next(chat for chat in told if chat["task"] == "understand")
    assert first["messages"][2]["content"].startswith(
        ("They are both used for purpose", "They both are a type of purpose")
    )


def test_chosen_products_are_right(workspace: Workspace, tmp_path: Path):
    """The answer's letter names the product of the pair; the others were never bought with the first."""
    pipeline_of(workspace).export("sft", tmp_path)
    triples = {t.id: t for t in shop()[Triple]}
    bought = {frozenset((c.product_a, c.product_b)) for c in shop()[CoBuy]}
    asked = [chat for rows in chats(tmp_path).values() for chat in rows if chat["task"] == "choose"]
    assert {chat["messages"][2]["content"] for chat in asked} == {"A", "B", "C", "D"}
    for chat in asked:
        options = dict(line.split(": ", 1) for line in chat["messages"][1]["content"].splitlines()[-4:])
        named = {letter: title.split("<")[1].split(">")[0] for letter, title in options.items()}
        triple = triples[chat["triple"]]
        assert named.pop(chat["messages"][2]["content"]) == triple.product_b
        assert all(frozenset((triple.product_a, other)) not in bought for other in named.values())


def test_no_product_stands_on_two_sides(workspace: Workspace, tmp_path: Path):
    """A product that is met in testing, even as a wrong option, was never met in training."""
    pipeline_of(workspace).export("sft", tmp_path)
    met = {
        name: {
            word for chat in rows for word in chat["messages"][1]["content"].split() if word.startswith("<p")
        }
        for name, rows in chats(tmp_path).items()
    }
    assert not met["train"] & met["test"]
    assert not met["train"] & met["valid"]
    assert not met["valid"] & met["test"]


@pytest.mark.parametrize("form", ["ids", "turned", "titles", "csv"])
def test_pairs_of_a_benchmark_are_left_out(workspace: Workspace, tmp_path: Path, form: str):
    """A pair named by ids or titles, whichever comes first, is in no file."""
    pair = shop()[CoBuy][0]
    title = {p.id: p.title for p in shop()[Product]}
    named = {
        "ids": {"item_a_id": pair.product_a, "item_b_id": pair.product_b},
        "turned": {"asin_a": pair.product_b, "asin_b": pair.product_a},
        "titles": {
            "title_a": title[pair.product_b].replace("&", "&amp;"),
            "title_b": title[pair.product_a].upper(),
        },
    }
    if form == "csv":
        path = tmp_path / "pairs.csv"
        path.write_text(f"product_a,product_b\n{pair.product_a},{pair.product_b}\n")
    else:
        path = tmp_path / "pairs.jsonl"
        path.write_text(json.dumps(named[form]) + "\n")
    out = tmp_path / "out"
    run = CliRunner().invoke(
        cli, ["-w", str(workspace.path), "export", "sft", str(out), "--exclude", str(path)]
    )
    assert run.exit_code == 0, run.output
    left = {chat["triple"] for rows in chats(out).values() for chat in rows}
    assert not left & {t.id for t in shop()[Triple] if t.cobuy == pair.id}
    pipeline_of(workspace).export("sft", tmp_path / "all")
    assert left < {chat["triple"] for rows in chats(tmp_path / "all").values() for chat in rows}


def test_a_file_without_pairs_is_told(tmp_path: Path):
    """A file that names no pairs, or is no JSON, is told with its line."""
    (tmp_path / "x.csv").write_text("one,two\n1,2\n")
    with pytest.raises(CatalogError, match=r"x\.csv: no pairs"):
        read_pairs(tmp_path / "x.csv")
    (tmp_path / "y.jsonl").write_text('{"a": "1", "b": "2"}\n{"a":\n')
    with pytest.raises(CatalogError, match=r"y\.jsonl:2: "):
        read_pairs(tmp_path / "y.jsonl")


def test_chats_leak_no_pair_of_intentionqa(tmp_path: Path, shared_data: Path):
    """Of a shop that holds the benchmark's pairs, none is left, by id or by title."""
    rows = [
        json.loads(line)
        for line in (shared_data / "intentionqa/intentions_flat.jsonl").read_text().splitlines()
    ]
    tables = shop(200)
    pairs = [
        (r["asin_a"], r["asin_b"], r["title_a"], r["title_b"]) for r in rows if r["asin_a"] != r["asin_b"]
    ][:300]
    products = {}
    for a, b, title_a, title_b in pairs:
        products |= {a: title_a, b: title_b}
    cobuys, triples = [], []
    for x, y in {tuple(sorted(pair[:2])) for pair in pairs}:
        cobuys.append(CoBuy(id=content_id("cobuy", x, y), product_a=x, product_b=y))
        template = tables[Triple][0]
        triples.append(
            msgspec.structs.replace(
                template, id=content_id("triple", x, y), cobuy=cobuys[-1].id, product_a=x, product_b=y
            )
        )
    more = {
        Product: [*tables[Product], *(Product(id=i, title=t) for i, t in products.items())],
        CoBuy: [*tables[CoBuy], *cobuys],
        Triple: [*tables[Triple], *triples],
    }
    pipeline = pipeline_of(write_tables(tmp_path / "ws", {**tables, **more}))
    pipeline.export("sft", tmp_path / "all")
    benchmark = shared_data / "intentionqa/task2.jsonl"
    pipeline.export(
        "sft", tmp_path / "out", exclude=[benchmark, shared_data / "intentionqa/intentions_flat.jsonl"]
    )
    theirs = {t.id for t in triples}
    assert theirs & {chat["triple"] for rows in chats(tmp_path / "all").values() for chat in rows}
    assert not theirs & {chat["triple"] for rows in chats(tmp_path / "out").values() for chat in rows}


_TEMPLATE = "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}{% endfor %}"


@pytest.mark.slow
def test_transformers_renders_the_chats(workspace: Workspace, tmp_path: Path):
    """The messages go through the chat template of `transformers` as they are."""
    need_module("transformers", "transformers")
    from transformers import PreTrainedTokenizerFast

    need_module("transformers", "tokenizers")
    from tokenizers import Tokenizer, models

    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), chat_template=_TEMPLATE)
    pipeline_of(workspace).export("sft", tmp_path)
    chat = chats(tmp_path)["train"][0]
    text = tokenizer.apply_chat_template(chat["messages"], tokenize=False)
    assert text == "".join(f"<|{m['role']}|>{m['content']}" for m in chat["messages"])
