"""The causes of findings as data: titles, cures, consequences, and what is a consequence of what."""

from __future__ import annotations

from reports.causes.load import cause_of, load_causes
from reports.causes.model import CONSEQUENCES, Cause, Causes, Consequence, fields_of, key_of

__all__ = ["CONSEQUENCES", "Cause", "Causes", "Consequence", "cause_of", "fields_of", "key_of", "load_causes"]
