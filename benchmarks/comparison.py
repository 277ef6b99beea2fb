"""Whether two variants really differ, and whether a probability can be believed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BINS = 15


@dataclass(frozen=True, slots=True)
class Discordance:
    """Where two variants differ: ``lost`` examples only the reference got right, ``won`` only the variant; ``p`` is the
    probability of a difference as large or larger if both were equally good."""

    lost: int
    won: int
    p: float


def mcnemar(variant: NDArray[np.bool_], reference: NDArray[np.bool_]) -> Discordance:
    """McNemar's exact test of two variants on the same examples (n,): which of them each got right.

    Only the examples that one of the two alone got right say anything; where both are equally good, each of those is
    the toss of a coin (Q. McNemar, Psychometrika 12, 1947). Examples are taken for independent, which those of one
    source are not: the true p is larger.
    """
    from scipy.stats import binomtest

    lost, won = int((reference & ~variant).sum()), int((variant & ~reference).sum())
    return Discordance(lost, won, float(binomtest(lost, lost + won).pvalue) if lost + won else 1.0)


def calibration_error(confidence: NDArray[np.floating[Any]], right: NDArray[np.bool_]) -> float | None:
    """Expected calibration error: how far the probability of an answer is from the share of right ones, on average.

    Over fifteen bins of equal width (Guo et al., On Calibration of Modern Neural Networks, 2017). ``confidence`` (n,)
    is NaN where there is no probability; None where there is none at all.
    """
    known = np.isfinite(confidence)
    if not known.any():
        return None
    sure, hits = confidence[known].astype(np.float64), right[known]
    bins = np.minimum((sure * _BINS).astype(np.intp), _BINS - 1)
    return float(np.abs(np.bincount(bins, hits - sure)).sum() / len(hits))
