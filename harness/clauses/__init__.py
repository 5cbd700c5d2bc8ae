"""The clauses of the protocol and the duties of Article 15, as data; :func:`load` reads them strictly."""

from __future__ import annotations

from harness.clauses.cross import CheckLike, cross_check
from harness.clauses.document import CatalogueError
from harness.clauses.load import load, load_from
from harness.clauses.model import (
    ELISION,
    Against,
    Catalogue,
    Clause,
    DatedFact,
    Duty,
    Protocol,
    Standard,
    Taxonomy,
)

__all__ = [
    "ELISION",
    "Against",
    "Catalogue",
    "CatalogueError",
    "CheckLike",
    "Clause",
    "DatedFact",
    "Duty",
    "Protocol",
    "Standard",
    "Taxonomy",
    "cross_check",
    "load",
    "load_from",
]
