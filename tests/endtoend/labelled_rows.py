"""Rows and labels that the reference models were not trained on, and tables of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.model_selection import train_test_split

from tests.endtoend.worse import LARGE

LOADERS = {"digits": load_digits, "cancer": load_breast_cancer, "diabetes": load_diabetes}


def held_out(name: str) -> tuple[Any, Any]:
    """Rows and labels of a data set."""
    rows, wanted = LOADERS[name](return_X_y=True)
    _, rows, _, wanted = train_test_split(rows, wanted, test_size=0.25, random_state=0)
    return rows, wanted


def write_table(folder: Path, name: str) -> None:
    """Them as a table: columns x0, x1, ..., kind (the label) and size (a group)."""
    rows, wanted = held_out(name)
    with (folder / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*(f"x{place}" for place in range(rows.shape[1])), "kind", "size"])
        for row, label in zip(rows.tolist(), wanted.tolist(), strict=True):
            writer.writerow([*row, label, "large" if row[0] > LARGE else "small"])
