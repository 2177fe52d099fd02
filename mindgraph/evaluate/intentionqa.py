"""IntentionQA (Ding et al., EMNLP 2024): is an intention told from distractors, is a task solved?

The distractors of a pair are the intentions of other pairs: this measures fit to the pair, not a
shopper's taste. Rows with fewer than four options are left out, as by the benchmark's own scorer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl

from mindgraph.errors import CatalogError
from mindgraph.evaluate.scores import auc, balanced_accuracy, calibration_error, interval, resampled
from mindgraph.texts import strip_lead_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

#: Pairs whose intentions are handed to a question.
RETRIEVED = 5


@dataclass(frozen=True)
class Question:
    """Be one question: two titles (task 2: one), options, which of them is right, and the pair."""

    titles: tuple[str, ...]
    options: tuple[str, ...]
    right: int
    pair: tuple[str, str]
    #: Task 2 shows the intention too.
    intention: str = ""


#: Questions and what was retrieved for each → the number of the option chosen.
Choose = Callable[[Sequence[Question], Sequence[Sequence[str]]], Sequence[int]]


def read_questions(path: Path, task: int) -> list[Question]:
    """Return the questions of a file of task 1 (choose the intention) or 2 (choose the product)."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise CatalogError(f"{path}: {error.strerror}.", hint="Give the folder of IntentionQA.") from error
    found = []
    for number, line in enumerate(lines, start=1):
        try:
            row = msgspec.json.decode(line)
            question = _question(row, task)
        except (msgspec.DecodeError, KeyError, ValueError, TypeError) as error:
            raise CatalogError(f"{path}:{number}: no question ({error}).") from error
        if len(question.options) >= 4:
            found.append(question)
    return found


def _question(row: Mapping[str, Any], task: int) -> Question:
    letters = sorted(row["options"])
    titles = (row["item_a_name"], row["item_b_name"])
    return Question(
        titles if task == 1 else titles[:1],
        tuple(row["options"][letter] for letter in letters),
        letters.index(row["gold_ind"]),
        (row["item_a_id"], row["item_b_id"]),
        "" if task == 1 else row["assertion"],
    )


def filter_measure(
    questions: Sequence[Question],
    score: Callable[[Sequence[tuple[Question, str]]], Sequence[float | None]],
    *,
    name: str,
) -> pl.DataFrame:
    """Return how a score tells gold intentions from distractors: measure, value, low, high, rows, unparsed.

    `score` gives each pair of a question and an option a number from 0 to 1, or None. The words that
    titles and intention share stand beside it as the floor. Intervals are over questions. Source of the
    questions: Ding et al., IntentionQA, EMNLP 2024.
    """
    asked = [(question, option) for question in questions for option in question.options]
    truth = np.array([n == q.right for q in questions for n in range(len(q.options))])
    groups = np.array([at for at, q in enumerate(questions) for _ in q.options])
    rows = []
    for method, scores in ((name, list(score(asked))), ("bag of words", overlaps(asked))):
        given = np.array([value is not None for value in scores])
        values = np.array([value for value in scores if value is not None], dtype=np.float64)
        measures: dict[str, Callable[..., float]] = {
            "AUC": auc,
            "balanced accuracy at 0.5": lambda t, s: balanced_accuracy(t, s >= 0.5),
            "calibration error": calibration_error,
        }
        for measure, function in measures.items():
            value, low, high = resampled(function, truth[given], values, groups=groups[given])
            rows.append((method, measure, value, low, high, int(given.sum()), int((~given).sum())))
    return pl.DataFrame(
        rows, schema=["method", "measure", "value", "low", "high", "rows", "unparsed"], orient="row"
    )


def calibration(
    questions: Sequence[Question],
    score: Callable[[Sequence[tuple[Question, str]]], Sequence[float | None]],
    *,
    name: str,
    bins: int = 5,
) -> pl.DataFrame:
    """Return how often options are gold, by score: method, from, to, options, mean score, gold, low, high.

    A score that is calibrated has `gold` near its mean. Source: DeGroot and Fienberg, The comparison and
    evaluation of forecasters, 1983 (the reliability diagram).
    """
    asked = [(question, option) for question in questions for option in question.options]
    truth = np.array([n == q.right for q in questions for n in range(len(q.options))], dtype=np.float64)
    given = [(value, right) for value, right in zip(score(asked), truth, strict=True) if value is not None]
    values, right = (np.array(column) for column in zip(*given, strict=True)) if given else (truth[:0],) * 2
    which = np.minimum((values * bins).astype(np.int64), bins - 1)
    rows = [
        (
            name,
            at / bins,
            (at + 1) / bins,
            int(here.sum()),
            float(values[here].mean()),
            *interval(right[here]),
        )
        for at in range(bins)
        if (here := which == at).any()
    ]
    columns = ["method", "from", "to", "options", "mean score", "gold", "low", "high"]
    return pl.DataFrame(rows, schema=columns, orient="row")


