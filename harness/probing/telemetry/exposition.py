"""Samples of an exposition: name, labels and value of each line, a bounded number of them.

Source: Prometheus, "Exposition formats", version 0.0.4; what OpenMetrics puts behind a value (a timestamp, an exemplar)
is passed over.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

# Lines that are read, and characters of one.
LINES, WIDTH = 20_000, 2_000
# Nothing is given back: the time is in proportion to the text, whatever it is.
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*+\s*+=\s*+"(?:[^"\\]|\\.)*+"'
_SAMPLE = re.compile(
    rf"\A([a-zA-Z_:][a-zA-Z0-9_:]*+)(?:\{{((?:\s*+{_LABEL}\s*+,?+)*+)\s*+\}})?+\s*+(?<=[\s}}])(\S++)"
    r"(?:\s++[^\s#]\S*+)?+(?:\s++#.*+)?+"
)
_PAIR = re.compile(r'(?<![a-zA-Z0-9_])([a-zA-Z_][a-zA-Z0-9_]*+)\s*+=\s*+"((?:[^"\\]|\\.)*+)"')


@dataclass(frozen=True, slots=True)
class Sample:
    """One line; escapes in the values of labels are left as they stand."""

    name: str
    labels: Mapping[str, str]
    value: float

    @property
    def series(self) -> str:
        """What tells it from other samples of the same name."""
        return ",".join(f"{name}={value}" for name, value in sorted(self.labels.items()))


def samples(text: str) -> Iterator[Sample]:
    """The samples of an exposition; whatever is none is passed over, and so is what is no finite number."""
    for line in islice(text.splitlines(), LINES):
        found = _SAMPLE.fullmatch(line.strip()) if len(line) <= WIDTH else None
        value = _number(found[3]) if found else math.nan
        if found and math.isfinite(value):
            yield Sample(found[1], dict(_PAIR.findall(found[2] or "")), value)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
