"""Seeded faults: the reference server, wrong in exactly one way.

The faults of a check in ``suites/SUITE/test_GROUP.py`` lie in ``SUITE/GROUP.py``; what several files share lies in
``kit``. Modules are found by their place. :data:`FAULTS` lists every fault.
"""

from __future__ import annotations

import importlib
import pkgutil

from harness.reference.faults.registry import FAULTS, Fault

__all__ = ["FAULTS", "Fault"]

for module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(module.name)
