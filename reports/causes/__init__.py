"""The causes of findings as data: titles, cures, consequences, and what is a consequence of what."""

from __future__ import annotations

from reports.causes.load import load_causes
from reports.causes.model import CONSEQUENCES, Cause, Causes, Consequence

__all__ = ["CONSEQUENCES", "Cause", "Causes", "Consequence", "load_causes"]
