"""``art15 replay``: the counterexamples of a check, sent again to the endpoint, and whether each comes again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.budget import Budget, BudgetExhausted, Limits
from harness.check import TesterFailed
from harness.probing.replaying import CannotReplay, Clients, Recording, in_words, send_again, unlike
from harness.record.disk import CannotRecord
from harness.record.exchange import Exchange
from harness.record.redact import Redactor
from harness.record.unkept import unkept
from harness.run.bundles.recordings import BundleError, read_document, read_recording, recorded_before
from harness.run.config import OFF_LOOPBACK_RATE, replica_at
from harness.run.numbers import count_of, rate_of, timeout_of
from harness.run.options import TOKEN_VARIABLE, Options, UsageError
from harness.wire.access import Access, AccessError
from harness.wire.address import is_grpc
from harness.wire.rest import RestClient
from reports.evidence import CheckResult, Counterexample, Evidence
from reports.text.neutralise import plain

REPRODUCED, NOT_REPRODUCED, TESTER, USAGE, NOTHING = 0, 1, 3, 4, 5
MAX_REQUESTS = 1000
# Bytes of a message that are printed.
MAX_SHOWN = 16 << 10
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ReplayRequest:
    """What is to be replayed.

    Attributes:
        slug: of a check, or id of an item, ``slug[model]``.
        times: attempts for each counterexample.
        before: how many of the exchanges before it go first, if it does not come again alone.
        options: address and credentials; without an endpoint, the recorded one.
        show: whether the messages are printed, decoded.
    """

    folder: Path
    slug: str
    times: int = 3
    before: int = 0
    options: Options = field(default_factory=lambda: Options(endpoints=()))
    show: bool = False


def replay(asked: ReplayRequest, say: Say, environ: Mapping[str, str] | None = None) -> int:
    """Send the counterexamples again and say of each how often it came again; gives the exit code.

    0: every one each time; 1: not so; 3: this machine lacks what it takes; 5: there is none that can be sent.

    Raises:
        UsageError: no such check, a bundle that is not whole, an address that cannot work.
    """
    try:
        document = read_document(asked.folder)
        cases = _cases(document, asked.slug)
        if not cases:
            say(plain(f"{asked.slug}: no counterexample that one exchange shows, nothing to replay"))
            return NOTHING
        session = _Session(asked, document, os.environ if environ is None else environ)
        say(plain(f"sending to {' and '.join(session.addresses)}{session.without}"))
        results = [session.case(check, case, say) for check, case in cases]
    except (BundleError, AccessError, ValueError) as error:
        raise UsageError(str(error)) from error
    except (CannotRecord, TesterFailed) as error:
        say(f"art15: {error}")
        return TESTER
    carried_out = [result for result in results if result is not None]
    if not carried_out:
        return NOTHING
    return REPRODUCED if all(results) else NOT_REPRODUCED


def _cases(document: Evidence, slug: str) -> list[tuple[CheckResult, Counterexample]]:
    checks = [check for check in document.checks if slug in (check.slug, check.id)]
    if not checks:
        broken = sorted({check.slug for check in document.checks if check.counterexamples})
        raise UsageError(f"no check {slug} in this evidence; with counterexamples: {', '.join(broken) or 'none'}")
    found: dict[str, tuple[CheckResult, Counterexample]] = {}
    for check in checks:
        for case in check.counterexamples:
            if case.exchange is not None and not case.one_of_many:
                found.setdefault(case.exchange, (check, case))
    return list(found.values())


class _Session:
    """Addresses, budget and redaction of one call."""

    def __init__(self, asked: ReplayRequest, document: Evidence, environ: Mapping[str, str]) -> None:
        self._asked = asked
        options, given = asked.options, document.run.config_given
        unsent = not options.endpoints and TOKEN_VARIABLE in environ
        environ = _for_whom(options, environ)
        endpoint = options.endpoints[0] if options.endpoints else document.item.endpoint
        self._moved = bool(options.endpoints)
        if not self._moved and options.grpc is None and not is_grpc(endpoint):
            options = replace(options, grpc=given.get("grpc"))
        if not self._moved and options.authority is None:
            options = replace(options, authority=given.get("authority"))
        self._replica = replica_at(options, endpoint, environ)
        self._base = document.item.endpoint
        accesses = [access for _, access in self._replica.by_transport]
        self.addresses = [access.address.url for access in accesses]
        self.without = f" without {TOKEN_VARIABLE}: name the address with --endpoint to send it" if unsent else ""
        self._budget = Budget(_limits(options, document, accesses))
        names = [name for access in accesses for name, _ in access.headers]
        self._redactor = Redactor([secret for access in accesses for secret in access.secrets()], names)

    def case(self, check: CheckResult, case: Counterexample, say: Say) -> bool | None:
        """Replay one counterexample: whether it came again each time; None if it cannot be sent."""
        assert case.exchange is not None
        recording = read_recording(self._asked.folder, case.exchange, self._base)
        recorded = recording.exchange
        self._say(say, f"{check.id}: expected {case.expected}; observed {case.observed}")
        self._say(say, f"  {recorded.method} {recorded.url}, exchange {case.exchange[:12]}: {in_words(recorded)}")
        if self._asked.show:
            self._print("sent", recorded.request_text, recorded.request_body, say)
            self._print("answered then", recorded.response_text, recorded.response_body, say)
        try:
            again = self._attempts(recording, [], say)
            if not again and self._asked.before:
                digests = recorded_before(self._asked.folder, case.exchange, self._asked.before)
                before = [read_recording(self._asked.folder, digest, self._base) for digest in digests]
                say(f"  after the {len(before)} exchanges recorded before it, on one connection:")
                again = self._attempts(recording, before, say)
        except (CannotReplay, BudgetExhausted) as error:
            self._say(say, f"  cannot be sent again: {error}")
            return None
        if not again and not self._asked.before:
            say("  if it depends on what came before, try --with-before 10")
        return again

    def _attempts(self, recording: Recording, before: list[Recording], say: Say) -> bool:
        same, times = 0, self._asked.times
        for attempt in range(1, times + 1):
            now = self._attempt(recording, before)
            clean = recording.compared(self._redactor.exchange(now)[0])
            difference = unlike(recording.exchange, clean)
            same += difference is None
            identical = difference is None and clean.response_body == recording.exchange.response_body
            words = difference or f"{in_words(clean)}, the same {'bytes' if identical else 'answer'}"
            self._say(say, f"    {attempt} of {times}: {words}")
            if self._asked.show:
                self._print("answered now", clean.response_text, clean.response_body, say)
        say(f"  came again {same} of {times} times")
        return same == times

    def _attempt(self, recording: Recording, before: list[Recording]) -> Exchange:
        with self._clients() as clients:
            for earlier in before:
                with contextlib.suppress(CannotReplay):
                    send_again(clients, earlier, fresh=False)
            return send_again(clients, recording, fresh=not before)

    @contextlib.contextmanager
    def _clients(self) -> Iterator[Clients]:
        """Clients without any connection yet."""
        recorder = unkept(self._redactor)
        with contextlib.ExitStack() as stack:
            rest = grpc = None
            if self._replica.rest is not None:
                rest = stack.enter_context(RestClient(self._replica.rest, recorder, self._budget))
            if self._replica.grpc is not None:
                from harness.wire.rpc import GrpcClient  # noqa: PLC0415 -- needs the extra grpc

                grpc = stack.enter_context(GrpcClient(self._replica.grpc, recorder, self._budget))
            yield Clients(rest, grpc, self._moved)

    def _print(self, what: str, text: str, body: bytes, say: Say) -> None:
        """A message: the text of a decoded one, or its bytes as text."""
        shown = text or body[:MAX_SHOWN].decode("utf-8", "backslashreplace")
        self._say(say, f"      {what}, {len(body)} bytes:")
        for line in shown.splitlines():
            self._say(say, f"        {line}")

    def _say(self, say: Say, text: str) -> None:
        """The endpoint's own words are in it: without secrets, and with nothing that a terminal would obey."""
        say(plain(self._redactor.text(text)))


def _for_whom(options: Options, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The environment, without the token where nobody named an address: a bundle may be a stranger's.

    Raises:
        UsageError: credentials were given, and only the bundle says for whom.
    """
    if options.endpoints:
        return environ
    given = {
        "--oip-header": options.headers,
        "--oip-token-command": options.token_command,
        "--oip-cert": options.cert,
        "--oip-key": options.key,
        "--oip-proxy": options.proxy,
    }
    named = [name for name, value in given.items() if value]
    if named:
        raise UsageError(
            f"{', '.join(named)}: name the address as well (--endpoint URL); credentials are never "
            "sent to one that only the bundle names"
        )
    return {name: value for name, value in environ.items() if name != TOKEN_VARIABLE}


def _limits(options: Options, document: Evidence, accesses: list[Access]) -> Limits:
    loopback = all(access.is_loopback for access in accesses)
    rate = rate_of(options.max_rate) or (None if loopback else OFF_LOOPBACK_RATE)
    seconds = timeout_of(document.plan.budget.get("request_s"), "request_s of the bundle") or Limits().request_seconds
    return Limits(rate, count_of(options.max_requests) or MAX_REQUESTS, None, seconds)
