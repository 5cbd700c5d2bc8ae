"""The few pictures of the report: one a question, of what tells most, each with its numbers in the annex."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from harness.bundle.robustness import RobustnessCurve, RobustnessRecord
from reports.evidence import Evidence
from reports.page.glance import glance
from reports.page.parts import Scale
from reports.page.view import View, view
from reports.pictures.album import Album
from reports.pictures.picture import Picture
from reports.text.sentences import languages, sentences
from tests.reports.some_load import capacity_search, load_run, spike
from tests.reports.test_pictures import held
from tests.reports.test_robustness_checks import DATA
from tests.reports.test_robustness_pictures import level

SCALE = Scale(characters=0, findings=1, cards=0)


def measured(drilled: Path) -> dict[str, Any]:
    """A document with drills, load of several kinds, and ladders of which the second comes out worse."""
    data: dict[str, Any] = json.loads((drilled / "evidence.json").read_bytes())
    ladders = [[level(1.0, 0.1, 0.2), level(2.0, 0.2)], [level(1.0, 0.1, 0.2), level(2.0, 0.5, 0.2)]]
    curves = [
        RobustnessCurve(kind="noise", title=f"ladder {at}", size="s", levels=each) for at, each in enumerate(ladders)
    ]
    record = RobustnessRecord(
        model="iris", transport="rest", data=DATA, asked=100, queries=400, confidence=0.95, curves=curves
    )
    data["series"] += [spike(), *capacity_search()]
    data["robustness"] = [msgspec.to_builtins(record)]
    return data


def shown(data: dict[str, Any], code: str = "en") -> tuple[View, list[Picture]]:
    found = view(msgspec.convert(data, Evidence), sentences(code), "0" * 64, SCALE, Album())
    return found, glance(found)


@pytest.mark.parametrize("code", languages())
def test_each_question_has_one_picture(drilled: Path, code: str) -> None:
    data = measured(drilled)
    found, pictures = shown(data, code)
    assert [held(each).size[0] for each in pictures] == [360] * 5
    assert [each.name for each in pictures] == [
        "clauses-by-subject", "duties-by-state", "load-2-rates", f"{found.drills[1].anchor}-strip", "changed-1-2",
    ]  # fmt: skip
    whole = [found.clause_counts, found.duty_counts, found.load[1].pictures[0], found.drills[1].strip]
    numbers = [{*each.rows} for each in whole if each]
    assert [{*each.rows} for each in pictures[:4]] == numbers, "the annex has the same numbers"
    assert [each.svg for each in shown(data, code)[1]] == [each.svg for each in pictures]


def test_what_was_not_measured_has_none(sealed: Path) -> None:
    data = json.loads((sealed / "evidence.json").read_bytes())
    assert len(shown(data)[1]) == 2
    data["series"] = [load_run("steady", 100.0)]
    assert [each.name for each in shown(data)[1]][2:] == ["load-1-times"]
    unanswered = load_run("lost", 100.0, check="load-lost[iris]", response={"count": 0, "percentiles": []})
    data["series"] = [unanswered, *data["series"]]
    found, pictures = shown(data)
    assert [each.name for each in found.load[0].pictures] == ["load-1-over-time"]
    assert [each.name for each in pictures][2:] == ["load-2-times"], "the first one that there is"
    data["catalogue"]["clauses"], data["duties"], data["series"] = [], [], []
    assert shown(data)[1] == []
