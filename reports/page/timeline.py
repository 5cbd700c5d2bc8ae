"""Pictures of a drill: what became of its requests over time, how long they took, and its repetitions side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.bundle.drills import DrillRecord, RepetitionSeen
from harness.bundle.series import LoadPoints
from reports.page.charts import (
    Axis,
    Chart,
    Curve,
    Tick,
    across,
    bound,
    moments,
    pieces,
    pixel,
    round_step,
    shade,
    ticks,
    upright,
    upright_by_tens,
)
from reports.text.formats import span
from reports.text.sentences import Sentences

# More points than a record of ours has are not drawn.
MOST_POINTS = 2000
# Requests in a step of the picture, about: of fewer, a line would only jump.
_IN_A_STEP = 4
_LONGEST_S, _MOST_COUNT = 1e6, 10**12
MARKS = {
    "held": "M{x},{y}h0",
    "recorded": "M{x},{y}h0",
    "broke": "M{x},{y}m-4,-4l8,8m0,-8l-8,8",
    "not_run": "M{x},{y}m-4,0h8",
    "tester": "M{x},{y}m-4,-4h8v8h-8z",
}
"""How a repetition is drawn; one that was not carried out stands at the foot of the picture."""


@dataclass(frozen=True, slots=True)
class PhaseTimes:
    """When the fault was caused and when it was taken back, and the end of what it cost; seconds of the load."""

    caused: float
    undone: float
    steady: float
    end: float


def phases_of(seen: RepetitionSeen, seconds: float) -> PhaseTimes | None:
    """The phases of a repetition within so many seconds of load; None where no fault was caused and taken back.

    One that could not be taken back has been reverted in vain, and has no account.
    """
    caused = seen.injected.began_s if seen.injected else None
    undone = seen.reverted.ended_s if seen.reverted else None
    if seen.account is None or caused is None or undone is None or not 0 <= caused <= undone:
        return None
    steady = max(undone, seen.account.last_bad or 0.0)
    return PhaseTimes(*(min(each, seconds) for each in (caused, undone, steady, seconds)))


def timeline(
    said: Sentences, drill: DrillRecord, seen: RepetitionSeen, points: LoadPoints, name: str
) -> tuple[Chart, ...]:
    """What became of the requests of one repetition, and how long the correct answers took; nothing of what is none."""
    seconds = points.step_s * len(points.planned)
    phases = phases_of(seen, seconds)
    if phases is None or not _is_ours(points):
        return ()
    charts = (_answers(said, drill, points, phases, name), _latency(said, drill, points, phases, name))
    return tuple(chart for chart in charts if chart is not None)


def _is_ours(points: LoadPoints) -> bool:
    """Whether it can be drawn as a record of a run that we sent."""
    columns = (points.planned, points.ok, points.failed, points.wrong)
    count, seconds = len(points.planned), points.step_s * len(points.planned)
    return 0 < count <= MOST_POINTS and 0 < seconds < _LONGEST_S and all(_are_counts(each, count) for each in columns)


def _are_counts(column: Sequence[int], most: int) -> bool:
    return len(column) <= most and all(0 <= value <= _MOST_COUNT for value in column)


def _answers(said: Sentences, drill: DrillRecord, points: LoadPoints, phases: PhaseTimes, name: str) -> Chart:
    step = points.step_s
    together = max(1, math.ceil(_IN_A_STEP / max(drill.rate * step, 1e-6)))
    columns = {"offered": points.planned, "answered": points.ok, "bad": points.failed, "wrong": points.wrong}
    rates = {key: _rates(column, step, min(together, len(points.planned))) for key, column in columns.items()}
    x, y = across(phases.end), upright(max((rate for each in rates.values() for _, rate in each), default=1.0))
    apart = step * together * 1.5
    curves = tuple(
        Curve(pieces(places, apart, x, y), key, said(f"timeline.{key}"))
        for key, places in rates.items()
        if key != "wrong" or any(points.wrong)
    )
    answered = [rate for _, rate in rates["answered"]] or [0.0]
    told = said(
        "timeline.answers_told", least=said.figure(min(answered), 4), most=said.figure(max(answered), 4),
        bad=sum(points.failed), wrong=sum(points.wrong), phases=_phases_told(said, phases),
    )  # fmt: skip
    title, along = said("timeline.answers"), said("timeline.seconds")
    return _phased(
        said, Chart(f"{name}-answers", title, told, along, ticks(said, y, "/s"), ticks(said, x), curves), x, phases
    )


def _latency(said: Sentences, drill: DrillRecord, points: LoadPoints, phases: PhaseTimes, name: str) -> Chart | None:
    columns = {"median": points.p50, "slowest": points.worst}
    step = points.step_s
    places = {
        key: [((at + 0.5) * step, value) for at, value in enumerate(column) if value and 0 < value < _LONGEST_S]
        for key, column in columns.items()
    }
    values = [value for each in places.values() for _, value in each]
    if not values:
        return None
    limit = _limit(drill.criteria.get("latency_s", drill.slow_s))
    x, y = across(phases.end), upright_by_tens(min(values), max(*values, limit or 0.0))
    apart = max(step * 2, 3 / max(drill.rate, 1e-6))
    curves = tuple(Curve(pieces(each, apart, x, y), key, said(f"timeline.{key}")) for key, each in places.items())
    bounds = () if limit is None else (bound(y, limit, said("timeline.slow", limit=span(said, limit))),)
    told = said(
        "timeline.latency_told",
        least=span(said, min(values)),
        most=span(said, max(values)),
        phases=_phases_told(said, phases),
    )
    title, along = said("timeline.latency"), said("timeline.seconds")
    chart = Chart(f"{name}-latency", title, told, along, ticks(said, y, "s"), ticks(said, x), curves, bounds=bounds)
    return _phased(said, chart, x, phases)


def _phased(said: Sentences, chart: Chart, x: Axis, phases: PhaseTimes) -> Chart:
    """A picture over time with the phases of the drill in it."""
    shades = (
        shade(x, 0.0, phases.caused, "before", said("timeline.before")),
        shade(x, phases.caused, phases.undone, "fault", said("timeline.fault")),
        shade(x, phases.undone, phases.steady, "recovery", said("timeline.recovery")),
        shade(x, phases.steady, phases.end, "steady", said("timeline.steady")),
    )
    caused = said("timeline.caused", at=span(said, phases.caused))
    undone = said("timeline.undone", at=span(said, phases.undone))
    return replace(chart, shades=shades, moments=moments(x, (phases.caused, caused), (phases.undone, undone)))


def strip(said: Sentences, drill: DrillRecord, states: Sequence[str], name: str) -> Chart | None:
    """Each repetition as a mark, by the time that it took to recover; None for fewer than two."""
    if len(states) < 2:
        return None
    limit = _limit(drill.criteria.get("max_recovery_s"))
    took = [each.account.recovered_s if each.account else None for each in drill.repetitions]
    known = [each for each in took if each is not None and 0 <= each < _LONGEST_S]
    x, y = across(len(states) + 0.5, 0.5), upright(max([*known, limit or 0.0, 0.1]))
    paths: dict[str, list[str]] = {state: [] for state in dict.fromkeys(states)}
    for number, (state, value) in enumerate(zip(states, took, strict=True), 1):
        height = y.at(value if value is not None and state not in ("not_run", "tester") else 0.0)
        paths[state].append(MARKS[state].format(x=pixel(x.at(number)), y=pixel(height)))
    curves = tuple(
        Curve("".join(each), state, said("timeline.mark", state=said(f"drill_state.{state}"), number=len(each)))
        for state, each in paths.items()
    )
    told = said(
        "timeline.strip_told", least=span(said, min(known, default=0.0)), most=span(said, max(known, default=0.0))
    )
    return Chart(
        name=f"{name}-strip",
        title=said("timeline.strip"),
        told=told,
        along=said("timeline.repetitions"),
        rows=ticks(said, y, "s"),
        columns=_numbers(x, len(states)),
        curves=curves,
        bounds=() if limit is None else (bound(y, limit, said("timeline.allowed", limit=span(said, limit))),),
    )


def _numbers(x: Axis, count: int) -> tuple[Tick, ...]:
    """The first repetition, and round ones after it."""
    step = max(1, round(round_step(count / 9)))
    shown = dict.fromkeys((1, *range(step, count + 1, step)))
    return tuple(Tick(pixel(x.at(each)), str(each)) for each in shown)


def _limit(value: float | None) -> float | None:
    """A limit that can be drawn."""
    return value if value is not None and 0 < value < _LONGEST_S else None


def _phases_told(said: Sentences, phases: PhaseTimes) -> str:
    return said("timeline.phases_told", caused=span(said, phases.caused), undone=span(said, phases.undone))


def _rates(column: Sequence[int], step: float, together: int) -> list[tuple[float, float]]:
    """Requests a second, each over some steps, at the middle of these."""
    starts = range(0, len(column), together)
    parts = [(at, column[at : at + together]) for at in starts]
    return [((at + len(part) / 2) * step, sum(part) / (len(part) * step)) for at, part in parts]
