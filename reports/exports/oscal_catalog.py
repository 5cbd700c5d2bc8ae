"""``oscal-catalog.json``."""

from __future__ import annotations

from reports.exports import Export
from reports.oscal.catalog import catalog
from reports.oscal.form import CATALOG

EXPORT = Export(
    form="oscal-catalog",
    name=CATALOG,
    title="catalogue of duties",
    about="The duties of Article 15 as controls (OSCAL 1.2.1)",
    make=catalog,
)