def sampled(questions: Sequence[Question], count: int | None, seed: int) -> list[Question]:
    """Return so many questions, chosen at random and in their order; all of them where none is named."""
    if count is None or count >= len(questions):
        return list(questions)
    chosen = np.random.default_rng(seed).choice(len(questions), count, replace=False)
    return [questions[at] for at in np.sort(chosen)]


def tasks_measure(
    tasks: Mapping[str, Sequence[Question]],
    known: pl.DataFrame,
    embed: Callable[[Sequence[str]], Matrix],
    engines: Mapping[str, Choose],
) -> pl.DataFrame:
    """Return task, engine, retrieved (with or without), accuracy, low, high, questions.

    `known` has title_a, title_b, asin_a, asin_b, text: pairs whose intentions may be handed to a
    question; none that shares a product with the question's pair is. Source: Ding et al., IntentionQA,
    EMNLP 2024.
    """
    rows: list[tuple[Any, ...]] = []
    for task, questions in tasks.items():
        chance = float(np.mean([1 / len(q.options) for q in questions])) if questions else float("nan")
        rows.append((task, "chance", "", chance, None, None, len(questions)))
        nothing: list[Sequence[str]] = [()] * len(questions)
        told = retrieve(questions, known, embed)
        for engine, choose in engines.items():
            for label, given in (("without", nothing), ("with", told)):
                answers = np.array(choose(questions, given))
                correct = answers == np.array([q.right for q in questions])
                rows.append((task, engine, label, *interval(correct), len(questions)))
    return pl.DataFrame(
        rows,
        schema=["task", "engine", "retrieved", "accuracy", "low", "high", "questions"],
        orient="row",
    )


def retrieve(
    questions: Sequence[Question], known: pl.DataFrame, embed: Callable[[Sequence[str]], Matrix]
) -> list[Sequence[str]]:
    """Return the intentions of the pairs whose titles are nearest, from pairs without a common product."""
    pairs = embed([f"{a} {b}" for a, b in known.select("title_a", "title_b").iter_rows()])
    asked = embed([" ".join(question.titles) for question in questions])
    owners = known.select("asin_a", "asin_b").rows()
    texts = known["text"].to_list()
    found: list[Sequence[str]] = []
    for question, row in zip(questions, asked, strict=True):
        order = np.argsort(-(pairs @ row), kind="stable")
        others = (at for at in order if not set(owners[at]) & set(question.pair))
        found.append([texts[at] for at, _ in zip(others, range(RETRIEVED), strict=False)])
    return found


def overlaps(asked: Sequence[tuple[Question, str]]) -> list[float]:
    """Return the share of an option's words that titles and intention hold."""
    return [_overlap(question, (), option) for question, option in asked]


def bag_of_words(questions: Sequence[Question], retrieved: Sequence[Sequence[str]]) -> list[int]:
    """Choose the option that shares most words with titles, intention and what was retrieved."""
    return [
        int(np.argmax([_overlap(question, told, option) for option in question.options]))
        for question, told in zip(questions, retrieved, strict=True)
    ]


def by_vectors(embed: Callable[[Sequence[str]], Matrix]) -> Choose:
    """Return a chooser that takes the option nearest to titles, intention and what was retrieved."""

    def choose(questions: Sequence[Question], retrieved: Sequence[Sequence[str]]) -> list[int]:
        chosen = []
        for question, told in zip(questions, retrieved, strict=True):
            rows = embed([" ".join([*question.titles, question.intention]), *question.options, *told])
            ask, options = rows[0], rows[1 : 1 + len(question.options)]
            also = rows[1 + len(question.options) :]
            worth = options @ ask + ((options @ also.T).max(axis=1) if len(also) else 0)
            chosen.append(int(np.argmax(worth)))
        return chosen

    return choose


def known_pairs(path: Path) -> pl.DataFrame:
    """Return the gold intentions of a file of pairs: title_a, title_b, asin_a, asin_b, text."""
    try:
        rows = pl.read_ndjson(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise CatalogError(f"{path}: cannot be read ({str(error).splitlines()[0]}).") from error
    texts = [strip_lead_in(text) for text in rows["assertion"].to_list()]
    return rows.select("title_a", "title_b", "asin_a", "asin_b").with_columns(pl.Series("text", texts))


def _overlap(question: Question, told: Sequence[str], option: str) -> float:
    there = _words(" ".join([*question.titles, question.intention, *told]))
    words = _words(option)
    return len(words & there) / len(words) if words else 0.0


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if word not in _EMPTY}


_EMPTY = frozenset(
    {"a", "an", "the", "to", "of", "for", "in", "on", "and", "or", "they", "both", "are", "is", "be"}
    | {"because", "person", "wants", "his", "her", "with", "it", "can", "could"}
)
