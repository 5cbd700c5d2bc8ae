"""``oscal-assessment-plan.json``."""

from __future__ import annotations

from reports.exports import Export
from reports.oscal.form import PLAN
from reports.oscal.plan import plan

EXPORT = Export(
    form="oscal-plan",
    name=PLAN,
    title="assessment plan",
    about="What was fixed before the first request (OSCAL 1.2.1)",
    make=plan,
)
