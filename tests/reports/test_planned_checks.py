"""Words of the catalogue in a journal are ours, but for secrets that were taken out of them."""

from __future__ import annotations

import pytest

from reports.verification.planned_checks import same_but_for_secrets

HELD = [("A15-4-e", "monitoring records of the operator", ["one", "two"])]


@pytest.mark.parametrize(
    "text",
    [
        "monitoring records of the operator",
        "monitoring records [redacted]",
        "[redacted] records of [redacted]",
        "[redacted]",
    ],
)
def test_what_was_taken_out_is_no_contradiction(text: str) -> None:
    assert same_but_for_secrets([("A15-4-e", text, ["one", "two"])], HELD)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "monitoring records",
        "monitoring records [redacted]!",
        "no records [redacted]",
        "[redacted] of [redacted] of [redacted]",
    ],
)
def test_other_words_are(text: str) -> None:
    assert not same_but_for_secrets([("A15-4-e", text, ["one", "two"])], HELD)
    assert not same_but_for_secrets([("A15-4-e", HELD[0][1], ["one"])], HELD)
    assert not same_but_for_secrets([], HELD)
