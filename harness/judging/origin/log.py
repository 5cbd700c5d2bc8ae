"""Whether the log that the policy names has one right entry for each inference that was sent."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import msgspec

from harness.bundle.provenance import LinkState, ProvenanceChain, ProvenanceLink, ProvenanceSeen
from harness.check import TesterFailed
from harness.criteria import Criterion
from harness.probing.origin.logged import SentInference, send_to_be_logged
from harness.probing.probe import Probe
from harness.provenance.database import CannotRead
from harness.provenance.declared import LogTable
from harness.provenance.events import OF_JSON, digest_of_json
from harness.provenance.log import LoggedEntries, gathered, look_up
from harness.provenance.sink import listening
from harness.record.exchange import Transport
from harness.waiting import wait

LOG = Criterion.INFERENCE_LOG.clause
MISSING, REPEATED, WRONG, REFUSED = (
    "log-entry-missing",
    "log-entry-repeated",
    "log-entry-wrong",
    "log-refused-otherwise",
)
REQUEST = "request_sha256"
# Seconds between two looks at the log; ids that are named.
PAUSE, NAMED = 0.5, 3


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
        try:
            found, seconds = _waited(table, [each.id for each in answered], [each.id for each in sent], source.look)
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
    LogVerdict(probe, table, sent, found, seconds).judge(transport)


Look = Callable[[Collection[str]], dict[str, LoggedEntries]]


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where a log is read: what it says of ids, what is remarked of it, and what was lost here on its way."""

    look: Look
    remarks: Callable[[], Iterable[str]] = tuple
    lost: Callable[[], str] = str


@contextlib.contextmanager
def _source(probe: Probe, table: LogTable) -> Iterator[LogSource]:
    """The log that the policy names; where it is one of events, it listens for as long as the context lasts."""
    if table.cloudevents is None:
        database, located = _database(probe, table), _located(table)
        yield LogSource(lambda ids: look_up(located, ids, database))
        return
    with contextlib.ExitStack() as closing:
        try:
            sink = closing.enter_context(listening(*table.listen_at))
        except OSError as error:
            raise TesterFailed(f"nothing can listen at {table.cloudevents}: {error.strerror or error}") from None
        yield LogSource(lambda ids: gathered(sink.rows(), table, ids), sink.remarks, sink.lost)


def _located(table: LogTable) -> LogTable:
    if table.path_env is None:
        return table
    path = os.environ.get(table.path_env, "")
    if not path:
        raise TesterFailed(f"the environment variable {table.path_env} holds no path of the log")
    return msgspec.structs.replace(table, path=path, path_env=None)


def _database(probe: Probe, table: LogTable) -> str:
    if table.database_env is None:
        return ""
    url = os.environ.get(table.database_env, "")
    if not url:
        raise TesterFailed(f"the environment variable {table.database_env} holds no address of the log")
    try:
        password = urlsplit(url).password or ""
    except ValueError:
        password = ""
    probe.endpoint.first.recorder.redactor.add({url, password, unquote(password)} - {""})
    return url


def _waited(
    table: LogTable, awaited: Sequence[str], ids: Sequence[str], look: Look
) -> tuple[dict[str, LoggedEntries], float | None]:
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


@dataclass(slots=True)
class LogVerdict:
    """Reports the cases of one look at the log, and keeps the links of the chain."""

    probe: Probe
    table: LogTable
    sent: Sequence[SentInference]
    found: Mapping[str, LoggedEntries]
    seconds: float | None
    links: list[ProvenanceLink] = field(default_factory=list)

    def judge(self, transport: Transport) -> None:
        """Report what is missing, repeated or of another inference, and what refused requests left."""
        answered = [each for each in self.sent if not each.refused]
        missing = [each for each in answered if each.id not in self.found]
        repeated = [each for each in answered if each.id in self.found and self.found[each.id].count > 1]
        when = f"within {self.seconds:.1f} s" if self.seconds is not None else f"after {self.table.wait_s:g} s"
        self.probe.observe(f"{len(answered) - len(missing)} of {len(answered)} inferences are in the log {when}", LOG)
        self._case(missing, answered, "an entry for each inference that was answered", "has no entry", MISSING)
        self._case(repeated, answered, "one entry for each inference", "has several entries", REPEATED)
        self._link("request.id", "missing" if missing else "contradicted" if repeated else "verified", when)
        for column in self.table.columns:
            if column != "id":
                self._column(column, [each for each in answered if each.id in self.found])
        self._refused([each for each in self.sent if each.refused])
        chain = ProvenanceChain(model=self.probe.model.id, transport=transport, links=self.links)
        self.probe.outcome.series.append(ProvenanceSeen(chain=chain))

    def _column(self, column: str, logged: Sequence[SentInference]) -> None:
        """Whether every entry says of one thing what the answer did; what the answer did not say is not compared."""
        due = [each for each in logged if column in each.due]
        if not due:
            self.probe.observe(f"no answer says of what {column} it is: nothing to compare the log with", LOG)
            return
        wrong = [each for each in due if any(not _same(entry.get(column), each, column)
                                             for entry in self.found[each.id].entries)]  # fmt: skip
        said = ""
        if wrong:
            entry = self.found[wrong[0].id].entries[0]
            said = f"{entry.get(column, 'nothing')!r} where {wrong[0].due[column]!r} is due"
        self._case(wrong, due, f"the {column} of each inference in its entry", f"has another {column}: {said}",
                   f"{WRONG}:{column}")  # fmt: skip
        self._link(column, "contradicted" if wrong else "verified", said or f"{len(due)} entries")

    def _refused(self, refused: Sequence[SentInference]) -> None:
        logged = [each for each in refused if each.id in self.found]
        self.probe.observe(f"{len(logged)} of {len(refused)} requests that were refused are in the log", LOG)
        wanted = self.table.refused
        if wanted == "either" or not refused:
            return
        wrong = [each for each in refused if (each.id in self.found) != (wanted == "logged")]
        expected = f"requests that are refused are {wanted} in the log" if wanted == "absent" else (
            "an entry for each request that is refused")  # fmt: skip
        self._case(wrong, refused, expected, "has an entry" if wanted == "absent" else "has no entry", REFUSED)

    def _case(
        self, wrong: Sequence[SentInference], of: Sequence[SentInference], expected: str, what: str, root: str
    ) -> None:
        names = ", ".join(each.id for each in wrong[:NAMED])
        observed = f"{len(wrong)} of {len(of)}: {names} {what}" if wrong else f"{len(of)} looked up"
        shown = (wrong or of)[0].exchange
        self.probe.holds(not wrong, clause=LOG, expected=expected, observed=observed, exchange=shown, root=root)

    def _link(self, about: str, state: LinkState, words: str) -> None:
        self.links.append(ProvenanceLink(place="log", about=about, state=state, words=words))


def _same(logged: str | None, sent: SentInference, column: str) -> bool:
    """Whether an entry says what is due; the digest of what a JSON text says is held against the same of ours."""
    if logged is None:
        return False
    if logged.startswith(OF_JSON):
        exchange = sent.exchange
        return logged == digest_of_json(exchange.request_body if column == REQUEST else exchange.response_body)
    return logged.strip().lower().removeprefix("sha256:") == sent.due[column].lower()
