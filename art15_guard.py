"""The door to art15: makes sure that ``harness`` and ``reports`` are ours before anything else is imported.

Both names belong to other distributions on the package index as well, and a folder of that name on the path is
enough to shadow ours. This module has a name of its own, so it can say so in one line instead of a traceback.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from typing import Any, NoReturn

# A file of ours and words of ours in __init__.py: another distribution of that name may have been installed over it.
MARKERS = {
    "harness": ("verdicts.py", "art15's harness"),
    "reports": ("bundle.py", "From the journal of a run"),
    "suites": ("conformance", "The checks: one folder per concern"),
}


def foreign() -> str | None:
    """One line that names a foreign package standing in place of ours, or None; runs nothing of it."""
    for package, (file, words) in MARKERS.items():
        try:
            spec = importlib.util.find_spec(package)
        except (ImportError, ValueError):
            spec = None
        folders = list(spec.submodule_search_locations or ()) if spec else []
        if not any(_ours(Path(folder), file, words) for folder in folders):
            where = spec.origin or folders if spec else "nowhere"
            return (
                f"the package {package!r} found at {where} is not art15's: "
                "take that folder off the path (PYTHONPATH, current directory) or uninstall that distribution"
            )
    return None


def _ours(folder: Path, file: str, words: str) -> bool:
    first = folder / "__init__.py"
    return (folder / file).exists() and first.is_file() and words in first.read_text("utf-8", errors="replace")


class Refusal:
    """A pytest plugin that stops the run with one line and exit code 4."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def pytest_addoption(self, parser: Any) -> None:
        """Stop before the first of our options is called unknown."""
        import pytest

        if any(argument.partition("=")[0] == "--endpoint" for argument in sys.argv[1:]):
            raise pytest.UsageError(self.reason)
        parser.addoption("--endpoint", action="append", default=[], help="(art15 cannot run: foreign harness)")

    def pytest_cmdline_main(self, config: Any) -> None:
        """Refuse to probe; without an endpoint there is nothing of ours to refuse."""
        import pytest

        if config.getoption("--endpoint"):
            raise pytest.UsageError(self.reason)


def _plugin() -> object:
    reason = foreign()
    return importlib.import_module("harness.plugin") if reason is None else Refusal(reason)


def __getattr__(name: str) -> object:
    if name == "plugin":
        return _plugin()
    raise AttributeError(name)


def main() -> NoReturn:
    """The console script ``art15``."""
    reason = foreign()
    if reason is not None:
        sys.stderr.write(f"art15: {reason}\n")
        raise SystemExit(4)
    importlib.import_module("harness.cli").main()
    raise SystemExit(0)
