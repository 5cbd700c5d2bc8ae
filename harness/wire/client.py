"""What the clients of all transports do alike: budget, pace, patience, secrets, the record of each exchange."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from types import TracebackType
from typing import ClassVar, Self

from harness.budget import Budget
from harness.check import Untestable
from harness.record.exchange import Exchange, Transport
from harness.record.store import Recorder
from harness.waiting import wait
from harness.wire.access import Access, Header
from harness.wire.ahead import Bank
from harness.wire.pace import DEFAULT_PAUSE, FULL_TRIES, THROTTLED_SECONDS, THROTTLED_TRIES, Pace, may_be_full, pause_of
from harness.wire.sockets import Call

# An endpoint that left this many requests in a row without any answer is asked with little patience until it answers
# again. Impatience saves time and makes no verdict: what got no answer then is asked again with all the time there is,
# so many times, and after that it is untestable.
SILENCES = 3
IMPATIENT_SECONDS = 1.0
ASKED_IN_FULL = 6

Attempt = Callable[[bool, float | None], tuple[Exchange, bool]]
"""Sends once, over a connection of its own or not, within so many seconds; gives the recorded exchange, and whether it
only met the close of an idle connection."""


class Client(ABC):
    """Speaks one transport to one endpoint. Safe to use from several threads.

    Args:
        access: address and credentials.
        recorder: keeps every exchange; learns the secrets of ``access``.
        budget: shared by all clients of a run.
    """

    transport: ClassVar[Transport]
    # What is sent, in the plural, for people.
    sent_as: ClassVar[str] = "requests"

    def __init__(self, access: Access, recorder: Recorder, budget: Budget) -> None:
        self.access = access
        self.recorder = recorder
        self.budget = budget
        # While it is set, everything goes over a connection of its own: what repeats then owes nothing to the last.
        self.always_fresh = False
        # While it is not set, an answer that says "not now" is taken as the answer.
        self.waits = True
        self.pace = Pace()
        self.bank = Bank()
        self._secrets: tuple[str, ...] = ()
        self._silences = 0
        self._in_full = 0
        self._patient = True
        self._full = 0
        self._learn_secrets()

    @abstractmethod
    def server_live(self, *, fresh: bool = False, timeout: float | None = None) -> Exchange:
        """Ask whether the server lives, over a connection of its own if ``fresh``, within so many seconds."""

    @abstractmethod
    def server_ready(self) -> Exchange:
        """Ask whether the server is ready."""

    @abstractmethod
    def server_metadata(self) -> Exchange:
        """Ask for the metadata of the server."""

    @abstractmethod
    def model_ready(self, model: str, version: str | None = None) -> Exchange:
        """Ask whether a model is ready."""

    @abstractmethod
    def model_metadata(self, model: str, version: str | None = None) -> Exchange:
        """Ask for the metadata of a model."""

    @abstractmethod
    def close(self) -> None:
        """Close all connections."""

    def apart(self, access: Access | None = None) -> Self:
        """A client with connections of its own, which goes at the pace of this one; close it.

        Args:
            access: where it is to send; by default where this one does.
        """
        made = type(self)(access or self.access, self.recorder, self.budget)
        made.pace = self.pace
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _settled(self, asked: Hashable, once: Attempt, *, fresh: bool, timeout: float | None) -> Exchange:
        """Send until there is an answer to what was asked: not one of a closing connection, nor "not now".

        Args:
            asked: all that makes the request; an answer that came ahead of it is found by it.
            timeout: seconds that the caller allows; None for all that the budget grants.

        Raises:
            BudgetExhausted, AccessError: nothing was sent.
            Untestable: the endpoint has left so much without an answer that it is not waited for any more.
            harness.incident.EndpointLost: the endpoint has gone away.
        """
        if (known := self.bank.take(asked)) is not None:
            return known

        def attempt() -> Exchange:
            exchange, again = self._patiently(once, fresh, timeout)
            return self._patiently(once, True, timeout)[0] if again else exchange

        exchange = self.recorder.settled(attempt, whole_time=timeout is None)
        if self.bank.give(asked, exchange):
            return exchange
        for _ in range(THROTTLED_TRIES if self._patient and self.waits else 0):
            pause = pause_of(exchange)
            if pause is None or pause > min(THROTTLED_SECONDS, self.budget.seconds_left):
                break
            self.pace.slow_down()
            wait(pause)
            exchange = self.recorder.settled(attempt, whole_time=timeout is None)
        # An endpoint that never lets anything through is not waited for again until it does.
        self._patient = pause_of(exchange) is None
        if may_be_full(exchange) and self._full < FULL_TRIES:
            wait(min(DEFAULT_PAUSE, self.budget.seconds_left))
            exchange = self.recorder.settled(attempt, whole_time=timeout is None)
            self._full = self._full + 1 if may_be_full(exchange) else 0
        return exchange

    def _patiently(self, once: Attempt, fresh: bool, timeout: float | None) -> tuple[Exchange, bool]:
        """Once with little patience where that is all there is, and then with all the time of a request."""
        # Who gives a limit of its own does not wait for the answer: that says nothing of the endpoint's silence.
        hurried = timeout is None and self._silences >= SILENCES
        exchange, again = once(fresh, IMPATIENT_SECONDS if hurried else timeout)
        self._silences += timeout is None and not exchange.answered
        if not hurried or exchange.answered or not exchange.timed_out:
            return exchange, again
        if self._in_full >= ASKED_IN_FULL:
            raise Untestable(f"not waited for: {self._silences} {self.sent_as} in a row were left without an answer")
        self._in_full += 1
        return once(fresh, timeout)

    def _headers_of_access(self, credentials: bool) -> tuple[Header, ...]:
        """The headers of access as they are now, if they are to be sent."""
        access = self.access.headers_now() if credentials else ()
        self._learn_secrets()
        return access

    def _call(self, timeout: float | None) -> Call:
        """A place in the budget, waited for if need be."""
        self.pace.wait()
        granted = self.budget.take()
        return Call(granted if timeout is None else min(timeout, granted))

    def _recorded(self, exchange: Exchange, *, refused: bool) -> Exchange:
        """Record what came of a request, and learn from it.

        Args:
            refused: whether credentials were sent and not taken.
        """
        if exchange.answered:
            self._silences = self._in_full = 0
        if refused:
            self.access.refused()
        recorded = self.recorder.record(exchange)
        if recorded.timed_out:
            self.budget.refuse_if_over()
        return recorded

    def _learn_secrets(self) -> None:
        secrets = self.access.secrets()
        if secrets != self._secrets:
            self.recorder.redactor.add(secrets)
            self._secrets = secrets


def on_used_connection(exchange: Exchange) -> bool:
    """Whether the connection had served before and went away during this request."""
    if exchange.error is None or exchange.error.kind not in ("reset", "closed"):
        return False
    return exchange.connection is not None and exchange.connection.request_index > 1
