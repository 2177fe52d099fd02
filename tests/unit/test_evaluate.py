"""Measures give the figure that their source gives, and name bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from mindgraph import evaluate, measures
from mindgraph.errors import CatalogError, SettingsError
from mindgraph.evaluate.intrinsic import shuffled
from mindgraph.evaluate.scores import auc, calibration_error, cohens_kappa, fleiss_kappa, interval
from mindgraph.pipeline import Pipeline
from mindgraph.records import Candidate, CoBuy, Intention, Product, Triple, Verdict
from mindgraph.tables import frame_of
from mindgraph.vectors import open_vectors
from tests.purposes import two_purposes


def test_auc_counts_pairs_that_stand_in_order():
    """AUC is the share of pairs in order, ties half; without both classes it is not a number."""
    truth, score = [1, 0, 1, 0, 1], [0.9, 0.1, 0.4, 0.4, 0.8]
    wins = [(a > b) + 0.5 * (a == b) for a in (0.9, 0.4, 0.8) for b in (0.1, 0.4)]
    assert auc(truth, score) == pytest.approx(sum(wins) / len(wins))
    assert np.isnan(auc([1, 1], [0.1, 0.2]))


def test_kappas_are_those_of_the_sources():
    """Cohen's kappa of a worked table is 0.4; Fleiss' own example has 0.21."""
    one = [1] * 25 + [0] * 25
    other = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohens_kappa(one, other) == pytest.approx(0.4)
    fleiss = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]  # fmt: skip
    assert fleiss_kappa(fleiss) == pytest.approx(0.21, abs=0.001)


def test_a_perfectly_calibrated_score_has_no_error():
    """Scores that are shares have no calibration error; sure and wrong ones have all of it."""
    assert calibration_error([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5]) == 0
    assert calibration_error([0, 0], [1.0, 1.0]) == 1


def test_an_interval_holds_the_mean_and_narrows_with_more():
    """The interval is around the mean, repeatable, and narrower with more values."""
    rng = np.random.default_rng(0)
    few, many = rng.normal(size=20), rng.normal(size=2_000)
    mean, low, high = interval(few)
    assert low < mean < high
    assert interval(few) == interval(few)
    assert interval(many)[2] - interval(many)[1] < high - low


def test_shuffling_keeps_the_weight_that_is_no_loop():
    """A shuffled graph is symmetric, has no loops and no more weight than before."""
    from scipy import sparse

    half = sparse.random(40, 40, 0.2, random_state=1)
    graph = sparse.csr_matrix(half + half.T)
    mixed = shuffled(graph, np.random.default_rng(0))
    assert abs(mixed - mixed.T).max() == 0
    assert mixed.diagonal().sum() == 0
    assert mixed.sum() <= graph.sum() + 1e-9


def bundle_folder(folder: Path) -> Path:
    """Write a tiny data set in BundleRec's files: two worlds, bundled by world in every session."""
    folder.mkdir()
    titles, bundle_item, session_bundle, intents = ["item ID,titles"], ["b,i"], ["s,b"], ["b,intent"]
    categories = ["item ID,categories"]
    for item in range(16):
        world = ("watercolour paint set", "phone charger cable")[item % 2]
        titles.append(f"{item},{world} {chr(97 + item)}")
        categories.append(f'{item},"[[Shop,{world}]]"')
    rng = np.random.default_rng(0)
    for session in range(12):
        for world in (0, 1):
            bundle = session * 2 + world
            session_bundle.append(f"{session},{bundle}")
            wording = (("painting pictures", "paint watercolours"), ("charging phones", "charge a phone"))
            intents.append(f"{bundle},{wording[world][session % 2]}")
            bundle_item += [f"{bundle},{2 * int(item) + world}" for item in rng.permutation(8)[:3]]
    for name, lines in {
        "item_titles.csv": titles,
        "item_categories.csv": categories,
        "bundle_item.csv": bundle_item,
        "session_bundle.csv": session_bundle,
        "bundle_intent.csv": intents,
    }.items():
        (folder / name).write_text("\n".join(lines) + "\n")
    return folder


def test_bundles_are_told_by_purposes(tmp_path: Path):
    """Where people bundle by purpose, purposes tell bundles; the gains have intervals."""
    settings = two_purposes(tmp_path / "w").settings()
    folder = bundle_folder(tmp_path / "bundles")
    levels, gains = measures.bundles(folder, settings, open_vectors("static"), repeats=1)
    worth = dict(levels.select("variant", "auc").iter_rows())
    assert worth["purposes"] > 0.95
    assert set(gains["against"]) >= {"title", "title + communities", "title + shuffled purposes"}
    assert (gains["low"] <= gains["gain"]).all()


def test_a_missing_file_of_the_data_set_is_named(tmp_path: Path):
    """The file that is not there is named."""
    with pytest.raises(CatalogError, match="item_titles"):
        evaluate.read_bundles(tmp_path)


def test_a_measure_on_data_of_people_needs_a_folder(tmp_path: Path):
    """Without its folder the measure says so."""
    workspace = two_purposes(tmp_path)
    with pytest.raises(SettingsError, match="folder"):
        Pipeline(workspace, workspace.settings()).evaluate("bundles")


