"""Findings that the operator accepts, and waivers that cover none any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from harness.check import Check
from harness.declared.told import WaiverTable
from harness.endpoint.models import ModelUnderTest
from harness.run.results import Result
from harness.verdicts import Verdict


def waiver_for(
    waivers: Iterable[WaiverTable], check: Check, model: ModelUnderTest | None, verdict: Verdict, today: date
) -> WaiverTable | None:
    """The waiver that covers a finding today; an expired one covers nothing."""
    if verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
        return None
    name = model.id if model is not None else None
    for waiver in waivers:
        if waiver.slug == check.slug and waiver.model in (None, name) and waiver.expires >= today:
            return waiver
    return None


def stale_waivers(waivers: Iterable[WaiverTable], results: Collection[Result], today: date) -> list[str]:
    """Waivers that have run out, or that cover a check which now passes, in words."""
    stale = []
    for waiver in waivers:
        covered = [
            result
            for result in results
            if result.check.slug == waiver.slug and waiver.model in (None, result.model.id if result.model else None)
        ]
        if waiver.expires < today:
            stale.append(f"waiver for {waiver.slug} ran out on {waiver.expires}")
        elif covered and all(result.verdict is Verdict.PASS for result in covered):
            stale.append(f"waiver for {waiver.slug} is not needed any more: the check passes")
    return stale
