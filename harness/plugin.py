"""The pytest plugin: options, collection, outcomes, summary. Wiring only; inert without ``--endpoint``.

One check is one item, parametrised by model; its node id ends in the slug, with the model in brackets.
"""

from __future__ import annotations

import contextlib
import copy
import signal
import sys
import threading
import types
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import suites
from harness.allowed import did_you_mean
from harness.check import Check
from harness.record.unbroken import after_writing, interruptible, unbroken
from harness.run.options import EMBEDDED, Options, UsageError, add_options, read_options, refuse_unknown
from harness.run.terminal.output import Output, open_closed, warn
from reports.text.neutralise import plain

if TYPE_CHECKING:
    from harness.endpoint.models import ModelUnderTest
    from harness.run.results import Result

# What a run needs (HTTP, clauses, reports) is imported once an endpoint is given: plain test runs stay fast.
# ruff: noqa: PLC0415


UNHEARD = pytest.StashKey[str]()


class CheckFailed(Exception):
    """Fails an item: its text is the finding, or what the tester could not do."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of the harness; all but ``--endpoint`` carry the prefix ``--oip-``."""
    add_options(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, object, object]:
    """A typing error in an option of ours is answered with the option that is like it."""
    if any(argument.partition("=")[0] == "--endpoint" for argument in args) and open_closed():
        early_config.stash[UNHEARD] = "it was closed from the start"
    loaded = yield
    unknown = parser.parse_known_and_unknown_args(args, namespace=copy.copy(early_config.option))[1]
    try:
        refuse_unknown(unknown)
    except UsageError as error:
        raise pytest.UsageError(plain(str(error))) from error
    return loaded


def pytest_configure(config: pytest.Config) -> None:
    """With an endpoint: check the options and register the part of the plugin that probes."""
    if not config.getoption("--endpoint"):
        return
    if getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError("probing under xdist is refused: one process keeps the budget and the order (-n 0)")
    # locust's own plugin lends its clients to tests, and with them gevent's patches of the interpreter, under which
    # calls over gRPC never return. A probing run has no use for it; load is made by processes of its own.
    config.pluginmanager.set_blocked("locust")
    if "gevent.monkey" in sys.modules and sys.modules["gevent.monkey"].is_module_patched("socket"):
        raise pytest.UsageError("gevent has patched this interpreter: leave out the plugin that does it (-p no:NAME)")
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        config.args = [str(Path(suites.__path__[0]))]
    # Before pytest takes it for its own output.
    output = sys.stdout = Output(sys.stdout, config.stash.get(UNHEARD, ""))
    stack = contextlib.ExitStack()
    config.add_cleanup(stack.close)
    config.pluginmanager.register(Prober(config, stack, output), "art15-prober")


def _no_junit(config: pytest.Config) -> None:
    """A run that never began has no results: no file of them is made, nor the folder for it."""
    from _pytest.junitxml import xml_key

    plugin = config.stash.get(xml_key, None)
    if plugin is not None:
        del config.stash[xml_key]
        config.pluginmanager.unregister(plugin)