def test_measures_of_a_workspace_have_rows(tmp_path: Path):
    """Intrinsic, held-out and data quality measures answer for a small workspace."""
    workspace = two_purposes(tmp_path)
    pipeline = Pipeline(workspace, workspace.settings())
    pipeline.cluster()
    levels, spread = pipeline.evaluate("intrinsic")
    assert levels["level"].to_list() == [0, 1, 2]
    assert "intentions" in spread["of"].to_list()
    (found,) = pipeline.evaluate("held-out")
    assert set(found["task"]) == {"co-buy prediction", "product recovery"}
    assert found.filter(pl.col("asked") > 0)["mrr"].is_between(0, 1).all()


def test_ranks_are_counted_among_all_products():
    """A pair whose purposes nobody else shares is recovered at rank one and two."""
    products = frame_of(Product, [Product(id=i, title=i, categories=["x"]) for i in "abcdef"])
    cobuys = [CoBuy(id=f"{a}{b}", product_a=a, product_b=b) for a, b in ("ab", "ac", "bc", "de", "ef")]
    triples = [
        Triple(id=c.id, cobuy=c.id, product_a=c.product_a, product_b=c.product_b, relation="can", intention=i)
        for c, i in zip(cobuys, ("x", "x", "x", "y", "y"), strict=True)
    ]
    purposes = pl.DataFrame({"intention": ["x", "y"], "cluster": ["X", "Y"]})
    given = evaluate.HeldOut(products, frame_of(CoBuy, cobuys), frame_of(Triple, triples), purposes, ["ab"])
    found = evaluate.held_out(given, lambda texts: np.eye(len(texts), dtype=np.float32))
    asked = (pl.col("task") == "product recovery") & (pl.col("method") == "intentions")
    row = found.filter(asked & (pl.col("pairs") == "all"))
    assert row["asked"].item() == 2
    assert row["hits@10"].item() == 1.0


def test_data_quality_counts_what_is_wrong():
    """Duplicates, unparsed and acceptance are shares with intervals."""
    candidates = [
        Candidate(id=str(n), cobuy="c", relation="can", text=text, generator="g", reply="r")
        for n, text in enumerate(["do it", "do it", "paint"])
    ]
    verdicts = [
        Verdict(candidate="0", judge="shopper", answer="yes"),
        Verdict(candidate="1", judge="shopper", answer="unparsed"),
    ]
    found = evaluate.data_quality(
        frame_of(Candidate, candidates), frame_of(Verdict, verdicts), frame_of(Intention), frame_of(Triple)
    )
    told = {(row["measure"], row["of"]): row["value"] for row in found.to_dicts()}
    assert told["duplicates", "candidates"] == pytest.approx(2 / 3, abs=1e-4)
    assert told["unparsed", "verdicts"] == 0.5
    assert told["accepted", "can"] == 0.5


def test_runs_are_compared_co_buy_by_co_buy():
    """The gain of a run over the first is paired over the same co-buys."""

    def run(answers: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
        candidates = [
            Candidate(id=str(n), cobuy=f"c{n}", relation="can", text="charging", generator="g", reply="r")
            for n in range(len(answers))
        ]
        said = [Verdict(candidate=str(n), judge="shopper", answer=a) for n, a in enumerate(answers)]
        return frame_of(Candidate, candidates), frame_of(Verdict, said)

    found = evaluate.image_value({"with": run(["yes", "yes"]), "without": run(["yes", "no"])})
    assert found["gain"].to_list() == [0.0, -0.5]
    assert found["words"].to_list() == [1.0, 1.0]


def test_a_sheet_goes_to_judges_and_comes_back(tmp_path: Path):
    """A sheet hides acceptance; filled in by two, it gives shares and Cohen's kappa."""
    workspace = two_purposes(tmp_path / "w")
    pipeline = Pipeline(workspace, workspace.settings())
    assert pipeline.sample_sheet(tmp_path / "sheet.csv", size=6) == 6
    sheet = pl.read_csv(tmp_path / "sheet.csv", infer_schema=False)
    assert "acceptance" not in sheet.columns
    for judge, answers in (("ann", ["yes"] * 3 + ["no"] * 3), ("bob", ["yes"] * 2 + ["no"] * 4)):
        sheet.with_columns(pl.Series("plausible", answers), pl.Series("typical", answers)).write_csv(
            tmp_path / f"{judge}.csv"
        )
    rows = pipeline.judgements([tmp_path / "ann.csv", tmp_path / "bob.csv"])
    assert [row["question"] for row in rows] == ["plausible", "typical"]
    assert rows[0]["kappa"] == pytest.approx(2 / 3)
    assert rows[0]["yes"] == pytest.approx(5 / 12)


def test_an_answer_that_is_none_is_named(tmp_path: Path):
    """A cell that is neither yes nor no is named with file and line."""
    (tmp_path / "s.csv").write_text("id,plausible,typical\nx,maybe,\n")
    with pytest.raises(CatalogError, match=r"s\.csv:2: plausible"):
        evaluate.read_judgements([tmp_path / "s.csv"])


def test_questions_of_intentionqa_are_answered_above_chance(shared_data: Path):
    """Words and vectors beat chance on task 1, and their intervals say so."""
    found = measures.tasks(shared_data / "intentionqa", open_vectors("static"))
    task = found.filter((pl.col("task") == "task 1") & (pl.col("retrieved") == "without"))
    assert (task["low"] > 0.4).all()


def test_a_line_that_is_no_question_is_named(tmp_path: Path):
    """A broken line is named with its number."""
    (tmp_path / "task1.jsonl").write_text('{"options": 3}\n')
    with pytest.raises(CatalogError, match=r"task1\.jsonl:1"):
        evaluate.read_questions(tmp_path / "task1.jsonl", 1)
