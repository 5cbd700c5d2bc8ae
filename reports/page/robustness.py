"""Robustness as the page draws it: for each kind of change a curve over its sizes, with its bounds and its limit."""

from __future__ import annotations

from harness.bundle.robustness import RobustnessCurve, ShareSeen
from reports.page.charts import Axis, Bound, Chart, Curve, Tick, across, bound, pieces, pixel, ticks, upright
from reports.text.sentences import Sentences

# Sizes of one ladder that are drawn.
_MOST = 40


def robustness_chart(said: Sentences, curve: RobustnessCurve, name: str) -> Chart | None:
    """The share of changed decisions at each size, in the order of the ladder; None where nothing was measured."""
    levels = [each for each in curve.levels if each.share.value is not None][:_MOST]
    if not levels:
        return None
    # Steps of the ladder, as far from each other as they are: sizes are often powers of ten.
    x = across(max(1, len(levels) - 1) + 0.3, -0.3)
    limits: dict[float, list[str]] = {}
    for each in levels:
        if each.share.limit is not None:
            limits.setdefault(each.share.limit, []).append(said.figure(each.size))
    y = upright(min(1.0, max(0.05, *(_top(each.share) for each in levels), *limits)))
    lines = {
        "share": [each.share.value for each in levels],
        "reach": [each.share.upper for each in levels],
    }
    lower = pieces([(n, value) for n, each in enumerate(levels) if (value := each.share.lower) is not None], 1.5, x, y)
    curves = [
        Curve(
            pieces([(n, value) for n, value in enumerate(values) if value is not None], 1.5, x, y)
            + (lower if tone == "reach" else ""),
            tone,
            said(f"change_key.{tone}"),
        )
        for tone, values in lines.items()
    ]
    return Chart(
        name=name,
        title=said("robustness.chart", title=curve.title),
        told=_told(said, curve),
        along=said("robustness.along", size=curve.size),
        rows=ticks(said, y),
        columns=tuple(Tick(pixel(x.at(n)), said.figure(each.size)) for n, each in enumerate(levels)),
        curves=tuple(each for each in curves if each.path),
        bounds=tuple(_bound(said, y, each, sizes) for each, sizes in limits.items()),
    )


def _bound(said: Sentences, y: Axis, limit: float, sizes: list[str]) -> Bound:
    return bound(y, limit, said("robustness.allowed", limit=limit, sizes=sizes))


def _top(share: ShareSeen) -> float:
    return max(share.value or 0.0, share.upper or 0.0)


def _told(said: Sentences, curve: RobustnessCurve) -> str:
    """What the picture shows, in words: the first and the last size."""
    measured = [each for each in curve.levels if each.share.value is not None]
    ends = measured[:1] + measured[1:][-1:]
    return " ".join(
        said("robustness.told", size=each.size, changed=str(each.changed), rows=str(each.rows)) for each in ends
    )
