"""Pictures of changed inputs, attacks and labelled data: what was measured, its bounds, its limit."""

from __future__ import annotations

import msgspec

from harness.bundle.accuracy import BinSeen, MetricSeen
from harness.bundle.attacks import AttackPoint, RadiusPoint
from harness.bundle.drills import DrillRecord, RepetitionSeen
from harness.bundle.robustness import LevelSeen, RobustnessCurve, ShareSeen
from harness.bundle.series import LoadPoints
from harness.statistics.binomial import wilson
from reports.pictures.accuracy import MOST_GROUPS, BinView, groups_picture, reliability_picture
from reports.pictures.drills import drill_picture, strip_picture
from reports.pictures.robustness import attack_picture, curve_picture, radius_picture
from reports.text.sentences import sentences
from tests.reports import factory, some_drills
from tests.reports.test_attack_checks import ATTACK, CERTIFIED
from tests.reports.test_pictures import held

SAID = sentences()


def level(size: float, value: float | None, limit: float | None = None) -> LevelSeen:
    upper = None if value is None else min(1.0, value + 0.1)
    share = ShareSeen(value=value, lower=0.0, upper=upper, confidence=0.95, method="exact", limit=limit)
    return LevelSeen(size=size, rows=100, changed=round(100 * (value or 0)), share=share)


def test_a_ladder_has_its_bounds_and_its_limit() -> None:
    levels = [level(0.01, 0.0), level(0.1, 0.05, 0.02), level(1.0, None), level(10.0, 0.9)]
    curve = RobustnessCurve(kind="noise", title=factory.HOSTILE, size="of the range", levels=levels)
    picture = held(curve_picture(SAID, curve, "changed-1-1"))
    assert picture.rows[1] == ("0.1", "0.05", "0", "0.15", "0.02")
    assert [row[0] for row in picture.rows] == ["0.01", "0.1", "10"]
    assert curve_picture(SAID, msgspec.structs.replace(curve, levels=levels[2:3]), "x") is None


def test_distances_stand_beside_the_limit() -> None:
    points = [(50, 2.0), (100, 0.7), (200, None)]
    seen = [AttackPoint(queries=queries, found=60, median=median) for queries, median in points]
    picture = held(attack_picture(SAID, msgspec.structs.replace(ATTACK, curve=seen), "attack-1"))
    assert picture.rows == (("50", "2"), ("100", "0.7"))
    assert "from 2 to 0.7 within 100 queries" in picture.told
    assert attack_picture(SAID, msgspec.structs.replace(ATTACK, curve=seen[1:]), "attack-1") is None


def test_radii_are_certified_for_a_share() -> None:
    seen = [RadiusPoint(radius=each / 10, certified=18 - each) for each in range(1, 6)]
    picture = held(radius_picture(SAID, msgspec.structs.replace(CERTIFIED, curve=seen), "radius-1"))
    assert picture.rows[0] == ("0.1", "17")
    assert radius_picture(SAID, msgspec.structs.replace(CERTIFIED, curve=[]), "radius-1") is None


def metric(value: float, group: str | None) -> MetricSeen:
    return MetricSeen(
        metric="accuracy", group=group, value=value, lower=value - 0.1, upper=value + 0.1, confidence=0.95,
        method="exact", rows=100, limit=None if group else 0.8, side="at least", decision=None if group else "supports",
    )  # fmt: skip


def test_of_many_groups_the_worst_are_drawn_and_all_are_in_the_table() -> None:
    groups = [metric(0.5 + each / 100, f"{factory.HOSTILE}={each}") for each in range(30)]
    whole = metric(0.9, None)
    picture = held(groups_picture(SAID, whole, [whole, *groups], "accuracy-1-groups-1"))
    assert len(picture.rows) == 31
    assert f"further on the right side: {31 - MOST_GROUPS} groups" in picture.told
    assert groups_picture(SAID, whole, [whole], "x") is None
    assert groups_picture(SAID, whole, [whole, msgspec.structs.replace(whole, value=1e300)], "x") is None


def test_scores_stand_against_what_is_right() -> None:
    bins = [BinView(BinSeen(rows=100, confidence=0.95, accuracy=0.5), wilson(50, 100, 0.95))]
    picture = held(reliability_picture(SAID, bins, "accuracy-1-reliability"))
    assert picture.rows[0][:2] == ("0.95", "0.5")
    assert "1 bin of rows" in picture.told


def drill_of(repetitions: list[dict[str, object]]) -> DrillRecord:
    return msgspec.convert(some_drills.drill("hangs", repetitions), DrillRecord)


def test_a_drill_over_time_has_its_phases() -> None:
    seen = some_drills.repetition("hangs-1", 30, 3.5, ("max_failed",))
    points = msgspec.convert(some_drills.load_of("hangs-1", 30)["points"], LoadPoints)
    record = msgspec.convert(seen, RepetitionSeen)
    picture = held(drill_picture(SAID, drill_of([seen]), record, points, "drill-1-1"))
    assert [row[0] for row in picture.rows] == ["before", "fault", "steady again"], "it recovered while the fault stood"
    assert sum(int(row[5]) for row in picture.rows) == 30
    unended = msgspec.structs.replace(record, reverted=None)
    assert drill_picture(SAID, drill_of([seen]), unended, points, "x") is None
    long = msgspec.structs.replace(points, planned=[1] * 3000)
    assert drill_picture(SAID, drill_of([seen]), record, long, "x") is None


def test_the_strip_has_every_repetition() -> None:
    told = [some_drills.repetition(f"hangs-{each}", took=each / 10) for each in range(8)]
    told.append(some_drills.ended("invalid", "late"))
    states = ["held"] * 7 + ["broke", "tester"]
    picture = held(strip_picture(SAID, drill_of(told), states, "drill-1-strip"))
    assert picture.rows[7] == ("8", "did not hold", "700\u00a0ms")
    assert picture.rows[8] == ("9", "tester failed", "–")
    assert strip_picture(SAID, drill_of(told[:1]), states[:1], "x") is None
