"""Benign variants: the reference server, different in ways the protocol allows. None of them may be blamed.

Modules are found by their place. :data:`VARIANTS` lists every variant, with the checks that it leaves nothing to ask.
"""

from __future__ import annotations

import importlib
import pkgutil

from harness.reference.variants.registry import VARIANTS, Variant

__all__ = ["VARIANTS", "Variant"]

for module in pkgutil.walk_packages(__path__, f"{__name__}."):
    importlib.import_module(module.name)
