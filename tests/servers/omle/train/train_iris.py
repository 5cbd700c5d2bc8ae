"""Fit the iris classifier and write it in OMLE's format: `train_iris.py FILE`. Runs in an environment of its own."""
# mypy: ignore-errors
# (the project does not have the packages of that environment)

from __future__ import annotations

import sys

import numpy as np
from omle_convert import export_omle
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


def main(target: str) -> None:
    """In single precision, which becomes the datatype of the model's input; that input is called `X`."""
    flowers = load_iris()
    rows = flowers.data.astype(np.float32)
    classifier = LogisticRegression(max_iter=1000).fit(rows, flowers.target)
    export_omle(classifier, target, X=rows, model_name="iris", model_version="1.0.0")


if __name__ == "__main__":
    main(sys.argv[1])
