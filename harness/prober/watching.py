"""What pytest shows of a probing run: progress for who watches, and each finding once."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import pytest
from _pytest._io.wcwidth import wcwidth

from harness.run.terminal.progress import RunProgress
from reports.text.neutralise import plain

# What pytest has where nobody asked for anything: its own sections are then left to ours.
DEFAULT_TRACEBACKS, DEFAULT_REPORTS = "auto", "fE"


class Watching:
    """One line that is written anew, on a terminal alone; a log gets pytest's lines.

    Args:
        reporter: pytest's own, with everything that it writes already guarded.
    """

    def __init__(self, reporter: pytest.TerminalReporter) -> None:
        self._reporter: Any = reporter
        self._line = ""
        self._began: float | None = None
        # What is asked for by -v, and a terminal that cannot go back in its line, have lines of their own.
        self.active = reporter.isatty and reporter.verbosity == 0 and os.environ.get("TERM") != "dumb"
        if self.active:
            self._reporter.showfspath = False
            self._reporter._show_progress_info = False  # noqa: SLF001 -- pytest has no other way

    def check(self, name: str, where: Callable[[float], RunProgress]) -> None:
        """A check begins; ``where`` says how far the run is, so many seconds after its first check."""
        if self.active:
            now = time.monotonic()
            self._began = now if self._began is None else self._began
            self._line = where(now - self._began).line(name)
            self._show(self._line)

    def doing(self, text: str) -> None:
        """What takes long within a check; nothing: it is over."""
        if self._reporter.isatty and self._reporter.verbosity <= 0:
            # The number of the check alone: there is no room for more.
            before = f"{re.split('[,:]', self._line, maxsplit=1)[0]}: " if self._line else ""
            self._show(f"{before}{text}" if text else self._line)

    def clear(self) -> None:
        """Leave an empty line to who writes next."""
        if self._line:
            self._line = ""
            self._show("")
            self._reporter.rewrite("")

    def _show(self, text: str) -> None:
        # While a check goes on, pytest keeps what is written from the terminal.
        capture = self._reporter.config.pluginmanager.get_plugin("capturemanager")
        with capture.global_and_fixture_disabled() if capture is not None else contextlib.nullcontext():
            self._reporter.rewrite(fitting(text, self._reporter._tw.fullwidth - 1), erase=True)  # noqa: SLF001
            self._reporter.flush()


def fitting(text: str, cells: int) -> str:
    """As much of the text as has room in a line: letters of some scripts are two cells wide."""
    shown = plain(text[: 4 * cells])
    ends = accumulate(max(0, wcwidth(each)) for each in shown)
    return shown[: sum(end <= cells for end in ends)]


@contextlib.contextmanager
def told_once(reporter: pytest.TerminalReporter, ours: Callable[[pytest.TestReport], bool]) -> Iterator[None]:
    """Inside, pytest's sections of failures leave out ours, unless somebody asked for them (-v, --tb, -r)."""
    option = reporter.config.option
    asked = option.tbstyle != DEFAULT_TRACEBACKS or option.reportchars != DEFAULT_REPORTS
    if asked or reporter.verbosity > 0:
        yield
        return
    kept = dict(reporter.stats)
    for name, reports in kept.items():
        reporter.stats[name] = [each for each in reports if not ours(each)]
    try:
        yield
    finally:
        reporter.stats.update(kept)
