"""All checks there are: those of ``suites/`` and those of the entry point group ``art15.checks``."""

from __future__ import annotations

import importlib
import importlib.metadata
import pkgutil
import types

import suites
from harness.check import REGISTRY, CheckDefinitionError, Registry
from harness.clauses import Catalogue, CatalogueError, cross_check, load
from harness.run.options import UsageError

GROUP = "art15.checks"


def load_checks() -> tuple[Registry, Catalogue, list[types.ModuleType]]:
    """Import every suite, hold the checks against the catalogue, and give the modules of third parties.

    Raises:
        UsageError: a check or the catalogue is not as it must be, with the message that names the right one.
    """
    try:
        names = [module.name for module in pkgutil.walk_packages(suites.__path__, "suites.") if not module.ispkg]
        for name in sorted(names, key=_suite_and_group):
            importlib.import_module(name)
        entries = importlib.metadata.entry_points(group=GROUP)
        foreign = [importlib.import_module(entry.module) for entry in entries]
        REGISTRY.validate_needs()
        catalogue = load()
        cross_check(catalogue, list(REGISTRY))
    except (CheckDefinitionError, CatalogueError) as error:
        raise UsageError(str(error)) from error
    return REGISTRY, catalogue, foreign


def _suite_and_group(module: str) -> tuple[str, str]:
    """What checks are sorted by: folders inside a suite are for readers, and change no order."""
    parts = module.split(".")
    return parts[1], parts[-1]
