"""What a document says of robustness is recomputed from its counts; nothing altered in it passes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from harness.bundle.accuracy import DataSeen
from harness.bundle.robustness import LevelSeen, RelationSeen, RobustnessCurve, RobustnessRecord, ShareSeen
from harness.robustness.shares import BoundedShare, Family, accuracy_drop, changed_share
from harness.statistics.binomial import clopper_pearson
from reports.verification.robustness_checks import robustness_contradictions

np = pytest.importorskip("numpy")
DATA = DataSeen(file="rows.csv", sha256="0" * 64, total=100, drawn=100)
FAMILY = Family(0.95, 2)


def shown(found: BoundedShare, decision: str) -> ShareSeen:
    return ShareSeen(
        value=found.value,
        lower=found.interval.lower,
        upper=found.interval.upper,
        confidence=found.interval.confidence,
        method=found.method,
        limit=found.limit,
        within_chance=found.within_chance,
        beyond_chance=found.beyond_chance,
        decision=decision,  # type: ignore[arg-type]
    )


def changed() -> RobustnessRecord:
    """100 rows of which 2 changed and 1 has no answer: within 0.3, and no drop beyond 0.5."""
    share = changed_share(np.arange(99) < 2, 1, 0.3, FAMILY)
    drop = accuracy_drop(2, 0, 99, 1, 0.5, FAMILY)
    level = LevelSeen(
        size=0.1, rows=100, changed=2, missing=1, lost=2, gained=0, share=shown(share, "supports"),
        drop=shown(drop, "supports"), before=1.0, after=0.98,
    )  # fmt: skip
    relation = RelationSeen(
        kind="invariance", words="the same decision", inputs=20, violations=1, max_violations=0,
        upper=clopper_pearson(1, 20, 0.95).upper, confidence=0.95, decision="contradicts",
    )  # fmt: skip
    return RobustnessRecord(
        model="cancer", transport="rest", data=DATA, asked=100, queries=300, confidence=0.95, family=2,
        curves=[RobustnessCurve(kind="linf", title="noise", size="the most", metric="accuracy", levels=[level])],
        relations=[relation],
    )  # fmt: skip


def told(robustness: RobustnessRecord) -> list[str]:
    return list(robustness_contradictions([robustness], []))


def test_what_was_measured_contradicts_nothing() -> None:
    assert told(changed()) == []


def level_with(**other: object) -> Callable[[RobustnessRecord], RobustnessRecord]:
    def edit(record: RobustnessRecord) -> RobustnessRecord:
        (curve,) = record.curves
        level = msgspec.structs.replace(curve.levels[0], **other)
        return msgspec.structs.replace(record, curves=[msgspec.structs.replace(curve, levels=[level])])

    return edit


def share_with(**other: object) -> Callable[[RobustnessRecord], RobustnessRecord]:
    return lambda record: level_with(share=msgspec.structs.replace(record.curves[0].levels[0].share, **other))(record)


def relation_with(**other: object) -> Callable[[RobustnessRecord], RobustnessRecord]:
    def edit(record: RobustnessRecord) -> RobustnessRecord:
        return msgspec.structs.replace(record, relations=[msgspec.structs.replace(record.relations[0], **other)])

    return edit


@pytest.mark.parametrize(
    "edit",
    [
        level_with(changed=1),
        level_with(changed=200),
        level_with(missing=0),
        level_with(lost=1),
        level_with(lost=-1),
        share_with(upper=0.01),
        share_with(limit=0.01),
        share_with(decision="inconclusive"),
        share_with(within_chance=0.5),
        relation_with(violations=0),
        relation_with(upper=0.5),
        relation_with(decision="supports"),
        relation_with(inputs=0),
        lambda record: msgspec.structs.replace(record, family=1),
        lambda record: msgspec.structs.replace(record, confidence=0.999999999999),
    ],
)
def test_an_altered_record_is_told(edit: Callable[[RobustnessRecord], RobustnessRecord]) -> None:
    assert told(edit(changed()))
