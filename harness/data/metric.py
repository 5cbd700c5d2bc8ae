"""Metrics as data: their names, and what each is computed from."""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Literal

import msgspec

Kind = Literal["predictions", "scores", "numbers"]
_TABLE = Path(__file__).with_name("metrics.toml")


class NoMetric(Exception):
    """A metric cannot be computed; the message says what is missing."""


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One metric.

    Attributes:
        name: in a policy.
        of: what it is computed from.
        share: whether it is a share of rows.
        among: of which rows: those with the class as ``label``, as ``prediction``, or with ``others`` as label.
        function: of :mod:`sklearn.metrics`.
        average: whether it is of one class, and averaged over classes where none is named.
        loss: whether less of it is better.
        two_classes: whether it is of the scores of one class against another, and of no rows of one class alone.
    """

    name: str
    of: Kind
    share: bool = False
    among: Literal["", "label", "prediction", "others"] = ""
    function: str = ""
    average: bool = False
    loss: bool = False
    two_classes: bool = False


@functools.cache
def metrics() -> dict[str, Metric]:
    """Every metric, by name."""
    tables = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return {name: msgspec.convert({"name": name, **table}, Metric) for name, table in tables.items()}


def metric_named(name: str) -> Metric:
    """The metric of that name.

    Raises:
        NoMetric: there is none; says which there are.
    """
    found = metrics().get(name)
    if found is None:
        raise NoMetric(f"no metric is called {name!r}; there are {', '.join(metrics())}")
    return found
