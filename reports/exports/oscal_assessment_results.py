"""``oscal-assessment-results.json``."""

from __future__ import annotations

from reports.exports import Export
from reports.oscal.form import RESULTS
from reports.oscal.results import results

EXPORT = Export(
    form="oscal-results",
    name=RESULTS,
    title="assessment results",
    about="Observations and findings, for tools of governance (OSCAL 1.2.1)",
    make=results,
)
