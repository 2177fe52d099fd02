"""Distilling: what is asked in which order, what becomes of each answer, and what is asked again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from mindgraph.catalog import Sources
from mindgraph.distill import Choice, Distiller, coverage_rounds, ordered
from mindgraph.errors import BudgetReached, LVLMError, SettingsError, WorkspaceError
from mindgraph.lvlm import open_lvlm
from mindgraph.pairs import Gallery
from mindgraph.pipeline import Pipeline
from mindgraph.prompts import Asker
from mindgraph.records import Candidate, CoBuy, Feature, Generator, Product, Reject, content_id
from mindgraph.tally import Budget
from mindgraph.workspace import Workspace
from tests.stub_server import Answer, Seen, StubServer, chat, good

PRODUCTS = 6
COBUYS = (("p0", "p1", 3), ("p2", "p3", 2), ("p0", "p4", 5), ("p1", "p2", 1), ("p4", "p5", 1))


def shop(folder: Path, **settings: Any) -> Pipeline:
    """A shop of six products and five co-buys, ingested."""
    products = [f'p{i},"Thing number {i}",It is thing {i}.' for i in range(PRODUCTS)]
    (folder / "products.csv").write_text("\n".join(["id,title,description", *products]) + "\n")
    pairs = [f"{a},{b},{weight}" for a, b, weight in COBUYS]
    (folder / "cobuys.csv").write_text("\n".join(["product_a,product_b,weight", *pairs]) + "\n")
    workspace = Workspace.create(folder / "workspace", **settings)
    pipeline = Pipeline(workspace, workspace.settings())
    pipeline.ingest(Sources(products=(folder / "products.csv",), cobuys=folder / "cobuys.csv"))
    return pipeline


def served(folder: Path, server: StubServer, **settings: Any) -> Pipeline:
    """The same shop, asking a local server."""
    given = {"engine": "http", "base_url": server.base_url, "model": "stub", "concurrency": 4}
    return shop(folder, **{**given, **settings})


def asked_for(seen: Seen) -> str:
    """The last text of a request: what differs between the questions."""
    content = seen.body["messages"][-1]["content"]
    return content if isinstance(content, str) else content[-1]["text"]


def is_about(seen: Seen, text: str) -> bool:
    return text in asked_for(seen)


def behave(change: Callable[[Seen], Answer | None]) -> Callable[[Seen, int], Answer]:
    """Answer well, but for what a test changes."""
    return lambda seen, number: change(seen) or good(seen, number)


def answer(shape: Mapping[str, Any]) -> Answer:
    return chat(json.dumps(shape))


def test_features_and_candidates_say_who_said_them(tmp_path: Path) -> None:
    """Each product has a feature, each co-buy an intention for each relation, by one generator."""
    with StubServer() as server:
        pipeline = served(tmp_path, server)
        stage = pipeline.distill()
    workspace = pipeline.workspace
    candidates, generators = workspace.read(Candidate), workspace.read(Generator)
    assert workspace.read(Feature)["product"].to_list() == [f"p{i}" for i in range(PRODUCTS)]
    assert len(candidates) == len(COBUYS) * 18
    assert generators.select("kind", "model").rows() == [("model", "stub")]
    assert set(candidates["generator"]) == set(workspace.read(Feature)["generator"]) == set(generators["id"])
    first = candidates.row(0, named=True)
    identity = (first["cobuy"], first["relation"], first["generator"], 0, 0)
    assert first["id"] == content_id("candidate", *identity)
    assert len(first["reply"]) == 32
    assert stage.counts["asked"] == len(server.chats()) == PRODUCTS + 4 * len(COBUYS)
    assert stage.counts["prompt_tokens"] == 12 * stage.counts["asked"]


def test_the_notes_of_step_one_are_shown_in_step_two(tmp_path: Path) -> None:
    """What was said of a product stands in the questions on its co-buys."""
    notes = {"features": "it folds", "design": "", "quality": "", "distinction": "", "uses": ""}

    def change(seen: Seen) -> Answer | None:
        return (
            answer(notes) if is_about(seen, "Thing number 3") and "notes_on" not in asked_for(seen) else None
        )

    with StubServer(behave(change)) as server:
        served(tmp_path, server).distill()
        shown = [seen for seen in server.chats() if "Features: it folds" in json.dumps(seen.body)]
    assert len(shown) == 4
    assert all("<notes_on_" in json.dumps(seen.body) for seen in shown)


def test_the_same_command_asks_nothing(tmp_path: Path) -> None:
    """After a finished run the stage is unchanged; without its stamp the ledger answers everything."""
    with StubServer() as server:
        pipeline = served(tmp_path, server)
        pipeline.distill()
        before, first = len(server.chats()), pipeline.workspace.digest_of(Candidate)
        assert pipeline.distill().unchanged
        for stamp in (pipeline.workspace.path / "runs").glob("*-distill.json"):
            stamp.unlink()
        stage = pipeline.distill()
        assert not stage.unchanged
        assert len(server.chats()) == before
        assert pipeline.workspace.digest_of(Candidate) == first
        assert stage.counts["from the ledger"] == stage.counts["read"]


def test_a_bad_answer_is_asked_again_at_most_twice(tmp_path: Path) -> None:
    """What cannot be read after three attempts is a reject with its raw text; the rest goes on."""
    raw = "I would rather not say."

    def change(seen: Seen) -> Answer | None:
        return chat(raw) if is_about(seen, '"isA"') else None

    with StubServer(behave(change)) as server:
        pipeline = served(tmp_path, server, relations=["isA", "usedFor"], timeout=5.0)
        stage = pipeline.distill()
        tried = [seen for seen in server.chats() if is_about(seen, '"isA"')]
    rejects = pipeline.workspace.read(Reject)
    assert len(tried) == 3 * len(COBUYS)
    assert stage.counts["unreadable"] == len(rejects) == len(COBUYS)
    assert set(rejects["raw"]) == {raw}
    assert set(rejects["key"]) == set(pipeline.workspace.read(CoBuy)["id"])
    assert set(pipeline.workspace.read(Candidate)["relation"]) == {"usedFor"}


def test_a_cut_answer_counts_as_bad(tmp_path: Path) -> None:
    """An answer that stopped at the limit is asked again, and the next one is taken."""
    cut: list[int] = []

    def change(seen: Seen) -> Answer | None:
        if is_about(seen, "Thing number 1") and "notes_on" not in asked_for(seen) and not cut:
            cut.append(1)
            return chat('{"features": "a', finish_reason="length")
        return None

    with StubServer(behave(change)) as server:
        pipeline = served(tmp_path, server)
        stage = pipeline.distill()
    assert stage.counts["asked"] == PRODUCTS + 4 * len(COBUYS) + 1
    assert (stage.counts["unreadable"], len(pipeline.workspace.read(Feature))) == (0, PRODUCTS)


def test_null_gives_no_candidate(tmp_path: Path) -> None:
    """A relation that does not apply is an answer, and no intention."""
    with StubServer(
        behave(lambda seen: answer({"can": None}) if "notes_on" in str(seen.body) else None)
    ) as server:
        pipeline = served(tmp_path, server, relations=["can"])
        stage = pipeline.distill()
    assert len(pipeline.workspace.read(Candidate)) == 0
    assert (stage.counts["read"], stage.counts["unreadable"]) == (PRODUCTS + len(COBUYS), 0)


def test_the_relations_phrase_is_taken_off(tmp_path: Path) -> None:
    """A phrase that repeats its beginning is kept without it."""
    said = {"usedFor": {"phrase": "They are both used for camping.", "detail": " x "}}
    with StubServer(behave(lambda seen: answer(said) if "notes_on" in str(seen.body) else None)) as server:
        pipeline = served(tmp_path, server, relations=["usedFor"])
        pipeline.distill()
    assert set(pipeline.workspace.read(Candidate)["text"]) == {"camping"}


def test_a_second_model_is_kept_beside_the_first(tmp_path: Path) -> None:
    """A run replaces what its own generator said, and keeps finished intentions and other models'."""
    with StubServer() as server:
        pipeline = served(tmp_path, server, relations=["can"])
        pipeline.distill()
        other = Pipeline(pipeline.workspace, pipeline.workspace.settings({"model": "other"}))
        other.distill()
        pipeline.distill(Choice(limit=2))
    counts = pipeline.workspace.read(Candidate).group_by("generator").len()["len"].to_list()
    assert sorted(counts) == [2, len(COBUYS)]
    assert len(pipeline.workspace.read(Feature)) == PRODUCTS


