"""The items of pytest: one check on one model, or on the server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from _pytest._code.code import ExceptionChainRepr, ExceptionRepr, ReprTracebackNative

from harness.check import Check
from harness.endpoint.models import ModelUnderTest
from harness.record.unbroken import interruptible
from harness.run.one_check import in_words
from harness.run.outcomes import FAILED, TOOL_ERROR, WAIVED, word
from harness.run.results import check_id
from harness.run.session.open_run import OpenRun
from harness.run.terminal.summary import describe
from reports.text.neutralise import plain

# Characters of the name of an item; a model may be called as its endpoint likes.
LONGEST = 400


def without_values(shown: ExceptionRepr, met: pytest.ExceptionInfo[BaseException]) -> None:
    """Let an error that ends a session be shown by its kind and place alone: what it says may be a sample.

    Args:
        shown: what every plugin is going to write.
    """
    text = in_words("", met.value, private=True)
    if isinstance(shown, ExceptionChainRepr):
        shown.chain = [(ReprTracebackNative([f"{text}\n"]), None, None)]
    shown.reprcrash, shown.reprtraceback = None, ReprTracebackNative([f"{text}\n"])


class CheckFailed(Exception):
    """Fails an item: its text is the finding, or what the tester could not do."""


def name_of(identity: str) -> str:
    """The name of an item, which goes to the terminal, to ``junit.xml`` and to pytest's cache: one line, not too long.

    Those of two items differ wherever their identities do before anything of them is shown otherwise.
    """
    name = plain(identity)
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}…{hashlib.sha256(identity.encode('utf-8', 'replace')).hexdigest()[:8]}"


class CheckItem(pytest.Item):
    """One check on one model, or on the server.

    Args:
        recording: a context inside which evidence is written.
    """

    def __init__(
        self,
        *,
        check: Check,
        model: ModelUnderTest | None,
        run: OpenRun,
        recording: Callable[[], AbstractContextManager[None]],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.check = check
        self.model = model
        self._run, self._recording = run, recording
        told = plain(run.redactor.text(self.identity))
        self.user_properties += [("check", told), ("slug", check.slug)]

    @property
    def identity(self) -> str:
        """What the run calls it, whatever is in the model's name."""
        return check_id(self.check, self.model)

    def runtest(self) -> None:
        """Execute the check; findings and tool errors raise, what decided nothing is skipped by its name."""
        with interruptible(), self._recording():
            result = self._run.execute(self.check, self.model)
        called = word(result)
        self.user_properties += [("verdict", str(result.verdict)), ("outcome", called)]
        if called in (FAILED, TOOL_ERROR):
            raise CheckFailed(describe(result, self._run))
        if called not in ("passed", "warned"):
            by = f" by {result.waiver.owner} until {result.waiver.expires}" if result.waiver else ""
            pytest.skip(plain(self._run.redactor.text(f"{called}{by if called == WAIVED else ''}: {result.reason}")))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The finding in words instead of a traceback through the harness."""
        if isinstance(excinfo.value, CheckFailed):
            return str(excinfo.value)
        if self._run.config.policy.sensitive:
            return in_words("", excinfo.value, private=True)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the check stands, and its slug."""
        return self.path, self.check.function.__code__.co_firstlineno - 1, self.name
