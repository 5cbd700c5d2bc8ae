"""Statistics of models (Triton extension_statistics.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.check import NotApplicable, Untestable, check
from harness.judging.extensions import of_model, offered, polled
from harness.probing.json_values import json_type, shown
from harness.probing.probe import Probe
from harness.probing.replies import object_or_none, status_of
from harness.record.exchange import Exchange
from harness.wire.messages import InferRequest

SENT = 3
ROWS = 3
# Counts may be taken after the answer.
SECONDS = 3.0

Entry = Mapping[str, Any]


@check(
    "statistics-well-formed",
    clauses=["STATS-01"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="model_stats is an array of objects with name, counts, durations and batch statistics",
    per="model",
    needs=["rest-infer-answers-200"],
    faults=[
        "statistics-listed-but-absent",
        "stats-by-name",
        "stats-counts-as-text",
        "stats-without-durations",
        "stats-duration-missing",
        "stats-without-batches",
        "stats-durations-in-seconds",
    ],
    fix="Answer GET v2/models/MODEL/stats with model_stats as the document shows it; durations are nanoseconds.",
)
def statistics_well_formed(probe: Probe) -> None:
    """Statistics have counts, durations and batch statistics.

    Reads them after an inference and looks at the types: counts and nanoseconds are integers from 0. What further
    members there are does not matter.
    """
    offered(probe, "statistics")
    probe.accepted()
    exchange = _read(probe)
    entries = _entries(exchange)
    observed = f"{status_of(exchange)}, model_stats {json_type((object_or_none(exchange) or {}).get('model_stats'))}"
    if not probe.holds(bool(entries), expected="200 and a filled array", observed=observed, exchange=exchange):
        return
    for entry in entries:
        for problem in (*_problems(entry), None)[:10]:
            probe.holds(problem is None, expected="name, counts, inference_stats and batch_stats",
                        observed=problem or "all of them", exchange=exchange)  # fmt: skip
    named = [entry for entry in entries if entry.get("name") == probe.model.name]
    observed = f"names {sorted({str(entry.get('name')) for entry in entries})}"
    probe.holds(bool(named), expected=f"an entry for {probe.model.name!r}", observed=observed, exchange=exchange)


@check(
    "statistics-move",
    clauses=["STATS-01"],
    duties=["A15-4-d", "A15-4-i"],
    criterion="counts and durations grow with inferences, by what was sent at least, and agree with each other",
    per="model",
    needs=["statistics-well-formed"],
    faults=[
        "stats-frozen",
        "stats-success-frozen",
        "stats-count-twice",
        "stats-executions-count-rows",
        "stats-count-requests",
    ],
    fix="Count each successful inference, with its rows, and each execution of the model.",
)
def statistics_move(probe: Probe) -> None:
    """Inference moves the counts.

    Reads, infers three times and once with a batch of three rows, where the model takes it, and reads until the counts
    have moved, three seconds at most. Other traffic may be going on, so that counts may grow by more. Only where the
    success count grew by exactly what was sent, and nothing came from a cache, are the other counts held against it: as
    many executions at most, and as many inferences as the batch statistics add up to.
    """
    offered(probe, "statistics")
    # Found first: looking for a batch that the model takes is inference, too.
    requests = _requests(probe)
    before = _sum(_read(probe), probe)
    sent = sum(probe.model.rest.infer(request).ok for request in requests)
    if not sent:
        probe.untestable("no inference is answered any more")
    exchange, moved = _moved(probe, before, sent)
    if any(value < 0 for value in moved.values()):
        probe.inconclusive("a count went back: another server answered, or the model was loaded anew")
    cached = moved["cache_hit"]
    grown = {
        "success": moved["success"] >= sent,
        "inference_count": moved["inferences"] + cached >= sent,
        "execution_count": moved["executions"] + cached >= 1,
        "nanoseconds of success": moved["ns"] > 0,
    }
    observed = f"{sent} inferences answered; counts moved by {dict(moved)}"
    for name, good in grown.items():
        probe.holds(good, expected=f"{name} grows", observed=observed, exchange=exchange)
    if moved["success"] == sent and not cached:
        good = moved["executions"] <= sent
        probe.holds(good, expected=f"{sent} executions at most", observed=observed, exchange=exchange)
        good = moved["inferences"] == moved["by batch"]
        probe.holds(good, expected="as many inferences as the batch statistics hold", observed=observed,
                    exchange=exchange)  # fmt: skip


def _requests(probe: Probe) -> list[InferRequest]:
    requests = [probe.accepted().request] * SENT
    try:
        return [*requests, probe.model.rest.batch(ROWS).request]
    except (NotApplicable, Untestable):
        return requests


def _moved(probe: Probe, before: Mapping[str, int], sent: int) -> tuple[Exchange, Mapping[str, int]]:
    moved: dict[str, int] = {}
    exchange = None
    for exchange in polled(probe, lambda: _read(probe), SECONDS):
        after = _sum(exchange, probe)
        moved = {name: after[name] - before[name] for name in before}
        if moved["success"] >= sent and moved["inferences"] + moved["cache_hit"] >= sent:
            break
    assert exchange is not None
    return exchange, moved


def _read(probe: Probe) -> Exchange:
    return probe.answered(probe.client.send("GET", of_model(probe, "stats")))


def _entries(exchange: Exchange) -> list[Entry]:
    found = (object_or_none(exchange) or {}).get("model_stats") if exchange.ok else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _problems(entry: Entry) -> list[str]:
    """What is missing or of another type in one entry of model_stats."""
    found = [f"{name}: {shown(entry.get(name))}" for name in ("inference_count", "execution_count")
             if not _count(entry.get(name))]  # fmt: skip
    found += [f"{name}: {shown(entry.get(name))}" for name in ("name", "version") if not _text(entry, name)]
    stats, batches = entry.get("inference_stats"), entry.get("batch_stats")
    if not isinstance(stats, dict):
        found.append(f"inference_stats: {shown(stats)}")
    else:
        names = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output")
        found += [f"inference_stats.{name}: {shown(stats.get(name))}" for name in names if not _duration(stats, name)]
    if not isinstance(batches, list):
        found.append(f"batch_stats: {shown(batches)}")
    else:
        found += [f"an entry of batch_stats: {shown(each)}" for each in batches
                  if not isinstance(each, dict) or not _count(each.get("batch_size"))
                  or not _duration(each, "compute_infer")]  # fmt: skip
    return found


def _text(entry: Entry, name: str) -> bool:
    return isinstance(entry.get(name), str)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _duration(holder: Entry, name: str) -> bool:
    value = holder.get(name)
    return isinstance(value, dict) and _count(value.get("count")) and _count(value.get("ns"))


def _sum(exchange: Exchange, probe: Probe) -> dict[str, int]:
    """The counts of the model, over its versions."""
    total = dict.fromkeys(("success", "ns", "inferences", "executions", "cache_hit", "by batch"), 0)
    for entry in _entries(exchange):
        if entry.get("name") != probe.model.name or _problems(entry):
            continue
        stats = entry["inference_stats"]
        total["success"] += stats["success"]["count"]
        total["ns"] += stats["success"]["ns"]
        total["inferences"] += entry["inference_count"]
        total["executions"] += entry["execution_count"]
        total["cache_hit"] += stats["cache_hit"]["count"] if _duration(stats, "cache_hit") else 0
        total["by batch"] += sum(each["batch_size"] * each["compute_infer"]["count"] for each in entry["batch_stats"])
    return total
