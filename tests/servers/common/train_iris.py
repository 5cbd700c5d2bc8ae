"""Fit a small iris classifier and save it: `train_iris.py FILE`. Runs in the environment of the server that loads it.

A pickled estimator is only good for the scikit-learn that wrote it, so it is made on the spot and never checked in.
The solver is deterministic: equal versions give equal coefficients.
"""

from __future__ import annotations

import sys

import joblib
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

GOOD_ENOUGH = 0.95


def main(target: str) -> None:
    """Fit on all 150 rows, check that something was learnt, write `target`."""
    flowers = load_iris()
    classifier = LogisticRegression(max_iter=1000).fit(flowers.data, flowers.target)
    accuracy = classifier.score(flowers.data, flowers.target)
    if accuracy < GOOD_ENOUGH:
        raise SystemExit(f"the iris classifier reached only {accuracy:.3f}")
    joblib.dump(classifier, target)


if __name__ == "__main__":
    main(sys.argv[1])