class CheckItem(pytest.Item):
    """One check on one model, or on the server."""

    def __init__(self, *, check: Check, model: ModelUnderTest | None, prober: Prober, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check
        self.model = model
        self.prober = prober
        self.user_properties.append(("slug", check.slug))

    @property
    def identity(self) -> str:
        """What the run calls it, whatever is in the model's name."""
        from harness.run.session import check_id

        return check_id(self.check, self.model)

    def runtest(self) -> None:
        """Execute the check; findings and tool errors raise, what decided nothing is skipped by its name."""
        from harness.run.outcomes import FAILED, TOOL_ERROR, WAIVED, word

        with interruptible(), self.prober.recording():
            result = self.prober.run.execute(self.check, self.model)
        called = word(result)
        self.user_properties += [("verdict", str(result.verdict)), ("outcome", called)]
        if called in (FAILED, TOOL_ERROR):
            raise CheckFailed(self.prober.describe(result))
        if called not in ("passed", "warned"):
            by = f" by {result.waiver.owner} until {result.waiver.expires}" if result.waiver else ""
            pytest.skip(self.prober.run.redactor.text(f"{called}{by if called == WAIVED else ''}: {result.reason}"))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The finding in words instead of a traceback through the harness."""
        if isinstance(excinfo.value, CheckFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the check stands, and its slug."""
        return self.path, self.check.function.__code__.co_firstlineno - 1, self.name


def _with_lines(trace: types.TracebackType | None) -> types.TracebackType | None:
    """The traceback, every entry of which has a line."""
    if trace is None:
        return None
    line = trace.tb_lineno or trace.tb_frame.f_code.co_firstlineno
    return types.TracebackType(_with_lines(trace.tb_next), trace.tb_frame, trace.tb_lasti, line)


class Prober:
    """The probing half of the plugin: owns the run for the length of the session."""

    def __init__(self, config: pytest.Config, stack: contextlib.ExitStack, output: Output) -> None:
        self.pluginmanager = config.pluginmanager
        self.output = output
        self.session: pytest.Session | None = None
        from harness.run.checks import load_checks
        from harness.run.config import configure
        from harness.run.terminal.guard import said

        self.stack = stack
        self.ended = ""
        self.untold: list[str] = []
        if threading.current_thread() is threading.main_thread():
            before = signal.signal(signal.SIGTERM, after_writing(self._terminate))
            stack.callback(signal.signal, signal.SIGTERM, before)
            interrupt = signal.getsignal(signal.SIGINT)
            if callable(interrupt):
                signal.signal(signal.SIGINT, after_writing(interrupt))
                stack.callback(signal.signal, signal.SIGINT, interrupt)
        options = read_options(config)
        try:
            self.registry, self.catalogue, self.foreign = load_checks()
            self._refuse_unknown_suite(options)
            endpoint, grpc = self._endpoint(options)
            self.config = configure(replace(options, grpc=options.grpc or grpc), endpoint)
        except UsageError as error:
            raise pytest.UsageError(said(error)) from error
        self.own_xml = config.option.xmlpath is None
        if self.own_xml:
            config.option.xmlpath = str(self.config.folder / "junit.xml")

    def _refuse_unknown_suite(self, options: Options) -> None:
        known = sorted({check.suite for check in self.registry})
        for name in options.suites:
            if name not in known:
                near = did_you_mean(name, known)
                raise UsageError(f"--oip-suite {name}: no such suite{near} (there are: {', '.join(known)})")

    def _endpoint(self, options: Options) -> tuple[str, str | None]:
        """The base URL, and the gRPC address where the embedded server has one."""
        if options.endpoints[0] != EMBEDDED:
            return options.endpoints[0], None
        from harness.run.embedded import SHOWN_MODELS, EmbeddedError, EmbeddedServer

        try:
            server = self.stack.enter_context(EmbeddedServer([] if options.models else SHOWN_MODELS))
        except EmbeddedError as error:
            raise UsageError(str(error)) from error
        return server.url, server.grpc

    def selected(self, check: Check) -> bool:
        """Whether suites, allowances and the transports that were given admit the check."""
        options = self.config.options
        allowed = check.allow is None or {*check.allow.split("+")} <= {*self.config.allow}
        return (
            allowed and (not options.suites or check.suite in options.suites) and self.config.reaches(check.transport)
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        """Seal the plan and find the target before anything is collected: models are parameters of items."""
        from harness.run.session import Run
        from harness.run.terminal.guard import guard, said

        reporter = self.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            guard(reporter)
        self.run = Run(self.config, self.catalogue, [check for check in self.registry if self.selected(check)])
        self.run.say = self._say
        self.run.tell = self._tell
        self.session = session
        try:
            with self.recording():
                self.run.open()
        except UsageError as error:
            if self.own_xml:
                _no_junit(session.config)
            raise pytest.UsageError(said(error)) from error
        return (yield)

    def _say(self, text: str) -> None:
        """Progress of what takes long, on the line of the dots; only for somebody who watches."""
        reporter = self.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and reporter.isatty:
            reporter.rewrite(plain(self.run.redactor.text(text))[: reporter._tw.fullwidth - 1], erase=True)  # noqa: SLF001 -- pytest has no other way

    def _tell(self, text: str) -> None:
        """A line of its own: what is waited for, and what was noticed before the first check."""
        reporter = self.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"art15: {self.run.redactor.text(text)}")

    def pytest_pycollect_makeitem(self, collector: pytest.Module, name: str, obj: object) -> list[CheckItem] | None:
        """A decorated function becomes its items."""
        check = getattr(obj, "__check__", None)
        if not isinstance(check, Check) or check.function.__module__ != collector.obj.__name__:
            return None
        return list(self.items_for(check, collector))

    def items_for(self, check: Check, parent: pytest.Collector) -> Iterator[CheckItem]:
        """One item per model, or one for the server."""
        from harness.run.session import check_id

        if not self.selected(check):
            return
        target = self.run.target
        models: list[ModelUnderTest | None] = [*target.models, *target.beyond] if check.per == "model" else [None]
        for model in models:
            # The name of an item goes to the terminal, to junit.xml and to pytest's cache.
            name = plain(self.run.redactor.text(check_id(check, model)))
            yield CheckItem.from_parent(parent, name=name, check=check, model=model, prober=self)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(
        self, session: pytest.Session, items: list[pytest.Item]
    ) -> Generator[None, object, object]:
        """Add the checks of third parties and put prerequisites first, whatever another plugin shuffles."""
        from harness.run.planning.order import in_order

        names = {module.__name__ for module in self.foreign}
        for check in self.registry:
            if check.function.__module__ in names:
                items.extend(self.items_for(check, session))
        checks = [item for item in items if isinstance(item, CheckItem)]
        others = [item for item in items if not isinstance(item, CheckItem)]
        items[:] = [*in_order(checks, self.registry, self._ranks(checks)), *others]
        places = {item: place for place, item in enumerate(items)}
        result = yield
        items.sort(key=lambda item: places.get(item, len(places)))
        return result

    def _ranks(self, items: list[CheckItem]) -> dict[str, int] | None:
        """Places by what tells most, where there is a budget to spend; None: the order stays as it is."""
        from harness.run.planning.telling import most_telling_first

        slow = self.config.options.max_rate or self.config.policy.budget.max_rate
        if not (slow or self.run.purse.hurries((item.identity, item.check) for item in items)):
            return None
        chosen = {item.check.slug: item.check for item in items}
        return most_telling_first(chosen.values(), self.catalogue, self.run.prices)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Record what is planned: what has no verdict at the end was not carried out."""
        with self.recording():
            self.run.plan_items((item.check, item.model) for item in session.items if isinstance(item, CheckItem))

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Somebody, or something, ended the run before its time."""
        # CPython 3.11 can raise between two lines; pytest's own rendering of such a traceback breaks down.
        if excinfo._excinfo is not None:  # noqa: SLF001 -- there is no other way to it
            kind, value, trace = excinfo._excinfo  # noqa: SLF001
            excinfo._excinfo = (kind, value, _with_lines(trace) or trace)  # noqa: SLF001
        self.ended = self.ended or ("SIGINT" if isinstance(excinfo.value, KeyboardInterrupt) else str(excinfo.value))

    def _terminate(self, number: int, frame: object) -> None:
        """SIGTERM ends a run as Ctrl-C does: with the evidence so far, and a sentence about it."""
        self.ended = signal.Signals(number).name
        raise KeyboardInterrupt

    def _how_it_ended(self, session: pytest.Session) -> str:
        stopped = self.ended or str(session.shouldfail or session.shouldstop or "")
        return "" if stopped in ("False", "True") else stopped

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """Remember where the middle is: identities are read there."""
        self.half = len(session.items) // 2
        self.run.purse.plan((item.identity, item.check) for item in session.items if isinstance(item, CheckItem))
        return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """A check can be interrupted; what pytest and its plugins do around it cannot."""
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
        from harness.run.outcomes import WORDS

        called = dict(getattr(report, "user_properties", ())).get("outcome")
        if called is None or report.when != "call":
            return None
        return (str(called), *WORDS[str(called)])

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Close the bundle after other plugins have written their files, and before the terminal sums up."""
        from harness.run.outcomes import TESTER

        begun = hasattr(self, "run") and hasattr(self.run, "target")
        with self._last_writes(session):
            if begun:
                session.exitstatus = self._exit_status(session)
                self.output.flush()
                if self.output.lost:
                    session.exitstatus = TESTER
        with self._last_writes(session):
            yield
        with self._last_writes(session):
            if self.ended and hasattr(self, "run") and not self.run.began:
                if self.own_xml:
                    Path(session.config.option.xmlpath).unlink(missing_ok=True)
                self.run.abandon()
            elif begun:
                self._close(session)

    def _close(self, session: pytest.Session) -> None:
        if not self.run.disk.failed:
            self._errors_apart(session.config)
        elif self.own_xml:
            # What pytest wrote of its results is a part at best, or all that is left of the folder.
            Path(session.config.option.xmlpath).unlink(missing_ok=True)
        try:
            self.run.close(int(session.exitstatus), self._how_it_ended(session))
        finally:
            if not self.run.disk.gone(self.config.folder):
                self.run.finish()
        if self.run.unproven:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    @contextlib.contextmanager
    def recording(self) -> Iterator[None]:
        """Inside, evidence is written; where it cannot be, the run ends in one line with the tester's exit code."""
        from harness.record.disk import CannotRecord
        from harness.run.outcomes import TESTER

        try:
            yield
        except CannotRecord as error:
            where = f", what was recorded is in {self.config.folder}" if self.run.sent_anything else ""
            told = f"art15: {error}; the run ends here{where}"
            self.ended = self.ended or str(error)
            raise pytest.exit.Exception(told, returncode=TESTER) from None

    @contextlib.contextmanager
    def _last_writes(self, session: pytest.Session) -> Iterator[None]:
        """Inside, files are written at the end of a run; one that cannot be is told, and is no finding."""
        from harness.record.disk import CannotRecord
        from harness.run.outcomes import TESTER
        from reports.journal.state import BuildError

        try:
            yield
        except (CannotRecord, OSError, BuildError) as error:
            session.exitstatus = TESTER
            words = getattr(error, "strerror", None) or str(error)
            if words not in self.untold:
                self.untold.append(words)

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """Say on standard error what could not be said otherwise."""
        from harness.run.outcomes import TESTER

        self.output.flush()
        if self.untold:
            again = (
                "" if not (self.config.folder / "journal.jsonl").exists() else f": art15 report {self.config.folder}"
            )
            warn(f"art15: the report could not be written ({'; '.join(self.untold)}){again}")
        if self.output.lost and self.session is not None:
            self.session.exitstatus = TESTER
            warn(f"art15: standard output is not read ({self.output.lost}); the evidence is in {self.config.folder}")

    def _exit_status(self, session: pytest.Session) -> int:
        """See :func:`harness.run.outcomes.exit_of`."""
        from harness.run.outcomes import FAILED, TOOL_ERROR, exit_of, word

        results = self.run.results.values()
        ours = sum(word(result) in (FAILED, TOOL_ERROR) for result in results)
        others = max(0, session.testsfailed - ours)
        stale = self.run.stale_waivers()
        wrong = [f"{each['check'] or 'discovery'}: {each['text']}" for each in self.run.self_check()["disagreements"]]
        status = int(session.exitstatus)
        self.run.exit = exit_of(results, status=status, others_failed=others, stale=stale, wrong_messages=wrong)
        return self.run.exit.code

    def _errors_apart(self, config: pytest.Config) -> None:
        from harness.run.outcomes import errors_apart

        path = Path(config.option.xmlpath)
        if path.is_file():
            errors_apart(path)
            text = path.read_text("utf-8", "replace")
            if (clean := self.run.redactor.text(text)) != text:
                path.write_text(clean, "utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Findings with their curl lines, counts, and where the report is."""
        from harness.run.terminal.summary import write_summary

        if self.run.report is not None:
            write_summary(terminalreporter, self.run)

    def describe(self, result: Result) -> str:
        """A finding in words."""
        from harness.run.terminal.summary import describe

        return describe(result, self.run)
