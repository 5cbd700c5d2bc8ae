"""The hooks of a probing session: collection, outcomes, summary."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest
from _pytest._code.code import ExceptionRepr

from harness.check import Check
from harness.endpoint.models import ModelUnderTest
from harness.prober.ending import Ending
from harness.prober.items import CheckItem, name_of, without_values
from harness.prober.junit import Junit
from harness.prober.setup import set_up
from harness.prober.watching import Watching, told_once
from harness.record.unbroken import unbroken
from harness.run.options import UsageError
from harness.run.outcomes import FAILED, TESTER, TOOL_ERROR, WORDS, exit_of, word
from harness.run.planning.order import in_order
from harness.run.planning.telling import most_telling_first
from harness.run.results import check_id
from harness.run.session.open_run import OpenRun
from harness.run.session.opening import PreparedRun
from harness.run.step_summary import add_to_step
from harness.run.terminal.guard import guard, said
from harness.run.terminal.output import Output, warn
from harness.run.terminal.summary import write_summary


class Prober:
    """Owns the run for the length of the session.

    Args:
        stack: is closed when pytest is done.
        output: what stands for standard output.

    Raises:
        pytest.UsageError: the run was asked for in a way that cannot work.
    """

    def __init__(self, config: pytest.Config, stack: contextlib.ExitStack, output: Output) -> None:
        self.pluginmanager = config.pluginmanager
        self.output = output
        self.session: pytest.Session | None = None
        self.ending = Ending()
        self.ending.listen(stack)
        self.setup = set_up(config, stack)
        self.config = self.setup.config
        self.junit = Junit(config, self.config.folder)
        self.prepared = PreparedRun(self.config, self.setup.catalogue, self.setup.chosen, self._say, self._tell)
        self.opened: OpenRun | None = None
        self.watching: Watching | None = None

    @property
    def run(self) -> OpenRun:
        """The run, which is open before anything is collected."""
        assert self.opened is not None
        return self.opened

    def recording(self) -> contextlib.AbstractContextManager[None]:
        """See :meth:`Ending.recording`."""
        return self.ending.recording(self.prepared)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        """Seal the plan and find the endpoint before anything is collected: models are parameters of items."""
        reporter = self.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            guard(reporter)
            self.watching = Watching(reporter)
        self.session = session
        try:
            with self.recording():
                self.opened = self.prepared.open()
        except UsageError as error:
            self.junit.forgo()
            raise pytest.UsageError(said(error)) from error
        return (yield)

    def _say(self, text: str) -> None:
        """Progress of what takes long; only for somebody who watches."""
        if self.watching is not None:
            self.watching.doing(self.prepared.redactor.text(text))

    def _tell(self, text: str) -> None:
        """A line of its own: what is waited for, and what was noticed before the first check."""
        reporter = self.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"art15: {self.prepared.redactor.text(text)}")

    def pytest_pycollect_makeitem(self, collector: pytest.Module, name: str, obj: object) -> list[CheckItem] | None:
        """A decorated function becomes its items."""
        check = getattr(obj, "__check__", None)
        if not isinstance(check, Check) or check.function.__module__ != collector.obj.__name__:
            return None
        return list(self.items_for(check, collector))

    def items_for(self, check: Check, parent: pytest.Collector) -> Iterator[CheckItem]:
        """One item per model, or one for the server."""
        if not self.setup.selects(check):
            return
        run, endpoint = self.run, self.run.endpoint
        models: list[ModelUnderTest | None] = [*endpoint.models, *endpoint.beyond] if check.per == "model" else [None]
        for model in models:
            name = name_of(run.redactor.text(check_id(check, model)))
            yield CheckItem.from_parent(parent, name=name, check=check, model=model, run=run, recording=self.recording)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Add the checks of third parties and put prerequisites first, whatever another plugin shuffles."""
        registry = self.setup.registry
        names = {module.__name__ for module in self.setup.foreign}
        for check in registry:
            if check.function.__module__ in names:
                items.extend(self.items_for(check, session))
        checks = [item for item in items if isinstance(item, CheckItem)]
        others = [item for item in items if not isinstance(item, CheckItem)]
        items[:] = [*in_order(checks, registry, self._ranks(checks)), *others]
        places = {item: place for place, item in enumerate(items)}
        result = yield
        items.sort(key=lambda item: places.get(item, len(places)))
        return result

    def _ranks(self, items: list[CheckItem]) -> dict[str, int] | None:
        """Places by what tells most, where there is a budget to spend; None: the order stays as it is."""
        slow = self.config.options.max_rate or self.config.policy.budget.max_rate
        if not (slow or self.run.purse.hurries((item.identity, item.check) for item in items)):
            return None
        chosen = {item.check.slug: item.check for item in items}
        return most_telling_first(chosen.values(), self.setup.catalogue, self.run.prices)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Record what is planned: what has no verdict at the end was not carried out."""
        with self.recording():
            self.run.plan_items((item.check, item.model) for item in session.items if isinstance(item, CheckItem))

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Somebody, or something, ended the run before its time."""
        self.ending.note(excinfo)

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: ExceptionRepr, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """An error of ours, or of another plugin, is not shown with what it says where that may be a sample."""
        if self.config.policy.sensitive:
            without_values(excrepr, excinfo)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Remember where the middle is: identities are read there."""
        self.half = len(session.items) // 2
        self.run.purse.plan((item.identity, item.check) for item in session.items if isinstance(item, CheckItem))
        try:
            return (yield)
        finally:
            if self.watching is not None:
                self.watching.clear()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """A check can be interrupted; what pytest and its plugins do around it cannot."""
        if isinstance(item, CheckItem) and self.watching is not None:
            planned = len(item.session.items)
            self.watching.check(item.name, lambda seconds: self.run.progress(planned, seconds))
        with unbroken() if isinstance(item, CheckItem) else contextlib.nullcontext():
            return (yield)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Read the identities in the middle of the run."""
        if len(self.run.results) == self.half:
            with self.recording():
                self.run.halfway()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, Any] | None:
        """The words of the lattice instead of pytest's."""
        called = dict(getattr(report, "user_properties", ())).get("outcome")
        if called is None or report.when != "call":
            return None
        letter, long = WORDS[str(called)]
        return str(called), "" if self.watching is not None and self.watching.active else letter, long

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Close the bundle after other plugins have written their files, and before the terminal sums up."""
        run = self.opened
        with self.ending.last_writes(session):
            if run is not None:
                session.exitstatus = self._exit_status(session, run)
                self.output.flush()
                if self.output.lost:
                    session.exitstatus = TESTER
        with self.ending.last_writes(session):
            yield
        with self.ending.last_writes(session):
            if self.ending.why and (run is None or not run.began):
                self.junit.remove()
                self.prepared.abandon()
            elif run is not None:
                self._close(session, run)

    def _close(self, session: pytest.Session, run: OpenRun) -> None:
        disk = self.prepared.disk
        if disk.failed:
            self.junit.remove()
        else:
            # Without these results the journal is closed all the same, and the report made.
            with self.ending.last_writes(session):
                self.junit.correct(run.redactor.text)
        try:
            run.close(int(session.exitstatus), self.ending.of(session))
        finally:
            if not disk.gone(self.config.folder):
                run.finish()
                if untold := add_to_step(self.config.folder, os.environ):
                    warn(f"art15: {untold}")
        if run.unproven:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    def _exit_status(self, session: pytest.Session, run: OpenRun) -> int:
        """See :func:`harness.run.outcomes.exit_of`."""
        results = run.results.values()
        ours = sum(word(result) in (FAILED, TOOL_ERROR) for result in results)
        others = max(0, session.testsfailed - ours)
        compared = run.compared()
        gone = [f"known finding occurs no more: {each.words}" for each in compared.stale] if compared else []
        stale = [*run.stale_waivers(), *gone]
        wrong = [f"{each.check or 'discovery'}: {each.text}" for each in run.self_check().disagreements]
        status = int(session.exitstatus)
        run.exit = exit_of(results, status=status, others_failed=others, stale=stale, wrong_messages=wrong)
        return run.exit.code

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Say on standard error what could not be said otherwise."""
        self.output.flush()
        folder = self.config.folder
        if self.ending.untold:
            is_made = self.opened is not None and self.opened.report is not None
            what = "not everything could" if is_made else "the report could not"
            again = f": art15 report {folder}" if not is_made and (folder / "journal.jsonl").exists() else ""
            warn(f"art15: {what} be written ({'; '.join(self.ending.untold)}){again}")
        if self.output.lost and self.session is not None:
            self.session.exitstatus = TESTER
            warn(f"art15: standard output is not read ({self.output.lost}); the evidence is in {folder}")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, object, object]:
        """What the run has found, once, behind what pytest says of tests of others."""
        with told_once(terminalreporter, lambda report: "outcome" in dict(getattr(report, "user_properties", ()))):
            result = yield
        if self.opened is not None and self.opened.report is not None:
            write_summary(terminalreporter, self.opened)
        return result
