"""What a document says of attacks is recomputed from its counts; nothing altered in it passes."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from harness.bundle.accuracy import DataSeen
from harness.bundle.attacks import AttackSeen, AttacksRecord, CertifiedSeen, GivenAwaySeen
from harness.bundle.robustness import ShareSeen
from harness.statistics.binomial import chance, clopper_pearson
from reports.verification.attack_checks import attack_contradictions

DATA = DataSeen(file="rows.csv", sha256="0" * 64, label="kind", total=60, drawn=60)
BOUNDS = clopper_pearson(2, 60)
SHARE = ShareSeen(
    value=2 / 60, lower=BOUNDS.lower, upper=BOUNDS.upper, confidence=0.95, method="Clopper-Pearson, one-sided",
    limit=0.2, within_chance=chance(58, 60, 0.8), beyond_chance=chance(2, 60, 0.2), decision="supports",
)  # fmt: skip
ATTACK = AttackSeen(
    kind="hop-skip", title="HopSkipJump", norm="l2", limit=0.5, allowed=100, samples=60, successes=2, queries=6000,
    share=SHARE,
)  # fmt: skip
FEW = clopper_pearson(18, 20)
CERTIFIED = CertifiedSeen(
    sigma=0.5, select=10, estimate=50, confidence=0.99, alpha=0.0005, samples=20, abstained=2, wrong=0, queries=1200,
    radius=0.2, certified=18,
    share=ShareSeen(
        value=0.9, lower=FEW.lower, upper=FEW.upper, confidence=0.95, method="Clopper-Pearson", limit=0.5,
        decision="supports",
    ),
)  # fmt: skip
COPY = GivenAwaySeen(
    kind="agreement", words="a copy", queries=100, rows=50, value=0.9, lower=0.8, upper=0.95, confidence=0.95,
    limit=0.7, decision="contradicts",
)  # fmt: skip
RECORD = AttacksRecord(
    model="digits", transport="rest", data=DATA, seed=1, queries=7300, confidence=0.95, family=1, attacks=[ATTACK],
    certified=CERTIFIED, given_away=[COPY],
)  # fmt: skip


def test_what_is_right_has_no_contradiction() -> None:
    assert list(attack_contradictions([RECORD])) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda: attack(successes=1), "bounds are not those of 1 of 60"),
        (lambda: attack(queries=6001), "more than 100 for each"),
        (lambda: attack(missing=59), "do not add up"),
        (lambda: attack(share=msgspec.structs.replace(SHARE, upper=0.1)), "bounds are not those"),
        (lambda: attack(share=msgspec.structs.replace(SHARE, limit=0.9)), "p-values are not those"),
        (lambda: attack(share=msgspec.structs.replace(SHARE, decision="contradicts")), "not those of its p-values"),
        (lambda: record(certified=msgspec.structs.replace(CERTIFIED, certified=19)), "more samples than have a radius"),
        (lambda: record(certified=msgspec.structs.replace(CERTIFIED, certified=17)), "bounds are not those of 17"),
        (lambda: record(given_away=[msgspec.structs.replace(COPY, decision="supports")]), "its bounds say contradicts"),
    ],
)
def test_what_is_altered_is_seen(change: Callable[[], AttacksRecord], words: str) -> None:
    assert any(words in text for text in attack_contradictions([change()]))


def attack(**changed: object) -> AttacksRecord:
    return record(attacks=[msgspec.structs.replace(ATTACK, **changed)])


def record(**changed: object) -> AttacksRecord:
    return msgspec.structs.replace(RECORD, **changed)