def test_samples_are_candidates_of_their_own(tmp_path: Path) -> None:
    """Each sample asks anew and is told apart by its number."""
    with StubServer() as server:
        pipeline = served(tmp_path, server, relations=["can"], samples=3)
        pipeline.distill()
    candidates = pipeline.workspace.read(Candidate)
    assert candidates["id"].n_unique() == len(candidates) == 3 * len(COBUYS)
    assert set(candidates["sample"]) == {0, 1, 2}


def test_a_budget_stops_and_the_same_command_goes_on(tmp_path: Path) -> None:
    """At the limit nothing more is asked; what was said is written; nothing is asked twice."""
    with StubServer() as server:
        pipeline = served(tmp_path, server)
        with pytest.raises(BudgetReached, match="10 calls"):
            pipeline.distill(budget=Budget(calls=10))
        assert len(server.chats()) == 10
        assert len(pipeline.workspace.read(Feature)) == PRODUCTS
        assert len(pipeline.workspace.read(Candidate)) > 0
        pipeline.distill()
        assert len(server.chats()) == PRODUCTS + 4 * len(COBUYS)
    assert len(pipeline.workspace.read(Candidate)) == len(COBUYS) * 18


def test_money_is_a_budget_too(tmp_path: Path) -> None:
    """With prices set, spending stops near the limit."""
    with StubServer() as server:
        pipeline = served(tmp_path, server, usd_prompt=1e6 / 12, usd_cached=1e6 / 12, concurrency=1)
        with pytest.raises(BudgetReached, match="USD"):
            pipeline.distill(budget=Budget(usd=5))
        assert 5 <= len(server.chats()) <= 7


