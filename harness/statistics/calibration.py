"""Whether scores mean what they say: the Brier score, and the calibration error with its bias taken away.

The plain estimate of the expected calibration error is biased upwards: of 100 rows of a model without any error it says
0.12. Of squared gaps the bias is known, bin by bin (Kumar, Liang and Ma, Verified uncertainty calibration, 2019), so
the root of their corrected mean is what is judged; the plain estimate is for comparison.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
BINS = 15


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Rows whose highest score is in one interval: how many, their mean score, and the share of them that is right."""

    rows: int
    confidence: float
    accuracy: float


def brier(scores: Floats, right: npt.NDArray[np.intp]) -> float:
    """The mean squared error of the scores, summed over classes.

    Args:
        scores: (rows, classes).
        right: the class of each row.
    """
    aim = np.zeros_like(scores)
    aim[np.arange(len(right)), right] = 1.0
    return float(((scores - aim) ** 2).sum(axis=1).mean())


def reliability(scores: Floats, right: npt.NDArray[np.intp], bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Rows by their highest score, in bins of equal width; empty ones are left out."""
    confidence, hit, place = _binned(scores, right, bins)
    found = []
    for number in range(bins):
        inside = place == number
        if inside.any():
            found.append(ReliabilityBin(int(inside.sum()), float(confidence[inside].mean()), float(hit[inside].mean())))
    return tuple(found)


def calibration_error(scores: Floats, right: npt.NDArray[np.intp], bins: int = BINS) -> float:
    """The root mean square of confidence less accuracy, with the variance of each bin's accuracy taken away."""
    total = 0.0
    for each in reliability(scores, right, bins):
        noise = each.accuracy * (1 - each.accuracy) / (each.rows - 1) if each.rows > 1 else 0.0
        total += each.rows * ((each.accuracy - each.confidence) ** 2 - noise)
    return float(np.sqrt(max(0.0, total / len(right))))


def plain_calibration_error(scores: Floats, right: npt.NDArray[np.intp], bins: int = BINS) -> float:
    """The expected calibration error as it is usually given: the mean of |confidence - accuracy| over rows."""
    found = reliability(scores, right, bins)
    return sum(each.rows * abs(each.accuracy - each.confidence) for each in found) / len(right)


def _binned(
    scores: Floats, right: npt.NDArray[np.intp], bins: int
) -> tuple[Floats, npt.NDArray[np.bool_], npt.NDArray[np.intp]]:
    confidence = scores.max(axis=1)
    hit = scores.argmax(axis=1) == right
    # A score of 0.2 belongs to the bin that ends with it, as it is usually done.
    place = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.intp)
    return confidence, hit, place
