"""Whether the log that the policy names has one right entry for each inference that was sent."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import msgspec

from harness.check import TesterFailed
from harness.judging.origin.environment import held
from harness.judging.origin.log_verdict import LOG, LogVerdict
from harness.probing.origin.logged import send_to_be_logged
from harness.probing.probe import Probe
from harness.provenance.database import CannotRead
from harness.provenance.declared import LogTable
from harness.provenance.log import LoggedEntries, gathered, look_up
from harness.provenance.sink import listening
from harness.record.exchange import Transport
from harness.waiting import wait

# Seconds between two looks at the log.
PAUSE = 0.5


def judge_log(probe: Probe, transport: Transport) -> None:
    """Send inferences, wait for their entries, and report what the log says of them.

    Raises:
        TesterFailed: the log cannot be read.
        Inconclusive: none of the inferences is in it, which a wrong name of a column would show as well.
    """
    table = probe.endpoint.policy.log
    if table is None:
        probe.not_applicable("the policy names no log ([log])")
    with _source(probe, table) as source:
        sent = send_to_be_logged(probe, transport, table.requests)
        answered = [each for each in sent if not each.refused]
        if not answered:
            probe.untestable("no inference was answered that could be looked for")
        ids = [each.id for each in sent]
        awaited = {"responses": [each.id for each in answered], "errors": []}
        if table.refused == "logged":
            awaited["errors"] = [each.id for each in sent if each.refused]
        try:
            found, seconds = _waited(table, awaited["responses"], ids, source.look)
            beside = {
                name: _waited(table, awaited[name], ids, functools.partial(source.beside, part))[0]
                for name, part in table.beside.items()
            }
        except CannotRead as error:
            raise TesterFailed(str(error)) from None
        for words in source.remarks():
            probe.observe(words, LOG)
        lost = source.lost()
    if lost and any(each.id not in found for each in answered):
        probe.inconclusive(f"entries are missing, and deliveries were turned away here: {lost}")
    if not found:
        probe.inconclusive(
            f"none of {len(sent)} inferences is in the log within {table.wait_s:g} s: either nothing is logged, or "
            f"{table.named['id']!r} is not the column of the ids"
        )
    LogVerdict(probe, table, sent, found, seconds, beside).judge(transport)


Found = dict[str, LoggedEntries]
Look = Callable[[Collection[str]], Found]


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where a log is read: what it says of ids, what is remarked of it, and what was lost here on its way.

    Attributes:
        beside: what a further table of it says of ids.
    """

    look: Look
    beside: Callable[[LogTable, Collection[str]], Found] = lambda _, __: {}
    remarks: Callable[[], Iterable[str]] = tuple
    lost: Callable[[], str] = str


@contextlib.contextmanager
def _source(probe: Probe, table: LogTable) -> Iterator[LogSource]:
    """The log that the policy names; where it is one of events, it listens for as long as the context lasts."""
    if table.cloudevents is None:
        database, located = _database(probe, table), _located(table)
        yield LogSource(lambda ids: look_up(located, ids, database), lambda part, ids: look_up(part, ids, database))
        return
    with contextlib.ExitStack() as closing:
        try:
            sink = closing.enter_context(listening(*table.listen_at))
        except OSError as error:
            raise TesterFailed(f"nothing can listen at {table.cloudevents}: {error.strerror or error}") from None
        yield LogSource(lambda ids: gathered(sink.rows(), table, ids), remarks=sink.remarks, lost=sink.lost)


def _located(table: LogTable) -> LogTable:
    if table.path_env is None:
        return table
    return msgspec.structs.replace(table, path=held(table.path_env, "path of the log"), path_env=None)


def _database(probe: Probe, table: LogTable) -> str:
    if table.database_env is None:
        return ""
    url = held(table.database_env, "address of the log")
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        password = ""
    probe.endpoint.first.recorder.redactor.add({url, password, unquote(password)} - {""})
    return url


def _waited(table: LogTable, awaited: Sequence[str], ids: Sequence[str], look: Look) -> tuple[Found, float | None]:
    """What the log says once every awaited id is there, after how many seconds; None if the time was up before."""
    begin = time.monotonic()
    while True:
        found = look(ids)
        passed = time.monotonic() - begin
        if all(each in found for each in awaited):
            return found, passed
        if passed >= table.wait_s:
            return found, None
        wait(min(PAUSE, table.wait_s - passed + 0.01))
