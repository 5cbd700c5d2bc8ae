"""Charts of attacks: a curve that begins with a move, on axes that hold what there is to see."""

from __future__ import annotations

import msgspec

from harness.bundle.attacks import AttackPoint, RadiusPoint
from reports.page.attacks import attack_chart, radius_chart
from reports.text.sentences import sentences
from tests.reports.test_attack_checks import ATTACK, CERTIFIED

SAID = sentences()


def test_radii_are_drawn_as_one_curve_between_nothing_and_all() -> None:
    curve_seen = [RadiusPoint(radius=each / 10, certified=18 - each) for each in range(1, 6)]
    chart = radius_chart(SAID, msgspec.structs.replace(CERTIFIED, curve=curve_seen), "radius-1")
    assert chart is not None
    (curve,) = chart.curves
    assert curve.path.startswith("M")
    assert curve.path.count("M") == 1
    assert curve.path.count("L") == 4
    assert [each.words for each in chart.rows] == ["0", "0.5", "1"]


def test_distances_are_drawn_beside_the_limit() -> None:
    nearer = [
        AttackPoint(queries=50, found=60, median=2.0, within=0),
        AttackPoint(queries=100, found=60, median=0.7, within=2),
    ]
    chart = attack_chart(SAID, msgspec.structs.replace(ATTACK, curve=nearer), "attack-1")
    assert chart is not None
    (curve,) = chart.curves
    assert curve.path.startswith("M")
    assert "L" in curve.path
    assert len(chart.bounds) == 1
