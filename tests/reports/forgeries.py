"""Forgeries of a signed bundle, one of each kind; to import this is to have them all."""

from __future__ import annotations

from tests.reports import forged_documents, forged_files, forged_journals, forged_runs
from tests.reports.forging import FORGERIES

__all__ = ["FORGERIES", "forged_documents", "forged_files", "forged_journals", "forged_runs"]