def test_nothing_readable_at_all_is_an_error(tmp_path: Path) -> None:
    """A run that rejects everything says so, with the first reason; the rejects are kept."""
    with StubServer(lambda seen, number: chat("no")) as server:
        pipeline = served(tmp_path, server)
        with pytest.raises(LVLMError, match="Not one of 26 answers could be read"):
            pipeline.distill()
    assert len(pipeline.workspace.read(Reject)) == 26


def test_what_a_server_did_not_answer_is_asked_by_the_next_run(tmp_path: Path) -> None:
    """A failure is a reject, not an answer: the same command asks for it again."""
    broken = [True]

    def change(seen: Seen) -> Answer | None:
        return (
            Answer(400, b'{"error": {"message": "too hot"}}') if broken and is_about(seen, '"isA"') else None
        )

    with StubServer(behave(change)) as server:
        pipeline = served(tmp_path, server)
        stage = pipeline.distill()
        assert stage.counts["unanswered"] == len(COBUYS)
        assert "too hot" in pipeline.workspace.read(Reject)["reason"][0]
        broken.clear()
        again = pipeline.distill()
    assert (again.unchanged, again.counts["asked"]) == (False, len(COBUYS))
    assert len(pipeline.workspace.read(Candidate)) == len(COBUYS) * 18
    assert len(pipeline.workspace.read(Reject)) == 0


def test_long_titles_are_cut_and_counted(tmp_path: Path) -> None:
    """The manifest says how many titles and descriptions were cut."""
    with StubServer() as server:
        pipeline = served(tmp_path, server)
        products = pipeline.workspace.read(Product)
        long = pl.when(pl.col("id") == "p1").then(pl.lit("word " * 300)).otherwise("title")
        pipeline.workspace.write(Product, products.with_columns(title=long))
        stage = pipeline.distill()
    last = pipeline.workspace.last("distill")
    assert stage.counts["titles cut"] == 1
    assert last is not None and last.counts["titles cut"] == 1


def test_no_cobuys_is_an_error(tmp_path: Path) -> None:
    """A workspace without co-buys has nothing to ask about."""
    workspace = Workspace.create(tmp_path / "workspace")
    with pytest.raises(WorkspaceError, match="no co-buys"):
        Pipeline(workspace, workspace.settings()).distill()


def test_a_missing_cassette_is_named(tmp_path: Path) -> None:
    """Recorded answers that are not there are an error that names the file."""
    pipeline = shop(tmp_path, engine="recorded", cassette=str(tmp_path / "none.jsonl"))
    with pytest.raises(SettingsError, match=r"none\.jsonl"):
        pipeline.distill()


# ------------------------------------------------------------------------------------------- order


def test_coverage_takes_every_product_once_before_any_twice() -> None:
    """First pairs of new products, the heaviest first; then those that bring in one; then the rest."""
    firsts, seconds = zip(("a", "b"), ("a", "c"), ("d", "e"), ("b", "c"), strict=True)
    assert coverage_rounds(list(firsts), list(seconds)) == [0, 1, 0, 2]


@pytest.mark.parametrize("order", ["coverage", "weight", "random"])
def test_an_order_is_the_same_every_time(order: str) -> None:
    """The order does not depend on that of the table."""
    table = pl.DataFrame(
        {
            "id": [f"c{i}" for i in range(50)],
            "product_a": [f"p{i % 7}" for i in range(50)],
            "product_b": [f"q{i % 11}" for i in range(50)],
            "weight": [float(i % 5) for i in range(50)],
        }
    )
    first = ordered(table, order, seed=1)["id"].to_list()
    assert ordered(table.reverse(), order, seed=1)["id"].to_list() == first
    assert sorted(first) == sorted(table["id"].to_list())
    if order == "weight":
        assert ordered(table, order)["weight"].is_sorted(descending=True)
    if order == "random":
        assert ordered(table, order, seed=2)["id"].to_list() != first


def test_a_product_without_notes_is_asked_about_once(tmp_path: Path) -> None:
    """Blocks that share a product do not ask about it again, read or not."""
    bad = {"Thing number 0", "Thing number 1"}

    def change(seen: Seen) -> Answer | None:
        about = asked_for(seen)
        is_bad = "notes_on" not in about and any(title in about for title in bad)
        return answer({"x": 1}) if is_bad else None

    with StubServer(behave(change)) as server:
        pipeline = served(tmp_path, server, relations=["can"])
        cobuys = pipeline.workspace.read(CoBuy)
        opened = open_lvlm(pipeline.settings)
        asker = Asker(pipeline.settings)
        distiller = Distiller(
            opened, asker, pipeline.workspace.read(Product), Gallery(tmp_path), generator="g"
        )
        for row in cobuys.iter_slices(1):
            said = distiller.distill(row)
        opened.close()
    assert said.products == PRODUCTS
    assert sorted(reject.key for reject in said.tally.rejects) == ["p0", "p1"]
    assert len(said.candidates) == len(COBUYS)
