"""The few pictures of the report, one a question; each stands in the annex under the same name, with its numbers."""

from __future__ import annotations

import dataclasses

from harness.bundle.robustness import RobustnessCurve
from reports.page.drills import STATES, state_of_repetition
from reports.page.view import View
from reports.pictures.canvas import HALF
from reports.pictures.drills import strip_picture
from reports.pictures.load import latency_picture, rates_of, rates_picture
from reports.pictures.picture import Picture
from reports.pictures.robustness import curve_picture
from reports.pictures.shares import clauses_picture, duties_picture

_WORST_FIRST = ("contradicts", "inconclusive", "supports", None)


def glance(view: View) -> list[Picture]:
    """What was decided, what was shown, and of each thing that was measured the picture that tells most."""
    document = view.document
    clauses = clauses_picture(view.said, document.catalogue.clauses, HALF)
    made = (clauses, duties_picture(view.said, document.duties, HALF), _load(view), _drill(view), _curve(view))
    return [each for each in made if each is not None]


def _load(view: View) -> Picture | None:
    """Of a search for capacity, or else of the first run whose latency was measured."""
    shown = [(f"load-{number}", each.runs) for number, each in enumerate(view.load, 1) if each.pictures]
    searches = [(name, runs) for name, runs in shown if rates_of(runs)]
    for name, runs in searches[:1]:
        return rates_picture(view.said, f"{name}-rates", runs[0].model, runs, HALF)
    times = (latency_picture(view.said, f"{name}-times", runs[0].model, runs, HALF) for name, runs in shown)
    return next((each for each in times if each is not None), None)


def _drill(view: View) -> Picture | None:
    """Of the drill that came out worst; of one without a fault only where there is no other."""
    drawn = [each for each in view.drills if each.strip]
    if not drawn:
        return None
    worst = min(drawn, key=lambda each: (each.data.fault == "none", STATES.index(each.state)))
    states = [state_of_repetition(worst.data, each) for each in worst.data.repetitions]
    found = strip_picture(view.said, worst.data, states, f"{worst.anchor}-strip", HALF)
    title = view.said("picture.of", title=found.title, name=worst.data.name) if found else ""
    return dataclasses.replace(found, title=title) if found else None


def _curve(view: View) -> Picture | None:
    """Of the changed inputs that come out worst beside their limits."""
    found = [
        (f"changed-{number}-{place}", each)
        for number, record in enumerate(view.document.robustness, 1)
        for place, each in enumerate(record.curves, 1)
        if any(level.share.value is not None for level in each.levels)
    ]
    if not found:
        return None
    name, worst = min(found, key=lambda one: _beside_limits(one[1]))
    return curve_picture(view.said, worst, name, HALF)


def _beside_limits(curve: RobustnessCurve) -> tuple[int, float]:
    decided = min(_WORST_FIRST.index(each.share.decision) for each in curve.levels)
    return decided, -max((each.share.value or 0.0) - (each.share.limit or 0.0) for each in curve.levels)
