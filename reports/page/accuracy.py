"""Accuracy as the page shows it: declared levels apart from what was only measured, groups and scores as pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.bundle.accuracy import AccuracyRecord, BinSeen, MetricSeen
from harness.statistics.binomial import wilson
from harness.statistics.decision import Interval
from reports.evidence import Evidence
from reports.page.charts import LEFT, TOP, WIDTH, Axis, Bound, Chart, Curve, Tick, bound, pixel, round_step, ticks
from reports.text.sentences import Sentences

# Groups in one picture; of more, those that are furthest on the wrong side.
MOST_GROUPS = 16
# More rows than labelled data has are not drawn.
_MOST_ROWS = 10**9
_SIGN = 6.8
_SQUARE = 230
_CONFIDENCE = 0.95
_MARKS = {
    "supports": "M{x},{y}h0",
    "contradicts": "M{x},{y}m-5,-5l10,10m0,-10l-10,10",
    "inconclusive": "M{x},{y}m-5,0l5,-5l5,5l-5,5z",
    "measured": "M{x},{y}m-5,0h10",
}


@dataclass(frozen=True, slots=True)
class BinView:
    """Rows of one bin, with the bounds of Wilson on the share of them that is right; they decide nothing."""

    data: BinSeen
    bounds: Interval


@dataclass(frozen=True, slots=True)
class AccuracyView:
    """One table of labelled data.

    Attributes:
        declared: metrics that a level is declared for.
        measured: all others.
        groups: a picture for each metric that was measured by group.
        reliability: what scores say against what is right.
    """

    data: AccuracyRecord
    anchor: str
    declared: list[MetricSeen]
    measured: list[MetricSeen]
    groups: tuple[Chart, ...]
    bins: tuple[BinView, ...]
    reliability: Chart | None


def accuracies(said: Sentences, document: Evidence) -> list[AccuracyView]:
    """Every table, in the order of the document."""
    views = []
    for number, record in enumerate(document.accuracy, 1):
        anchor = f"accuracy-{number}"
        bins = _bins(record)
        views.append(
            AccuracyView(
                data=record,
                anchor=anchor,
                declared=[each for each in record.metrics if each.limit is not None],
                measured=[each for each in record.metrics if each.limit is None],
                groups=_by_group(said, record, anchor),
                bins=bins,
                reliability=_reliability(said, bins, anchor) if bins else None,
            )
        )
    return views


def _by_group(said: Sentences, record: AccuracyRecord, anchor: str) -> tuple[Chart, ...]:
    by_metric: dict[tuple[str, str], list[MetricSeen]] = {}
    for each in record.metrics:
        by_metric.setdefault((each.metric, each.about), []).append(each)
    charts = []
    for number, seen in enumerate(by_metric.values(), 1):
        whole = next((each for each in seen if each.group is None), None)
        shown = [each for each in seen if _is_drawn(each)]
        if whole is not None and len(shown) > 1:
            charts.append(_groups(said, whole, shown, f"{anchor}-groups-{number}"))
    return tuple(charts)


def _is_drawn(seen: MetricSeen) -> bool:
    return seen.value is not None and all(abs(each) < _MOST_ROWS for each in _places(seen))


def _places(seen: MetricSeen) -> list[float]:
    """Value and bounds, those that are numbers."""
    known = (seen.value, seen.lower, seen.upper)
    return [each for each in known if each is not None and math.isfinite(each)]


def _groups(said: Sentences, whole: MetricSeen, seen: Sequence[MetricSeen], name: str) -> Chart:
    """Each group as a mark with its bounds, beside all rows and the level that is declared."""
    shown = _worst(whole, seen)
    x = Axis(0.5, len(shown) + 0.5, LEFT, WIDTH - 14)
    y = _around([*(place for each in shown for place in _places(each)), *_level(whole)])
    whiskers = [_whisker(x.at(at), y, each.lower, each.upper) for at, each in enumerate(shown, 1)]
    curves = [Curve("".join(whiskers), "whisker", said("accuracy.bounds", confidence=whole.confidence))]
    for tone, mark in _MARKS.items():
        path = "".join(
            mark.format(x=pixel(x.at(at)), y=pixel(y.at(each.value or 0.0)))
            for at, each in enumerate(shown, 1)
            if (each.decision or "measured") == tone
        )
        if path:
            curves.append(Curve(path, tone, said(f"accuracy_mark.{tone}")))
    columns = list(dict.fromkeys(each.group.partition("=")[0] for each in shown if each.group))
    signs = max(3, int((x.at(2) - x.at(1)) / _SIGN))
    words = [_shortened(_words(said, each, columns), signs) for each in shown]
    title = f"{whole.metric} ({whole.about})" if whole.about else whole.metric
    return Chart(
        name=name,
        title=said("accuracy.by_group", metric=title),
        told=_groups_told(said, shown, len(seen) - len(shown)),
        along=said("accuracy.groups", columns=said.listed(columns)),
        rows=ticks(said, y),
        columns=tuple(Tick(pixel(x.at(at)), each) for at, each in enumerate(words, 1)),
        curves=tuple(curves),
        bounds=_declared(said, whole, y),
    )


def _worst(whole: MetricSeen, seen: Sequence[MetricSeen]) -> list[MetricSeen]:
    """All rows, and the groups that are furthest on the wrong side, in the order of the record."""
    groups = [each for each in seen if each.group is not None]
    sign = -1 if whole.side == "at most" else 1
    kept = {id(each) for each in sorted(groups, key=lambda each: sign * (each.value or 0.0))[: MOST_GROUPS - 1]}
    return [each for each in seen if each.group is None or id(each) in kept]


def _groups_told(said: Sentences, shown: Sequence[MetricSeen], further: int) -> str:
    parts = [
        said(
            "accuracy.group_told", group=each.group or said("accuracy.all"), value=_figure(said, each.value),
            lower=_figure(said, each.lower), upper=_figure(said, each.upper), rows=each.rows,
        )
        for each in shown
    ]  # fmt: skip
    if further:
        parts.append(said("accuracy.further", number=further))
    return " ".join(parts)


def _declared(said: Sentences, whole: MetricSeen, y: Axis) -> tuple[Bound, ...]:
    if not _level(whole):
        return ()
    (limit,) = _level(whole)
    key = "accuracy.at_least" if whole.side == "at least" else "accuracy.at_most"
    return (bound(y, limit, said(key, limit=said.figure(limit, 4))),)


def _level(whole: MetricSeen) -> list[float]:
    return [whole.limit] if whole.limit is not None and abs(whole.limit) < _MOST_ROWS else []


def _around(values: Sequence[float]) -> Axis:
    """The axis from the ground up, between round values around all of these."""
    low, high = min(values), max(values)
    step = round_step(max(high - low, 1e-3 * max(abs(high), abs(low), 1e-3)) / 4)
    low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    return Axis(low, max(high, low + step), TOP + 130, TOP)


def _whisker(at: float, y: Axis, lower: float | None, upper: float | None) -> str:
    if lower is None or upper is None or not math.isfinite(lower + upper):
        return ""
    left, low, high = pixel(at - 4), pixel(y.at(lower)), pixel(y.at(upper))
    return f"M{left},{low}h8M{left},{high}h8M{pixel(at)},{low}V{high}"


def _bins(record: AccuracyRecord) -> tuple[BinView, ...]:
    """Bins as a run of ours records them."""
    return tuple(
        BinView(each, wilson(round(each.accuracy * each.rows), each.rows, _CONFIDENCE))
        for each in record.bins
        if 0 < each.rows < _MOST_ROWS and 0 <= each.accuracy <= 1 and 0 <= each.confidence <= 1
    )


def _reliability(said: Sentences, bins: Sequence[BinView], anchor: str) -> Chart:
    """The share of rows that is right against what their highest score says, bin by bin."""
    x, y = Axis(0.0, 1.0, LEFT, WIDTH - 14), Axis(0.0, 1.0, TOP + _SQUARE, TOP)
    whiskers = [_whisker(x.at(each.data.confidence), y, each.bounds.lower, each.bounds.upper) for each in bins]
    dots = [f"M{pixel(x.at(each.data.confidence))},{pixel(y.at(each.data.accuracy))}h0" for each in bins]
    too_sure = sum(each.bounds.upper < each.data.confidence for each in bins)
    too_shy = sum(each.bounds.lower > each.data.confidence for each in bins)
    steps = [each / 10 for each in range(11)]
    diagonal = f"M{pixel(x.at(0))},{pixel(y.at(0))}L{pixel(x.at(1))},{pixel(y.at(1))}"
    return Chart(
        name=f"{anchor}-reliability",
        title=said("accuracy.reliability"),
        told=said(
            "accuracy.reliability_told", bins=len(bins), rows=sum(each.data.rows for each in bins), sure=too_sure,
            shy=too_shy,
        ),
        along=said("accuracy.score"),
        rows=tuple(Tick(pixel(y.at(each)), said.figure(each)) for each in steps[::2]),
        columns=tuple(Tick(pixel(x.at(each)), said.figure(each)) for each in steps),
        curves=(
            Curve(diagonal, "ideal", said("accuracy.ideal")),
            Curve("".join(whiskers), "whisker", said("accuracy.wilson", confidence=_CONFIDENCE)),
            Curve("".join(dots), "supports", said("accuracy.bin")),
        ),
        plot=_SQUARE,
    )  # fmt: skip


def _words(said: Sentences, seen: MetricSeen, columns: Sequence[str]) -> str:
    """What stands below a group: its value alone where all groups are of one column."""
    if not seen.group:
        return said("accuracy.all")
    return seen.group.partition("=")[2] if len(columns) == 1 else seen.group


def _shortened(words: str, signs: int) -> str:
    """Beginning and end of words that are too long: names of groups often differ in their end alone."""
    if len(words) <= signs:
        return words
    end = (signs - 1) // 2
    return f"{words[: signs - 1 - end]}…{words[len(words) - end :]}"


def _figure(said: Sentences, value: float | None) -> str:
    return "–" if value is None else said.figure(value, 4)
