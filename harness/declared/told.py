"""What is said of the report, of the system, and of what is accepted: nothing of it is measured."""

from __future__ import annotations

import datetime
from typing import Literal

from harness.declared.table import PolicyTable

RiskClass = Literal["annex-iii", "annex-i", "not-high-risk", "not-stated"]


class ReportTable(PolicyTable, frozen=True, kw_only=True):
    """``[report]``: who asked, who ran (``operator``) and where, who answers for it.

    Attributes:
        title: of the report.
        customer: who asked for the test.
        operator: who ran it.
        responsible: persons who answer for the report, by name.
        place: where the tester stood.
        replaces: id of the report that this one takes the place of.
    """

    title: str = "Article 15 evidence report"
    customer: str | None = None
    operator: str | None = None
    responsible: list[str] = []
    place: str | None = None
    replaces: str | None = None


class ItemTable(PolicyTable, frozen=True, kw_only=True):
    """``[item]``: what the provider declares of the system; printed apart from what was measured.

    Attributes:
        system: name of the system that the endpoint belongs to.
        provider: who places it on the market, or puts it into service.
        version: of the system.
        intended_purpose: in words.
        lifecycle_stage: such as pre-release or in operation.
        risk_class: under the AI Act, as the provider classes it.
        keeps_learning: whether it goes on learning from what it is sent: without that, nothing is said of feedback
            loops (15(4)).
    """

    system: str | None = None
    provider: str | None = None
    version: str | None = None
    intended_purpose: str | None = None
    lifecycle_stage: str | None = None
    risk_class: RiskClass = "not-stated"
    keeps_learning: bool | None = None


class WaiverTable(PolicyTable, frozen=True, kw_only=True):
    """``[[waivers]]``: a known finding that the operator accepts until a date.

    Attributes:
        slug: of the check.
        owner: who accepts the finding.
        reason: why it is accepted.
        expires: the last day on which it is.
        model: by name; all models where none is named.
    """

    slug: str
    owner: str
    reason: str
    expires: datetime.date
    model: str | None = None


class DutyTable(PolicyTable, frozen=True, kw_only=True):
    """``[[not_applicable]]``: a duty that the operator declares not applicable, with reason and name.

    Attributes:
        duty: its id, such as A15-4-j.
        reason: why it does not apply.
        declared_by: who says so.
    """

    duty: str
    reason: str
    declared_by: str
