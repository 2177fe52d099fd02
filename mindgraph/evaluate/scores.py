"""Figures and how sure they are: AUC, intervals, calibration, agreement of judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vector = NDArray[np.float64]

#: Resamples of a bootstrap.
RESAMPLES = 2_000


def auc(truth: Any, score: Any) -> float:
    """Return the area under the ROC curve; ties count half. NaN where one class is absent.

    Source: Hanley and McNeil, The meaning and use of the area under a ROC curve, 1982.
    """
    truth = np.asarray(truth, dtype=bool)
    ranks = pl.Series(np.asarray(score, dtype=np.float64)).rank("average").to_numpy()
    yes, no = int(truth.sum()), int((~truth).sum())
    if not yes or not no:
        return float("nan")
    return float((ranks[truth].sum() - yes * (yes + 1) / 2) / (yes * no))


def balanced_accuracy(truth: Any, said: Any) -> float:
    """Return the mean of the shares of each class that are said right."""
    truth, said = np.asarray(truth, dtype=bool), np.asarray(said, dtype=bool)
    return float((said[truth].mean() + (~said[~truth]).mean()) / 2)


def calibration_error(truth: Any, score: Any, bins: int = 10) -> float:
    """Return the expected calibration error of scores from 0 to 1, in bins of equal width.

    Source: Naeini, Cooper and Hauskrecht, Obtaining well calibrated probabilities, 2015.
    """
    truth, score = np.asarray(truth, dtype=np.float64), np.asarray(score, dtype=np.float64)
    which = np.minimum((score * bins).astype(np.int64), bins - 1)
    counts = np.bincount(which, minlength=bins)
    gaps = np.abs(np.bincount(which, score, bins) - np.bincount(which, truth, bins))
    return float(gaps[counts > 0].sum() / len(truth)) if len(truth) else float("nan")


def interval(values: Any, *, seed: int = 0, resamples: int = RESAMPLES) -> tuple[float, float, float]:
    """Return the mean and its 95 % bootstrap interval over independent values.

    Source: Efron, Bootstrap methods, 1979 (percentile interval).
    """
    values = np.asarray(values, dtype=np.float64)
    if not len(values):
        return float("nan"), float("nan"), float("nan")
    rng = np.random.default_rng(seed)
    means = [values[rng.integers(0, len(values), len(values))].mean() for _ in range(resamples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(values.mean()), float(low), float(high)


def resampled(
    statistic: Callable[..., float],
    *columns: Any,
    groups: Any = None,
    seed: int = 0,
    resamples: int = 500,
) -> tuple[float, float, float]:
    """Return a statistic of paired columns and its 95 % bootstrap interval over rows.

    Rows of one of the `groups` belong together and are drawn together. Source: Davison and Hinkley,
    Bootstrap methods and their application, 1997.
    """
    arrays = [np.asarray(column) for column in columns]
    rng = np.random.default_rng(seed)
    where = np.arange(len(arrays[0])) if groups is None else np.unique(groups, return_inverse=True)[1]
    rows = np.split(np.argsort(where, kind="stable"), np.cumsum(np.bincount(where))[:-1])
    drawn = (rng.integers(0, len(rows), len(rows)) for _ in range(resamples))
    picks = (np.concatenate([rows[at] for at in draw]) for draw in drawn)
    found = [statistic(*(column[pick] for column in arrays)) for pick in picks]
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return float(statistic(*arrays)), float(low), float(high)


def z_score(values: Any) -> Vector:
    """Return the values less their mean, in standard deviations."""
    values = np.asarray(values, dtype=np.float64)
    spread = values.std()
    shifted: Vector = values - values.mean()
    return shifted / spread if spread > 0 else shifted


def cohens_kappa(one: Sequence[Any], other: Sequence[Any]) -> float:
    """Return the agreement of two judges beyond chance; 1 the same, 0 as by chance.

    Source: Cohen, A coefficient of agreement for nominal scales, 1960.
    """
    a, b = np.asarray(one), np.asarray(other)
    seen = float((a == b).mean())
    chance = float(sum((a == name).mean() * (b == name).mean() for name in np.union1d(a, b)))
    return 1.0 if chance == 1 else (seen - chance) / (1 - chance)


def fleiss_kappa(counts: Any) -> float:
    """Return the agreement of several judges; `counts` has a row an item and a column an answer.

    Every item needs the same number of judges. Source: Fleiss, Measuring nominal scale agreement
    among many raters, 1971.
    """
    counts = np.asarray(counts, dtype=np.float64)
    judges = counts.sum(axis=1)[0]
    each = ((counts**2).sum(axis=1) - judges) / (judges * (judges - 1))
    chance = float(((counts.sum(axis=0) / counts.sum()) ** 2).sum())
    return 1.0 if chance == 1 else float((each.mean() - chance) / (1 - chance))
