"""Every question that the stages ask about the sample shop is answered from its cassette."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from mindgraph.catalog import Sources
from mindgraph.filters import RULES
from mindgraph.filters.shopper import is_wanted
from mindgraph.lvlm.recorded import read_cassette
from mindgraph.pipeline import Pipeline
from mindgraph.records import Candidate, Feature, Generator, Reject, Triple, Verdict
from mindgraph.sample import MODEL, Shop, read_shop, write_answers, write_shop
from mindgraph.texts import strip_lead_in
from mindgraph.workspace import Stage, Workspace

#: What becomes of the sample, from co-buys to triples. Change a text of it, and read these again.
FUNNEL = {"co-buys": 70, "candidates": 425, "by rule": 22, "no": 100, "unparsed": 1, "kept": 302}


class Run:
    """Hold one run of the stages over the sample shop."""

    def __init__(self, folder: Path) -> None:
        write_shop(folder)
        self.cassette = folder / "answers.jsonl"
        self.answers = write_answers(self.cassette)
        self.workspace = Workspace.create(
            folder / "data", engine="recorded", cassette=str(self.cassette), reasons="rejected"
        )
        self.pipeline = Pipeline(self.workspace, self.workspace.settings())
        files = Sources(
            products=(folder / "products.csv",), orders=folder / "orders.csv", images=folder / "images"
        )
        stages: list[Stage] = [self.pipeline.ingest(files), self.pipeline.distill()]
        stages += [self.pipeline.filter(), self.pipeline.build()]
        self.counts = {stage.verb: stage.counts for stage in stages}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return Run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def shop() -> Shop:
    return read_shop()


def test_no_question_is_left_without_an_answer(run: Run):
    """Nothing is unanswered; all but one of the answers on products and co-buys can be read in the end."""
    distilled, filtered = run.counts["distill"], run.counts["filter"]
    assert (distilled["unanswered"], filtered["unanswered"]) == (0, 0)
    assert (distilled["read"], distilled["unreadable"]) == (40 + 4 * 70 - 1, 1)
    assert run.workspace.read(Feature)["images_seen"].to_list() == [1] * 40


def test_every_answer_is_asked_for(run: Run):
    """The cassette holds nothing that a run does not ask for, but for attempts after an unparsed verdict."""
    asked = run.counts["distill"]["asked"] + run.counts["filter"]["asked"]
    repeated = 2 * run.counts["filter"]["unparsed"]
    assert run.answers == asked - repeated


def test_the_funnel(run: Run):
    """Of 425 candidates rules and the shopper leave 302."""
    filtered, built = run.counts["filter"], run.counts["build"]
    assert {
        "co-buys": run.counts["ingest"]["cobuys"],
        "candidates": filtered["candidates"],
        "by rule": filtered["candidates"] - filtered["to the shopper"],
        "no": filtered["no"],
        "unparsed": filtered["unparsed"],
        "kept": built["funnel"]["kept"],
    } == FUNNEL
    assert built["triples"] == FUNNEL["kept"]


def test_every_rule_has_something_to_throw_out(run: Run):
    """Each kind of bad answer is in the sample, so each rule speaks at least once."""
    thrown = {name for name in run.counts["filter"] if name.startswith("rule:")}
    assert thrown == {rule.judge for rule in RULES}


def test_rules_throw_out_what_was_written_for_them_and_nothing_else(run: Run, shop: Shop):
    """What has no probability goes out by rule; what has one reaches the shopper."""
    meant = Counter(
        strip_lead_in(said.phrase) for c in shop.cobuys for said in c.said.values() if said.shopper is None
    )
    thrown = run.workspace.read(Verdict).filter(pl.col("judge").str.starts_with("rule:"))
    texts = run.workspace.read(Candidate).join(thrown.select(id="candidate").unique(), on="id", how="semi")
    assert Counter(texts["text"].to_list()) == meant


def test_what_stays_broken_is_a_reject_with_its_raw_text(run: Run):
    """One answer is broken three times: its raw text is kept, and all else goes on."""
    rejects = run.workspace.read(Reject).to_dicts()
    assert [reject["stage"] for reject in rejects] == ["distill"]
    assert rejects[0]["raw"].startswith('{"open": {"phrase": "power')


def test_a_broken_answer_is_asked_for_again(run: Run, shop: Shop):
    """What came after one or two broken answers is read: both intentions are among the candidates."""
    texts = run.workspace.read(Candidate)["text"].to_list()
    assert "a weekend in the mountains" in texts
    assert "baby travel gear" in texts
    assert run.counts["distill"]["asked"] == 40 + 4 * 70 + sum(
        min(len(broken.texts), 2) for broken in shop.broken
    )


def test_who_turned_down_says_why(run: Run):
    """Each no of the shopper has a reason, each yes a score; the one that says neither is unparsed."""
    shopper = run.workspace.read(Verdict).filter(judge="shopper")
    assert shopper.filter(answer="no")["reason"].null_count() == 0
    assert shopper.filter(answer="yes")["score"].min() >= 0.5
    assert shopper.filter(answer="unparsed").height == FUNNEL["unparsed"]


def test_it_is_labelled_as_written_by_hand(run: Run):
    """The cassette's header, and the generators of everything said, name no model."""
    header, _ = read_cassette(run.cassette)
    assert header.model == MODEL == "sample-by-hand"
    assert "No model was asked" in header.note
    assert set(run.workspace.read(Generator)["model"]) == {MODEL}


def test_triples_use_most_relations(run: Run):
    """The triples hold at least ten of the relations."""
    assert run.workspace.read(Triple)["relation"].n_unique() >= 10


def test_again_asks_nothing(run: Run):
    """The same stages over the same files find everything done."""
    assert run.pipeline.distill().unchanged
    assert run.pipeline.filter().unchanged
    assert run.pipeline.build().unchanged


def test_reasons_can_be_asked_for_what_is_turned_down():
    """`rejected` wants the reason of every no, of no yes, and of nothing that was not answered."""
    assert is_wanted("rejected", "00", accepted=False)
    assert not is_wanted("rejected", "00", accepted=True)
    assert not is_wanted("rejected", "00", accepted=None)
