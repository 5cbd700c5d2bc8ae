"""How long inferences took, as the metrics say: sums, counts and buckets of each series."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from harness.probing.numbers import ended_well, fits, names, of_inferences, status_in
from harness.probing.telemetry.exposition import Sample, samples
from harness.record.exchange import Exchange
from harness.wire.rest import RestClient

_PARTS = ("_sum", "_count", "_bucket")


@dataclass(slots=True)
class Latency:
    """One series.

    Attributes:
        unit: seconds of one unit.
        total: of all inferences, in seconds; None where it is not said.
        count: of inferences; None where it is not said.
        buckets: upper bound in seconds -> inferences up to it.
    """

    unit: float
    total: float | None = None
    count: float | None = None
    buckets: dict[float, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Latencies:
    """One reading: each series by its name and labels."""

    exchange: Exchange
    series: Mapping[str, Latency]


def read_latencies(client: RestClient, path: str, model: str) -> Latencies | None:
    """What the metrics say of how long inferences of a model took that were answered; None where they say nothing."""
    exchange = client.send("GET", path)
    if not exchange.ok:
        return None
    found: dict[str, Latency] = {}
    for each in samples(exchange.response_body.decode("utf-8", "replace")):
        for base, part, unit in _durations(each.name):
            status = status_in(each.labels)
            if of_inferences(each, model) and (status is None or ended_well(status)):
                _add(found, base, part, unit, each)
    told = {name: each for name, each in found.items() if each.total is not None}
    return Latencies(exchange, told) if told else None


def _durations(name: str) -> Iterator[tuple[str, str, float]]:
    """Name without its part, the part, and the unit, where a sample is of a duration."""
    data = names()["durations"]
    if re.fullmatch(data["none"], name):
        return
    if fits(name, data["totals"]):
        base, part = name, "_sum"
    else:
        part = next((each for each in _PARTS if name.endswith(each)), "")
        base = name.removesuffix(part)
    for pattern, unit in data["units"].items():
        if part and re.fullmatch(pattern, base):
            yield base, part, unit
            return


def _add(found: dict[str, Latency], base: str, part: str, unit: float, sample: Sample) -> None:
    bound = sample.labels.get("le")
    plain = Sample(base, {name: value for name, value in sample.labels.items() if name != "le"}, 0.0)
    held = found.setdefault(f"{base}{{{plain.series}}}", Latency(unit))
    if part == "_sum":
        held.total = sample.value * unit
    elif part == "_count":
        held.count = sample.value
    elif bound is not None:
        try:
            held.buckets[inf if bound in ("+Inf", "Inf") else float(bound) * unit] = sample.value
        except ValueError:
            return
