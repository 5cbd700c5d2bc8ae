"""Train the stored models anew: ``python -m harness.reference.models.train`` (needs scikit-learn).

Every version 1 is a linear model, every version 2 a small network. A quarter of the rows is held out; the accuracy on
it is stored with the parameters, computed from the rounded parameters that are served. The held-out rows of both
classifiers are stored too, as labelled data for the demo and for method validation.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from harness.reference.models.trained import scores

SEED = 0
FOLDER = Path(__file__).resolve().parents[1] / "data"
DATA_SETS = {"digits": load_digits, "cancer": load_breast_cancer, "diabetes": load_diabetes}
# Model -> column of the label, column of the group, what makes the group, where it begins, and its two names.
GROUPS: dict[str, tuple[str, str, Callable[[Any], float], float, tuple[str, str]]] = {
    "digits": ("digit", "ink", lambda row: float(row.mean()), 4.9, ("little", "much")),
    "cancer": ("kind", "size", lambda row: float(row[0]), 14.0, ("small", "large")),
}


def estimators(name: str) -> list[Any]:
    """The two estimators of a data set, version 1 first."""
    if name == "diabetes":
        return [
            Ridge(alpha=1.0),
            MLPRegressor(
                hidden_layer_sizes=(12,), solver="lbfgs", alpha=200.0, max_iter=3000, tol=1e-3, random_state=SEED
            ),
        ]
    return [
        LogisticRegression(C=0.1, max_iter=2000),
        MLPClassifier(hidden_layer_sizes=(16,), solver="lbfgs", alpha=5.0, max_iter=500, tol=1e-2, random_state=SEED),
    ]


def rounded(array: Any) -> Any:
    """Six significant digits: the files stay readable, and the digest does not hang on the last bit."""
    return json.loads(np.array2string(np.asarray(array, dtype=float), separator=",", threshold=10**9,
                                      formatter={"float_kind": lambda value: f"{value:.6g}"}))  # fmt: skip


def layers(estimator: Any) -> list[dict[str, Any]]:
    """Weights and biases; one score of a two-class model becomes two, the first of them 0."""
    if hasattr(estimator, "coefs_"):
        pairs = list(zip(estimator.coefs_, estimator.intercepts_, strict=True))
    else:
        pairs = [(np.atleast_2d(estimator.coef_).T, np.atleast_1d(estimator.intercept_))]
    weights, bias = pairs[-1]
    if hasattr(estimator, "classes_") and len(bias) == 1:
        pairs[-1] = (np.hstack([np.zeros_like(weights), weights]), np.array([0.0, bias[0]]))
    return [{"weights": rounded(each), "bias": rounded(offset)} for each, offset in pairs]


def train(name: str) -> list[dict[str, Any]]:
    """The stored form of both versions."""
    rows, wanted = DATA_SETS[name](return_X_y=True)
    rows = rows.astype(np.float32 if name != "cancer" else np.float64).astype(np.float64)
    fit_rows, test_rows, fit_wanted, test_wanted = train_test_split(rows, wanted, test_size=0.25, random_state=SEED)
    scaler = StandardScaler().fit(fit_rows)
    found = []
    for estimator in estimators(name):
        estimator.fit(scaler.transform(fit_rows), fit_wanted)
        parameters = {"mean": rounded(scaler.mean_), "scale": rounded(scaler.scale_), "layers": layers(estimator)}
        answer = scores(parameters, test_rows)
        if name == "diabetes":
            quality = f"R2 {r2_score(test_wanted, answer[:, 0]):.3f} on {len(test_rows)} rows"
        else:
            quality = f"accuracy {accuracy_score(test_wanted, answer.argmax(axis=1)):.4f} on {len(test_rows)} rows"
        found.append({
            "method": type(estimator).__name__,
            "trained_on": f"scikit-learn {DATA_SETS[name].__name__}, {len(fit_rows)} of {len(rows)} rows, seed {SEED}",
            "held_out": quality,
            "parameters": parameters,
        })  # fmt: skip
    return found


def held_out(name: str) -> tuple[list[str], list[list[Any]]]:
    """Column names and rows of the labelled data of a classifier: its features, the label, and a group."""
    data = DATA_SETS[name]()
    _, rows, _, wanted = train_test_split(data.data, data.target, test_size=0.25, random_state=SEED)
    features = [str(each).replace(" ", "_") for each in data.feature_names]
    label, group, value_of, limit, words = GROUPS[name]
    drawn = [
        [*map(_plain, row.tolist()), kind, words[bool(value_of(row) > limit)]]
        for row, kind in zip(rows, wanted.tolist(), strict=True)
    ]
    return [*features, label, group], drawn


def _plain(value: float) -> float | int:
    return int(value) if value.is_integer() else value


def main() -> None:
    """Write ``data/NAME-VERSION.json`` for every model and version, and ``data/NAME-held-out.csv``."""
    FOLDER.mkdir(exist_ok=True)
    for name in DATA_SETS:
        for version, stored in enumerate(train(name), start=1):
            path = FOLDER / f"{name}-{version}.json"
            path.write_text(json.dumps(stored, separators=(",", ":")) + "\n", encoding="utf-8")
    for name in GROUPS:
        names, rows = held_out(name)
        with (FOLDER / f"{name}-held-out.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([names, *rows])


if __name__ == "__main__":
    main()
